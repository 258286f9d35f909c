#include "judge/growth.h"
#include "judge/stats.h"
#include "test.h"

#include <math.h>

static double noise(unsigned *state) // uniform in -1..1, the same on every machine
{
	*state = *state * 1664525u + 1013904223u;
	return (double)(*state >> 8) / 8388608.0 - 1;
}

TEST(mann_kendall_gives_the_textbook_values)
{
	// n = 10, all rising: S = 45, var = 125, z = 44 / 11.18 = 3.935
	double up[10], flat[10] = {0}, down[10];
	for (int i = 0; i < 10; i++)
		up[i] = i, down[i] = -i;
	CHECK(fabs(stats_mann_kendall(up, 10) - 4.15e-5) < 2e-6, "%g", stats_mann_kendall(up, 10));
	CHECK(stats_mann_kendall(flat, 10) == 1);
	CHECK(stats_mann_kendall(down, 10) == 1);
	CHECK(stats_mann_kendall(up, 3) == 1);
}

TEST(theil_sen_is_not_moved_by_an_outlier)
{
	double x[20], y[20], slope, low, high;
	for (int i = 0; i < 20; i++)
		x[i] = i, y[i] = 5 + 2 * i;
	y[7] = 1000;
	CHECK(stats_theil_sen(x, y, 20, &slope, &low, &high));
	CHECK(fabs(slope - 2) < 0.01 && low <= 2 && high >= 2, "%g [%g, %g]", slope, low, high);
	CHECK(!stats_theil_sen(x, y, 1, &slope, &low, &high));
}

TEST(a_hinge_is_found_where_growth_begins)
{
	double x[30], y[30];
	for (int i = 0; i < 30; i++)
		x[i] = i, y[i] = i < 12 ? 100 : 100 + 7 * (i - 12);
	CHECK(stats_hinge(x, y, 30) == 12, "%zu", stats_hinge(x, y, 30));
}

TEST(benjamini_hochberg_passes_what_the_paper_passes)
{
	// The example of the 1995 paper, q = 0.05: the first four.
	double p[] = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0};
	bool pass[15];
	stats_benjamini_hochberg(p, 15, 0.05, pass);
	for (int i = 0; i < 15; i++)
		CHECK(pass[i] == (i < 4), "%d", i);
}

TEST(shapes_of_series_are_told_apart)
{
	enum { N = 40 };
	static const struct { const char *what; enum growth_shape want; } rows[] = {
		{"level with noise", GROWTH_NONE}, {"a line with noise", GROWTH_STEADY}, {"fills and stops", GROWTH_LEVELLING},
		{"a burst that is released", GROWTH_TRANSIENT}, {"falls", GROWTH_NONE}, {"saw teeth", GROWTH_NONE},
		{"grows from the middle on", GROWTH_STEADY},
	};
	for (size_t r = 0; r < countof(rows); r++) {
		unsigned seed = 7;
		instant_t at[N];
		double y[N];
		for (int i = 0; i < N; i++) {
			double t = i, e = noise(&seed);
			at[i] = (instant_t)i * 1000000000 + 1;
			y[i] = r == 0 ? 1000 + 20 * e : r == 1 ? 1000 + 30 * t + 20 * e : r == 2 ? 1000 + 1000 * (1 - exp(-t / 5)) + 5 * e
			     : r == 3 ? (i > 10 && i < 25 ? 5000 : 1000) + 20 * e : r == 4 ? 3000 - 40 * t + 20 * e
			     : r == 5 ? 1000 + 100 * (i % 5) : i < 15 ? 1000 + 5 * e : 1000 + 50 * (t - 15) + 5 * e;
		}
		struct growth g = growth_of(at, y, N, 0, 100);
		CHECK(g.shape == rows[r].want, "%s: %d, p %g", rows[r].what, g.shape, g.p);
		if (r == 1)
			CHECK(fabs(g.slope - 30) < 3 && g.low <= 30 && g.high >= 30 && !g.onset, "%g [%g, %g]", g.slope, g.low, g.high);
		if (r == 6)
			CHECK(llabs(g.onset - (instant_t)15000000001) <= 2000000000, "onset %lld", (long long)g.onset);
	}
}

TEST(a_line_is_a_line_however_unevenly_it_is_looked_at)
{
	instant_t at[16];
	double y[16], x = 0;
	for (int i = 0; i < 16; i++) {
		x += i < 8 ? 4 : 0.5; // first seldom, then often
		at[i] = (instant_t)(x * 1e9);
		y[i] = 100 + 16 * x;
	}
	CHECK(growth_of(at, y, 16, 0, 10).shape == GROWTH_STEADY);
}

TEST(noise_of_sampling_is_no_growth)
{
	instant_t at[12];
	double y[12];
	for (int i = 0; i < 12; i++)
		at[i] = i * 1000000000ll + 1, y[i] = 1000 + 10 * i;
	CHECK(growth_of(at, y, 12, 0, 50).shape == GROWTH_STEADY);
	CHECK(growth_of(at, y, 12, 60, 50).shape == GROWTH_NONE);
	CHECK(growth_of(at, y, 12, 0, 500).shape == GROWTH_NONE);
}

#include "judge/growth.h"
#include "judge/stats.h"

#include <math.h>
#include <stdlib.h>

enum { MIN_POINTS = 4 };

// Mean of the points from..to; and how much they scatter around it.
static double level(const double *y, size_t from, size_t to) { return stats_mean(y + from, to - from); }

static double scatter(const double *y, size_t from, size_t to)
{
	double mean = level(y, from, to), sum = 0;
	for (size_t i = from; i < to; i++)
		sum += (y[i] - mean) * (y[i] - mean);
	return sqrt(sum / (double)(to - from));
}

// The highest level that lasted three points: a saw's teeth are no peak.
static double lasting_peak(const double *y, size_t n)
{
	double peak = -INFINITY;
	for (size_t i = 0; i + 3 <= n; i++)
		peak = fmax(peak, fmin(y[i], fmin(y[i + 1], y[i + 2])));
	return peak;
}

// The hinge lies between looks: where the line through those behind it meets the level of those just before it.
static double hinge_between(const double *x, const double *y, size_t n, size_t k)
{
	double before = level(y, k / 2, k), mx = level(x, k + 1, n), my = level(y, k + 1, n), sxx = 0, sxy = 0;
	for (size_t i = k + 1; i < n; i++) {
		sxx += (x[i] - mx) * (x[i] - mx);
		sxy += (x[i] - mx) * (y[i] - my);
	}
	if (!(sxx > 0) || !(sxy > 0))
		return x[k];
	return fmin(fmax(mx - (my - before) * sxx / sxy, x[k - 2]), x[k + 1]);
}

struct growth growth_of(const instant_t *at, const double *y, size_t n, double noise, double min_change)
{
	struct growth g = {.shape = GROWTH_UNKNOWN, .p = 1, .points = n, .slope = NAN, .low = NAN, .high = NAN};
	if (n)
		g.first = y[0], g.last = g.peak = y[n - 1];
	if (n < MIN_POINTS)
		return g;
	double *x = malloc(n * sizeof(*x));
	if (!x)
		return g;
	for (size_t i = 0; i < n; i++)
		x[i] = (double)(at[i] - at[0]) / 1e9;
	g.peak = lasting_peak(y, n);
	size_t third = n / 3 ? n / 3 : 1;
	double a = level(y, 0, third), m = level(y, third, n - third), c = level(y, n - third, n);
	// Looks may be unevenly spaced: the thirds are compared by their speed.
	double xa = level(x, 0, third), xm = level(x, third, n - third), xc = level(x, n - third, n);
	g.p = stats_mann_kendall(y, n);
	double change = c - a, enough = fmax(min_change * 0.6, 3 * noise);
	double clear = fmax(fmax(min_change, 3 * noise), 3 * fmin(scatter(y, 0, third), scatter(y, n - third, n)));
	g.shape = GROWTH_NONE;
	if (g.peak - a > clear && g.peak - c > clear && change < 0.3 * (g.peak - a))
		g.shape = GROWTH_TRANSIENT;
	// Thirds are level by themselves; what lies between them is 2/3 of the whole rise.
	else if (change > enough && (n < 8 ? g.p < 0.05 : g.p < 0.01))
		g.shape = (c - m) / (xc - xm) >= 0.6 * (m - a) / (xm - xa) ? GROWTH_STEADY : GROWTH_LEVELLING;
	if (g.shape == GROWTH_STEADY || g.shape == GROWTH_LEVELLING) {
		size_t k = stats_hinge(x, y, n);
		double before = k ? level(y, 0, k) : y[0];
		// A hinge counts only where the series was level before it for a good part of the window.
		bool inside = k >= 3 && k + 3 < n && x[k] > 0.15 * x[n - 1] && fabs(y[k] - before) < 0.15 * change;
		if (inside) {
			g.onset = at[0] + (instant_t)(hinge_between(x, y, n, k) * 1e9);
			g.onset_uncertainty_seconds = fmax(x[k + 1] - x[k], x[k] - x[k - 1]);
		}
		size_t from = inside ? k : 0;
		stats_theil_sen(x + from, y + from, n - from, &g.slope, &g.low, &g.high);
	}
	free(x);
	return g;
}

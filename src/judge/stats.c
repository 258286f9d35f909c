// Formulas: Mann (1945), Kendall (1975) with ties; Sen (1968); Benjamini and Hochberg (1995).
#include "judge/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

// Variance of Kendall's S, with groups of equal values taken off.
static double kendall_variance(const double *y, size_t n)
{
	double *sorted = malloc(n * sizeof(*sorted)), N = (double)n, ties = 0;
	if (!sorted)
		return N * (N - 1) * (2 * N + 5) / 18;
	memcpy(sorted, y, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i; j < n && sorted[j] == sorted[i]; j++)
			;
		double t = (double)(j - i);
		ties += t * (t - 1) * (2 * t + 5);
	}
	free(sorted);
	return (N * (N - 1) * (2 * N + 5) - ties) / 18;
}

double stats_mann_kendall(const double *y, size_t n)
{
	if (n < 4)
		return 1;
	double s = 0, var = kendall_variance(y, n);
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			s += (y[j] > y[i]) - (y[j] < y[i]);
	if (s <= 0 || var <= 0)
		return 1;
	return 0.5 * erfc((s - 1) / sqrt(var) / M_SQRT2);
}

bool stats_theil_sen(const double *x, const double *y, size_t n, double *ret_slope, double *ret_low, double *ret_high)
{
	enum { MAX_POINTS = 400 };
	if (n > MAX_POINTS) { // the caller thins; this only bounds the work
		x += n - MAX_POINTS;
		y += n - MAX_POINTS;
		n = MAX_POINTS;
	}
	size_t pairs = 0;
	double *slopes = n < 2 ? NULL : malloc(n * (n - 1) / 2 * sizeof(*slopes));
	for (size_t i = 0; slopes && i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			if (x[j] > x[i])
				slopes[pairs++] = (y[j] - y[i]) / (x[j] - x[i]);
	if (!pairs) {
		free(slopes);
		return false;
	}
	qsort(slopes, pairs, sizeof(*slopes), by_value);
	double half = 1.96 * sqrt(kendall_variance(y, n)) / 2, mid = (double)pairs / 2;
	double low = floor(mid - half), high = ceil(mid + half);
	*ret_slope = pairs % 2 ? slopes[pairs / 2] : (slopes[pairs / 2 - 1] + slopes[pairs / 2]) / 2;
	*ret_low = slopes[low < 0 ? 0 : (size_t)low];
	*ret_high = slopes[high >= (double)pairs ? pairs - 1 : (size_t)high];
	free(slopes);
	return true;
}

size_t stats_hinge(const double *x, const double *y, size_t n)
{
	size_t best = 0;
	double best_sse = INFINITY;
	for (size_t k = 0; n >= 6 && k + 3 <= n; k++) {
		// y = a + b * max(0, x - x[k]): linear in a and b
		double su = 0, sy = 0, suu = 0, suy = 0, sse = 0;
		for (size_t i = 0; i < n; i++) {
			double u = i > k ? x[i] - x[k] : 0;
			su += u;
			sy += y[i];
			suu += u * u;
			suy += u * y[i];
		}
		double d = (double)n * suu - su * su;
		double b = d > 0 ? ((double)n * suy - su * sy) / d : 0, a = (sy - b * su) / (double)n;
		for (size_t i = 0; i < n; i++) {
			double e = y[i] - a - b * (i > k ? x[i] - x[k] : 0);
			sse += e * e;
		}
		if (sse < best_sse * (1 - 1e-9)) {
			best_sse = sse;
			best = k;
		}
	}
	return best;
}

double stats_mean(const double *y, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += y[i];
	return n ? sum / (double)n : 0;
}

double stats_median(double *scratch, size_t n)
{
	if (!n)
		return 0;
	qsort(scratch, n, sizeof(*scratch), by_value);
	return n % 2 ? scratch[n / 2] : (scratch[n / 2 - 1] + scratch[n / 2]) / 2;
}

struct ranked { double p; size_t i; };

static int by_p(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	return (x->p > y->p) - (x->p < y->p);
}

void stats_benjamini_hochberg(const double *p, size_t n, double q, bool *pass)
{
	struct ranked *r = malloc((n ? n : 1) * sizeof(*r));
	memset(pass, 0, n * sizeof(*pass));
	for (size_t i = 0; r && i < n; i++)
		r[i] = (struct ranked){p[i], i};
	if (!r)
		return; // without memory nothing passes: no accusation
	qsort(r, n, sizeof(*r), by_p);
	size_t passing = 0;
	for (size_t i = 0; i < n; i++)
		if (r[i].p <= q * (double)(i + 1) / (double)n)
			passing = i + 1;
	for (size_t i = 0; i < passing; i++)
		pass[r[i].i] = true;
	free(r);
}

// Robust statistics on short series (at most a few hundred points). No input is trusted to be sorted in y; x ascends.
#pragma once
#include "base/base.h"

// One-sided Mann-Kendall: the probability of so much upward trend by chance. 1 for n < 4.
double stats_mann_kendall(const double *y, size_t n);

// Theil-Sen slope with its 95 % interval (from Kendall's variance). false: n < 2 or all x equal.
bool stats_theil_sen(const double *x, const double *y, size_t n, double *ret_slope, double *ret_low, double *ret_high);

// The index from which the series rises steadily: flat before, a line after, least squares. 0: it rises from the start
// (or n < 6).
size_t stats_hinge(const double *x, const double *y, size_t n);

double stats_mean(const double *y, size_t n);
double stats_median(double *scratch, size_t n); // sorts scratch

// Benjamini-Hochberg: which p pass at false discovery rate q. pass[i] set for each.
void stats_benjamini_hochberg(const double *p, size_t n, double q, bool *pass);

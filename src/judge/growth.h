// Growth of one series: whether, how fast, since when, and whether it goes on.
#pragma once
#include "facts/evidence/evidence.h"

enum growth_shape {
	GROWTH_NONE,      // no more than chance
	GROWTH_STEADY,    // up to the end
	GROWTH_LEVELLING, // grew, and the last third grows much less
	GROWTH_TRANSIENT, // rose and fell within the window
	GROWTH_UNKNOWN,   // too few points to say
};

struct growth {
	enum growth_shape shape;
	double p;                 // Mann-Kendall, one-sided
	double first, last, peak; // robust levels
	double slope, low, high;  // a second, since the onset, with the 95 % interval
	instant_t onset;          // when growth began; 0 = before the window
	double onset_uncertainty_seconds;
	size_t points;
};

// noise: standard deviation of one level by sampling alone (0: exact counts). min_change: smaller differences are none.
struct growth growth_of(const instant_t *at, const double *y, size_t n, double noise, double min_change);

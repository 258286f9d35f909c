// Figures with units, to the letter as google/pprof's internal/measurement prints them.
#include "views/profile/profile.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct unit { const char *name, *aliases; double factor; }; // aliases between blanks
struct unit_kind { const struct unit *units; size_t n; struct unit otherwise; };

static const struct unit bytes[] = {
	{"B", " b byte ", 1}, {"kB", " kb kbyte kilobyte ", 0x1p10}, {"MB", " mb mbyte megabyte ", 0x1p20},
	{"GB", " gb gbyte gigabyte ", 0x1p30}, {"TB", " tb tbyte terabyte ", 0x1p40}, {"PB", " pb pbyte petabyte ", 0x1p50},
};
static const struct unit times[] = {
	{"ns", " ns nanosecond ", 1}, {"us", " \xce\xbcs us microsecond ", 1e3}, {"ms", " ms millisecond ", 1e6},
	{"s", " s sec second ", 1e9}, {"hrs", " hour hr ", 3600e9},
};
static const struct unit gcus[] = {
	{"n*GCU", " nanogcu ", 1e-9}, {"u*GCU", " microgcu ", 1e-6}, {"m*GCU", " milligcu ", 1e-3}, {"GCU", " gcu ", 1},
	{"k*GCU", " kilogcu ", 1e3}, {"M*GCU", " megagcu ", 1e6}, {"G*GCU", " gigagcu ", 1e9}, {"T*GCU", " teragcu ", 1e12},
	{"P*GCU", " petagcu ", 1e15},
};
static const struct unit_kind kinds[] = {
	{bytes, countof(bytes), {"B", "", 1}}, {times, countof(times), {"s", "", 1e9}}, {gcus, countof(gcus), {"GCU", "", 1}},
};

// By alias, without regard to case and a plural's s.
static const struct unit *find_unit(const struct unit_kind *k, const char *name)
{
	char alias[40];
	size_t n = strlen(name);
	if (!n || n > 30)
		return NULL;
	alias[0] = ' ';
	for (size_t i = 0; i < n; i++)
		alias[i + 1] = (char)tolower((unsigned char)name[i]);
	if (n > 2 && alias[n] == 's')
		n--;
	alias[n + 1] = ' ';
	alias[n + 2] = 0;
	for (size_t i = 0; i < k->n; i++)
		if (strstr(k->units[i].aliases, alias))
			return &k->units[i];
	return NULL;
}

static double convert(const struct unit_kind *k, double v, const char *to, const char **ret_unit)
{
	const struct unit *unit = NULL;
	if (!strcmp(to, "minimum") || !strcmp(to, "auto")) {
		for (size_t i = 0; i < k->n; i++)
			if ((!unit || k->units[i].factor >= unit->factor) && v / k->units[i].factor >= 1)
				unit = &k->units[i];
	} else {
		unit = find_unit(k, to);
	}
	if (!unit)
		unit = &k->otherwise;
	*ret_unit = unit->name;
	return v / unit->factor;
}

double measure_scale(int64_t value, const char *from, const char *to, const char **ret_unit)
{
	static const char *const dull[] = {"count", "sample", "unit", "minimum", "auto"};
	if (value < 0 && value != INT64_MIN)
		return -measure_scale(-value, from, to, ret_unit);
	for (size_t i = 0; i < countof(kinds); i++) {
		const struct unit *unit = find_unit(&kinds[i], from);
		if (unit)
			return convert(&kinds[i], (double)value * unit->factor, to, ret_unit);
	}
	*ret_unit = to;
	for (size_t i = 0; i < countof(dull); i++)
		if (!strcmp(to, dull[i]))
			*ret_unit = "";
	return (double)value;
}

const char *measure_label(char out[MEASURE_MAX], int64_t value, const char *from, const char *to)
{
	const char *unit;
	double v = measure_scale(value, from, to, &unit);
	int n = snprintf(out, MEASURE_MAX - 24, "%.2f", v);
	if (n > 3 && !strcmp(out + n - 3, ".00"))
		out[n -= 3] = 0;
	if (!strcmp(out, "0") || !strcmp(out, "-0"))
		return "0";
	snprintf(out + n, MEASURE_MAX - (size_t)n, "%.20s", unit);
	return out;
}

const char *measure_percent(char out[MEASURE_MAX], int64_t value, int64_t total)
{
	double ratio = total ? fabs((double)value / (double)total) * 100 : 0;
	if (ratio >= 99.95 && ratio <= 100.05)
		snprintf(out, MEASURE_MAX, "  100%%");
	else
		snprintf(out, MEASURE_MAX, ratio >= 1 ? "%5.2f%%" : "%5.2g%%", ratio);
	return out;
}

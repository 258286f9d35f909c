#include "base/fmt.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *fmt_bytes(char out[FMT_MAX], double bytes)
{
	static const char *unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	size_t u = 0;
	double x = fabs(bytes);
	while (x >= 999.5 && u + 1 < countof(unit)) {
		x /= 1024;
		u++;
	}
	int digits = u == 0 || x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2;
	snprintf(out, FMT_MAX, "%s%.*f %s", bytes < 0 ? "-" : "", digits, x, unit[u]);
	return out;
}

const char *fmt_seconds(char out[FMT_MAX], double s)
{
	if (s < 0 || !isfinite(s))
		snprintf(out, FMT_MAX, "%s", s < 0 ? "-" : "?");
	else if (s < 0.0995)
		snprintf(out, FMT_MAX, "%.3g ms", s * 1e3);
	else if (s < 0.9995)
		snprintf(out, FMT_MAX, "%.0f ms", s * 1e3);
	else if (s < 9.95)
		snprintf(out, FMT_MAX, "%.1f s", s);
	else if (s < 119.5)
		snprintf(out, FMT_MAX, "%.0f s", s);
	else if (s < 3600)
		snprintf(out, FMT_MAX, "%d min %d s", (int)(s / 60), (int)fmod(s, 60));
	else if (s < 48 * 3600.0)
		snprintf(out, FMT_MAX, "%d h %d min", (int)(s / 3600), (int)fmod(s / 60, 60));
	else if (s < 730 * 86400.0)
		snprintf(out, FMT_MAX, "%.0f days", s / 86400);
	else
		snprintf(out, FMT_MAX, "%.0f years", fmin(s / 86400 / 365.25, 1e6));
	return out;
}

const char *fmt_count(char out[FMT_MAX], uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n), o = 0;
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[o++] = ',';
		out[o++] = digits[i];
	}
	out[o] = 0;
	return out;
}

const char *fmt_instant(char out[FMT_MAX], instant_t t)
{
	time_t s = (time_t)(t / 1000000000);
	struct tm tm;
	if (t < 0 || !gmtime_r(&s, &tm) || tm.tm_year > 8099) {
		snprintf(out, FMT_MAX, "-");
		return out;
	}
	size_t n = strftime(out, FMT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, FMT_MAX - n, ".%03dZ", (int)(t / 1000000 % 1000));
	return out;
}

const char *fmt_clock(char out[FMT_MAX], instant_t t, instant_t near)
{
	time_t s = (time_t)(t / 1000000000), n = (time_t)(near / 1000000000);
	struct tm tm, day;
	if (!localtime_r(&s, &tm) || !localtime_r(&n, &day)) {
		snprintf(out, FMT_MAX, "-");
		return out;
	}
	bool same = tm.tm_yday == day.tm_yday && tm.tm_year == day.tm_year;
	if (!strftime(out, FMT_MAX, same ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &tm))
		snprintf(out, FMT_MAX, "-");
	return out;
}

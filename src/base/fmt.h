// Numbers as a person reads them. Locale-free; used by everything that shows.
#pragma once
#include "base/base.h"

enum { FMT_MAX = 32 }; // room every function here needs

// 512 B, 1.5 KiB, 12 MiB, 3.4 GiB: three significant digits.
const char *fmt_bytes(char out[FMT_MAX], double bytes);
// 850 ms, 12 s, 4 min 10 s, 3 h 20 min, 5 days.
const char *fmt_seconds(char out[FMT_MAX], double seconds);
// 1,234,567
const char *fmt_count(char out[FMT_MAX], uint64_t n);
// RFC 3339, UTC, with millisecond fraction.
const char *fmt_instant(char out[FMT_MAX], instant_t t);
// 14:03:22 in local time; with the day when it is not the day of `near`.
const char *fmt_clock(char out[FMT_MAX], instant_t t, instant_t near);

// The memory map behind C++ profiles ("MAPPED_LIBRARIES:"): lines of /proc/self/maps. Each bare address gets the
// executable mapping that holds it.
#include "read/pprof/text.h"

static bool hex_digits(struct line *l, uint64_t *ret)
{
	struct line at = *l;
	uint64_t x = 0;
	unsigned n = 0;
	line_take(&at, "0x");
	for (; at.s < at.end && n <= 16; at.s++, n++) {
		int c = *at.s, digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
		if (digit < 0)
			break;
		x = x << 4 | (uint64_t)digit;
	}
	if (!n || n > 16)
		return false;
	*ret = x;
	*l = at;
	return true;
}

// "400000-480000 r-xp 00000000 08:01 1234    /usr/bin/x"
static bool map_line(struct pprof *p, struct line l, struct pprof_mapping *ret, struct err **err)
{
	uint64_t dev;
	struct pprof_mapping m = {0};
	line_spaces(&l);
	if (!hex_digits(&l, &m.start) || !line_take(&l, "-") || !hex_digits(&l, &m.limit) || m.limit <= m.start)
		return false;
	line_spaces(&l);
	const char *perm = l.s;
	while (l.s < l.end && *l.s != ' ')
		l.s++;
	if (!memchr(perm, 'x', (size_t)(l.s - perm)))
		return false;
	line_spaces(&l);
	if (!hex_digits(&l, &m.offset))
		return false;
	line_spaces(&l);
	if (!hex_digits(&l, &dev) || !line_take(&l, ":") || !hex_digits(&l, &dev))
		return false;
	line_spaces(&l);
	if (!line_decimal(&l, &dev))
		return false;
	line_spaces(&l);
	*err = build_string(p, l.s, line_left(&l), &m.file);
	*ret = m;
	return !*err;
}

static void locate(struct pprof *p)
{
	for (size_t i = 0; i < p->locations.len; i++)
		for (size_t j = 0; j < p->mappings.len; j++) {
			struct pprof_location *l = &p->locations.at[i];
			if (l->mapping == PPROF_NONE && l->address >= p->mappings.at[j].start && l->address < p->mappings.at[j].limit)
				l->mapping = (uint32_t)j;
		}
}

struct err *text_maps(struct pprof *p, struct lines *ls)
{
	struct err *err = NULL;
	struct pprof_mapping m;
	for (struct line l; !err && lines_next(ls, &l); )
		if (map_line(p, l, &m, &err))
			err = vec_push(&p->mappings, 1 << 16, "mappings", m);
	if (err || !p->mappings.len)
		return err;
	locate(p);
	// Rows changed under the index: it is made anew by whoever needs it.
	pprof_drop_index(p);
	return NULL;
}

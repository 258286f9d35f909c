// What any profile that was read must hold, whatever it was read from.
#pragma once
#include "read/pprof/pprof.h"

static inline void pprof_must(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static inline void pprof_check_answer(const struct pprof *p)
{
	pprof_must(p->stack.len == p->samples && p->depth.len == p->samples && p->label_set.len == p->samples);
	pprof_must(p->values.len == p->samples * p->types.len);
	pprof_must(!p->goroutines.len || p->goroutines.len == p->samples);
	pprof_must(!p->counts.len || p->counts.len == 2 * p->samples);
	uint32_t strings = interner_len(p->strings);
	for (size_t i = 0; i < p->samples; i++) {
		pprof_must((size_t)p->stack.at[i] + p->depth.at[i] <= p->frames.len && p->label_set.at[i] < p->labels.len);
		for (uint32_t f = 0; f < p->depth.at[i]; f++)
			pprof_must(p->frames.at[p->stack.at[i] + f] < p->locations.len);
	}
	for (size_t i = 0; i < p->locations.len; i++) {
		const struct pprof_location *l = &p->locations.at[i];
		pprof_must((size_t)l->line_start + l->lines <= p->lines.len && (l->mapping == PPROF_NONE || l->mapping < p->mappings.len));
		for (uint32_t j = 0; j < l->lines; j++)
			pprof_must(p->lines.at[l->line_start + j].function < p->functions.len);
	}
	for (size_t i = 0; i < p->functions.len; i++)
		pprof_must(p->functions.at[i].name < strings && p->functions.at[i].file < strings && p->functions.at[i].system_name < strings);
	for (size_t i = 0; i < p->labels.len; i++)
		for (uint32_t j = 0; j < p->labels.at[i].len; j++) {
			pprof_must((size_t)p->labels.at[i].start + j < p->label_rows.len);
			const struct pprof_label *row = &p->label_rows.at[p->labels.at[i].start + j];
			pprof_must(row->key < strings && row->str < strings && row->unit < strings);
		}
	for (size_t i = 0; i < p->goroutines.len; i++)
		pprof_must(p->goroutines.at[i].created_by == PPROF_NONE || p->goroutines.at[i].created_by < p->locations.len);
	for (size_t i = 0; i < p->ancestors.len; i++)
		pprof_must((size_t)p->ancestors.at[i].stack + p->ancestors.at[i].depth <= p->frames.len);
}

// Reads the bytes behind `head`; a profile is merged with itself once more and must then hold the same.
static inline void pprof_fuzz(const char *head, const uint8_t *data, size_t size)
{
	cleanup(pprof_freep) struct pprof *p = NULL, *sum = NULL;
	size_t n = strlen(head);
	uint8_t *bytes = malloc(n + size + 1);
	if (!bytes)
		return;
	memcpy(bytes, head, n);
	if (size)
		memcpy(bytes + n, data, size);
	cleanup(err_freep) struct err *err = pprof_read((struct view){bytes, n + size, "fuzz"}, 1 << 20, &p);
	free(bytes); // nothing may point into it any more
	pprof_must(!err == !!p);
	if (err || pprof_new(&sum))
		return;
	pprof_check_answer(p);
	err = pprof_merge(sum, p);
	if (err)
		return;
	pprof_drop_zero(sum);
	sum->goroutines.len = 0;
	pprof_check_answer(sum);
}

#define PCRE2_CODE_UNIT_WIDTH 8
#include "views/profile/regex.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

// What a hostile pattern or name may cost at most; RE2 has no such cases.
enum { MATCH_LIMIT = 1000000, PATTERN_MAX = 1 << 16 };

struct regex {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	uint8_t *known; // by string id: 0 not tried, 1 no, 2 yes
	size_t n_known;
};

struct err *regex_new(const char *option, const char *pattern, struct regex **ret)
{
	int code;
	PCRE2_SIZE at;
	size_t len = strlen(pattern);
	if (len > PATTERN_MAX)
		return err_new(ERR_USAGE, "the expression of %s is longer than %d bytes", option, PATTERN_MAX);
	struct regex *rx = calloc(1, sizeof(*rx));
	if (!rx)
		return &err_nomem;
	// RE2: '.' is not a newline, '$' only the very end.
	rx->code = pcre2_compile((PCRE2_SPTR)pattern, len, PCRE2_DOLLAR_ENDONLY | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code, &at, NULL);
	if (!rx->code) {
		PCRE2_UCHAR why[128];
		pcre2_get_error_message(code, why, sizeof(why));
		free(rx);
		return err_new(ERR_USAGE, "the expression of %s is wrong at character %zu: %s", option, (size_t)at, (char *)why);
	}
	pcre2_jit_compile(rx->code, PCRE2_JIT_COMPLETE);
	rx->data = pcre2_match_data_create_from_pattern(rx->code, NULL);
	rx->context = pcre2_match_context_create(NULL);
	if (!rx->data || !rx->context) {
		regex_free(rx);
		return &err_nomem;
	}
	pcre2_set_match_limit(rx->context, MATCH_LIMIT);
	*ret = rx;
	return NULL;
}

void regex_free(struct regex *rx)
{
	if (!rx)
		return;
	pcre2_code_free(rx->code);
	pcre2_match_data_free(rx->data);
	pcre2_match_context_free(rx->context);
	free(rx->known);
	free(rx);
}

bool regex_matches(struct regex *rx, const char *s, size_t len)
{
	return pcre2_match(rx->code, (PCRE2_SPTR)s, len, 0, 0, rx->data, rx->context) >= 0;
}

bool regex_matches_id(struct regex *rx, const struct pprof *p, uint32_t id)
{
	size_t len;
	const char *s = interner_str(p->strings, id, &len);
	if (id >= rx->n_known) {
		size_t n = interner_len(p->strings);
		uint8_t *known = realloc(rx->known, n);
		if (!known)
			return regex_matches(rx, s, len);
		memset(known + rx->n_known, 0, n - rx->n_known);
		rx->known = known;
		rx->n_known = n;
	}
	if (!rx->known[id])
		rx->known[id] = regex_matches(rx, s, len) ? 2 : 1;
	return rx->known[id] == 2;
}

// Bytes from a URL: GET with libcurl, the whole answer in memory, bounded. A pprof endpoint that refuses says why in its
// body (X-Go-Pprof: 1); that sentence becomes the error's.
#include "read/target/target.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 1 << 30, REASON_MAX = 200 };

struct answer { struct strbuf bytes; size_t max; bool too_long, from_pprof; };

static size_t take_bytes(char *data, size_t size, size_t n, void *ctx)
{
	struct answer *a = ctx;
	size_t len = size * n;
	a->too_long = a->too_long || len > a->max - a->bytes.len;
	if (a->too_long)
		return 0;
	strbuf_put(&a->bytes, data, len);
	return a->bytes.failed ? 0 : len;
}

static size_t take_header(char *line, size_t size, size_t n, void *ctx)
{
	struct answer *a = ctx;
	if (size * n >= 11 && !strncasecmp(line, "X-Go-Pprof:", 11))
		a->from_pprof = true;
	return size * n;
}

static struct err *failed(const char *url, CURLcode code, long status, const char *detail, const struct answer *a)
{
	if (a->bytes.failed)
		return &err_nomem;
	if (a->too_long)
		return err_new(ERR_LIMIT, "%s: the answer is longer than %zu bytes, the most that is read", url, a->max);
	if (code == CURLE_HTTP_RETURNED_ERROR || (code == CURLE_OK && status != 200)) {
		size_t len = a->from_pprof ? strcspn(strbuf_str(&a->bytes), "\r\n") : 0;
		return err_new(ERR_INPUT, "%s: the server answered %ld%s%.*s", url, status, len ? ": " : "", (int)min_u64(len, REASON_MAX), strbuf_str(&a->bytes));
	}
	if (code == CURLE_OUT_OF_MEMORY)
		return &err_nomem;
	return err_new(code == CURLE_OPERATION_TIMEDOUT ? ERR_LIMIT : ERR_OS, "%s: %s", url, *detail ? detail : curl_easy_strerror(code));
}

static struct err *perform(CURL *curl, const struct url_options *o, const char *url, struct answer *a)
{
	char detail[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	long status = 0;
	for (size_t i = 0; i < o->n_headers; i++)
		headers = curl_slist_append(headers, o->headers[i]);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, a);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)((o->timeout_seconds > 0 ? o->timeout_seconds : 60) * 1000));
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "whyheap");
	if (o->insecure) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (o->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, o->ca_file);
	if (o->user) { // name:password
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(curl, CURLOPT_USERPWD, o->user);
	}
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	return code != CURLE_OK || status != 200 ? failed(url, code, status, detail, a) : NULL;
}

struct err *url_fetch(const char *url, const struct url_options *o, struct strbuf *ret)
{
	struct answer a = {.max = o->max_bytes ? o->max_bytes : ANSWER_MAX};
	CURL *curl = curl_easy_init();
	struct err *err = curl ? perform(curl, o, url, &a) : &err_nomem;
	curl_easy_cleanup(curl);
	if (err)
		strbuf_fini(&a.bytes);
	else
		*ret = a.bytes;
	return err;
}

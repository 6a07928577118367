// SPDX-License-Identifier: GPL-2.0
/*
 * proxy_header: what is understood of a whole header is understood of it in any pieces,
 * and no sooner; what follows it changes nothing; what is written is understood
 * as the same, with the TLVs that are to be passed on.
 *
 * Input: bytes of a connection.
 */
#include "fuzz.h"
#include "lib/proxy_header.h"

static bool same(const struct proxy_header *a, const struct proxy_header *b)
{
	return a->family == b->family && !memcmp(a->source, b->source, 16) &&
	       !memcmp(a->to, b->to, 16) && a->source_port == b->source_port &&
	       a->to_port == b->to_port;
}

/* Of memory that ends where the bytes do. */
static enum proxy_header_result parse(const uint8_t *data, size_t len,
				      struct proxy_header *h)
{
	char *copy = copy_of((const char *)data, len);
	enum proxy_header_result result;

	result = proxy_header_parse((u8 *)copy, len, h);
	free(copy);
	return result;
}

static enum proxy_header_result parse_bytewise(const uint8_t *data, size_t size,
					       struct proxy_header *h)
{
	enum proxy_header_result result = PROXY_HEADER_MORE;
	size_t n, wanted = 1;

	for (n = 1; n <= size && result == PROXY_HEADER_MORE; n++) {
		result = parse(data, n, h);
		/* It wants more, and is never content with less than it wanted. */
		must_hold(result != PROXY_HEADER_MORE || h->len > n);
		must_hold(result != PROXY_HEADER_DONE || n >= wanted);
		wanted = h->len;
	}
	return result;
}

static void check_written(const struct proxy_header *h)
{
	struct proxy_header plain = *h, again;
	u8 text[PROXY_HEADER_PLAIN_MAX];
	u32 n;

	plain.tlvs_len = 0;
	n = proxy_header_write_v1(&plain, text);
	must_hold(n <= sizeof(text));
	must_hold(parse(text, n, &again) == PROXY_HEADER_DONE);
	must_hold(again.len == n && same(h, &again));
	n = proxy_header_write_v2(&plain, text);
	must_hold(n <= sizeof(text));
	must_hold(parse(text, n, &again) == PROXY_HEADER_DONE);
	must_hold(again.len == n && same(h, &again));
}

/* With its TLVs. They have none that is of one header alone, so all are kept. */
static void check_passed_on(const uint8_t *data, const struct proxy_header *h)
{
	u8 text[PROXY_HEADER_MAX + PROXY_HEADER_PLAIN_MAX], kept[PROXY_HEADER_MAX];
	struct proxy_header next = *h, again;
	u32 n;

	next.tlvs_len = proxy_header_keep_tlvs(data, h, kept);
	must_hold(next.tlvs_len <= h->tlvs_len);
	n = proxy_header_write_v2(&next, text);
	memcpy(text + n, kept, next.tlvs_len);
	n += next.tlvs_len;
	must_hold(parse(text, n, &again) == PROXY_HEADER_DONE);
	must_hold(again.len == n && same(h, &again));
	must_hold(again.tlvs_len == next.tlvs_len);
	must_hold(proxy_header_keep_tlvs(text, &again, kept) == next.tlvs_len);
	must_hold(!memcmp(kept, text + again.tlvs, next.tlvs_len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum proxy_header_result whole, split;
	struct proxy_header h, other;

	if (!size)
		return 0;
	whole = parse(data, size, &h);
	split = parse_bytewise(data, size, &other);
	must_hold(whole == split);
	if (whole != PROXY_HEADER_DONE)
		return 0;
	must_hold(h.len <= size && h.len <= PROXY_HEADER_MAX);
	must_hold(h.len == other.len && same(&h, &other));
	must_hold(h.tlvs == other.tlvs && h.tlvs_len == other.tlvs_len);
	must_hold(!h.tlvs_len || h.tlvs + h.tlvs_len == h.len);
	check_written(&h);
	check_passed_on(data, &h);
	return 0;
}

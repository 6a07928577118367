// SPDX-License-Identifier: GPL-2.0
/*
 * opening: what a client says first is the same in any pieces; and whatever HTTP/1's
 * parser takes for a request is one, by its first line.
 *
 * Input: seed of the split, the text.
 */
#include "fuzz.h"
#include "http1/http1.h"
#include "http1/opening.h"

static enum opening scan(u32 *pos, const char *p, u32 len)
{
	char *copy = copy_of(p, len);
	enum opening result = opening_scan(pos, copy, len);

	free(copy);
	return result;
}

static enum opening scan_in_pieces(u32 *pos, const char *p, u32 len, u32 seed)
{
	enum opening result = OPENING_MORE;
	u32 n = 0;

	while (n < len && result == OPENING_MORE) {
		n += next_random(&seed) % 16 + 1;
		if (n > len)
			n = len;
		result = scan(pos, p, n);
	}
	return result;
}

static bool is_request(char *p, u32 len)
{
	struct message m;

	message_init(&m, false);
	http1_init(&m, false);
	m.text = p;
	m.len = len;
	return http1_parse(&m) == HTTP1_DONE &&
	       message_method(&m).len <= OPENING_METHOD_MAX;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { (const char *)data, size };
	u32 seed = take_number(&in, 2), pos = 0, end = 0;
	enum opening whole = scan(&pos, in.p, in.left);
	char *copy;

	must_hold(pos <= in.left);
	must_hold(scan_in_pieces(&end, in.p, in.left, seed) == whole);
	if (whole == OPENING_REQUEST) {
		must_hold(end == pos);
		must_hold(in.p[pos - 1] == '\n' && !memchr(in.p, '\n', pos - 1));
	}
	/* Empty lines before a request are none of a client's first words. */
	if (!in.left || in.p[0] == '\r' || in.p[0] == '\n')
		return 0;
	copy = copy_of(in.p, in.left);
	must_hold(!is_request(copy, in.left) || whole == OPENING_REQUEST);
	free(copy);
	return 0;
}

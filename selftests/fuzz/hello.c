// SPDX-License-Identifier: GPL-2.0
/*
 * hello: a ClientHello is what it is however its text arrives, and whatever records its
 * message lies in; and a name that is asked for is one in the message.
 *
 * Input: seed of the split, sizes of records, the text.
 */
#include "fuzz.h"
#include "tls/hello.h"

/* Up to the end of the text; in memory of exactly its size at each step. */
static enum hello_result scan_in_pieces(const char *p, u32 len, u32 seed, u32 *read)
{
	struct hello_scan s = { 0 };
	enum hello_result result = HELLO_MORE;
	char *copy;
	u32 n = 0;

	while (n < len && result == HELLO_MORE) {
		n += next_random(&seed) % 64 + 1;
		if (n > len)
			n = len;
		copy = copy_of(p, n);
		result = hello_scan(&s, copy, n);
		free(copy);
	}
	*read = n;
	return result;
}

static bool understand(const char *p, u32 len, struct hello *h)
{
	struct hello_scan s = { 0 };
	char *copy = copy_of(p, len);
	bool good = hello_scan(&s, copy, len) == HELLO_WHOLE &&
		    hello_parse(copy, h);

	free(copy);
	return good;
}

/* The message of a text that is whole, without its records' heads. */
static u32 message_of(const char *p, u32 len, char *message)
{
	u32 n = 0, body;

	while (len > 5) {
		body = (u8)p[3] << 8 | (u8)p[4];
		p += 5;
		len -= 5;
		if (body > len)
			body = len;
		memcpy(message + n, p, body);
		n += body;
		p += body;
		len -= body;
		if (n >= 4 && n >= 4u + ((u8)message[1] << 16 | (u8)message[2] << 8 |
					 (u8)message[3]))
			break;
	}
	return n;
}

static u32 in_records(const char *message, u32 len, u32 seed, u32 most, char *text)
{
	u32 at = 0, n = 0, body;

	while (at < len) {
		body = next_random(&seed) % most + 1;
		if (body > len - at)
			body = len - at;
		text[n++] = 0x16;
		text[n++] = 3;
		text[n++] = 1;
		text[n++] = body >> 8;
		text[n++] = body;
		memcpy(text + n, message + at, body);
		n += body;
		at += body;
	}
	return n;
}

static void check_name(const struct hello *h, const char *message, u32 len)
{
	char name[HELLO_NAME_MAX];
	u32 at, i;

	for (i = 0; i < h->name_len; i++)
		must_hold((h->name[i] >= 'a' && h->name[i] <= 'z') ||
			  (h->name[i] >= '0' && h->name[i] <= '9') ||
			  strchr(".-_", h->name[i]));
	for (at = 0; at + h->name_len <= len; at++) {
		for (i = 0; i < h->name_len; i++)
			name[i] = ascii_lower(message[at + i]);
		if (!memcmp(name, h->name, h->name_len))
			return;
	}
	must_hold(false);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { (const char *)data, size };
	u32 seed = take_number(&in, 2), most = take_number(&in, 1) + 1;
	struct hello_scan s = { 0 };
	enum hello_result whole;
	struct hello h, again;
	char *message, *text;
	bool good;
	u32 len;

	text = copy_of(in.p, in.left);
	whole = hello_scan(&s, text, in.left);
	free(text);
	must_hold(scan_in_pieces(in.p, in.left, seed, &len) == whole);
	if (whole != HELLO_WHOLE)
		return 0;
	good = understand(in.p, in.left, &h);
	/* What it has not read of the text does not matter. */
	must_hold(understand(in.p, len, &again) == good);
	message = malloc(in.left);
	len = message_of(in.p, in.left, message);
	text = malloc(6 * len);
	must_hold(understand(text, in_records(message, len, seed, most, text),
			     &again) == good);
	if (good) {
		must_hold(span_eq(hello_name(&h), hello_name(&again)));
		must_hold(h.alpn_len == again.alpn_len);
		must_hold(!memcmp(h.alpn, again.alpn, h.alpn_len));
		check_name(&h, message, len);
	}
	free(message);
	free(text);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
#include "tls/hello.h"

#include <linux/kernel.h>
#include <linux/minmax.h>

/* RFC 8446 5.1: type, version, length. */
#define RECORD_HEAD	5
#define RECORD_MAX	16384

/* 4: type, length. */
#define MESSAGE_HEAD	4
#define CLIENT_HELLO	1

#define SERVER_NAME	0	/* of extensions */
#define ALPN		16
#define HOST_NAME	0	/* of names */

static u32 number(const char *p, u32 bytes)
{
	u32 n = 0;

	for (; bytes; bytes--)
		n = n << 8 | (u8)*p++;
	return n;
}

/* How many bytes of the message a record has; 0 if it is no such record. */
static u32 record_body(const char *head)
{
	u32 len = number(head + 3, 2);

	return len <= RECORD_MAX ? len : 0;
}

/* So far as there is some of a record's head, may it be one? */
static bool head_begins_well(const char *head, u32 len)
{
	return (len < 1 || head[0] == HELLO_RECORD) &&
	       (len < 2 || head[1] == HELLO_MAJOR) &&
	       (len < RECORD_HEAD || record_body(head));
}

/*
 * The message, as if it did not lie in records. What is looked at here is there, which
 * hello_scan() has seen to, and the heads are good.
 */
struct cursor {
	const char *at;
	u32 in_record;		/* bytes from there on until the next head */
	u32 left;		/* of what is being read; never more than there is */
	bool bad;		/* it is not as it should be */
};

static void want(struct cursor *c, bool good)
{
	if (!good)
		c->bad = true;
}

static void next_record(struct cursor *c)
{
	c->in_record = record_body(c->at);
	c->at += RECORD_HEAD;
}

/* Reads @len bytes, to @to if that is not NULL. */
static void take(struct cursor *c, char *to, u32 len)
{
	u32 n;

	want(c, len <= c->left);
	len = min(len, c->left);
	c->left -= len;
	for (; len; len -= n) {
		if (!c->in_record)
			next_record(c);
		n = min(len, c->in_record);
		if (to) {
			memcpy(to, c->at, n);
			to += n;
		}
		c->at += n;
		c->in_record -= n;
	}
}

static u32 take_number(struct cursor *c, u32 bytes)
{
	char text[4] = { 0 };

	take(c, text, bytes);
	return number(text, bytes);
}

static void skip(struct cursor *c, u32 len)
{
	take(c, NULL, len);
}

/*
 * A vector with its length before it: what follows is read of it alone, up to leave().
 * Returns what is left behind it.
 */
static u32 enter(struct cursor *c, u32 bytes)
{
	u32 len = take_number(c, bytes);
	u32 behind;

	want(c, len <= c->left);
	len = min(len, c->left);
	behind = c->left - len;
	c->left = len;
	return behind;
}

/* It has to be read whole. */
static void leave(struct cursor *c, u32 behind)
{
	want(c, !c->left);
	skip(c, c->left);
	c->left = behind;
}

/* A vector of which only its length matters. */
static u32 pass_vector(struct cursor *c, u32 bytes)
{
	u32 len = take_number(c, bytes);

	skip(c, len);
	return len;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

/* A host's last label is no number: else it would be an IPv4 address to many. */
static bool label_valid(struct span label, bool last)
{
	bool number = true;
	u32 i;

	if (!label.len || label.len > 63)
		return false;
	for (i = 0; i < label.len; i++) {
		if (!is_name_char(label.p[i]))
			return false;
		number &= label.p[i] >= '0' && label.p[i] <= '9';
	}
	return !(last && number);
}

/* In lower case. */
static bool name_valid(struct span name)
{
	const char *dot;
	struct span label;

	do {
		dot = memchr(name.p, '.', name.len);
		label = (struct span){ name.p, dot ? (u32)(dot - name.p) : name.len };
		if (!label_valid(label, !dot))
			return false;
		if (dot)
			name = span_from(name, label.len + 1);
	} while (dot);
	return true;
}

/* From here on it is in lower case. Returns whether it may be one. */
static bool understand_name(struct hello *h, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		h->name[i] = ascii_lower(h->name[i]);
	h->name_len = len;
	return name_valid(hello_name(h));
}

/*
 * RFC 6066 3. There is but one type of names, and one name of a type: whether more could
 * be understood was never clear, and servers refuse them.
 */
static void take_server_name(struct cursor *c, struct hello *h)
{
	u32 behind = enter(c, 2);
	u32 len;

	want(c, take_number(c, 1) == HOST_NAME);
	len = take_number(c, 2);
	want(c, len && len <= HELLO_NAME_MAX);
	len = min_t(u32, len, HELLO_NAME_MAX);
	take(c, h->name, len);
	want(c, understand_name(h, len));
	leave(c, behind);
}

/* RFC 7301 3.1. */
static void take_alpn(struct cursor *c, struct hello *h)
{
	u32 behind = enter(c, 2);
	bool fits = true;
	u32 len;

	want(c, c->left);
	while (c->left && !c->bad) {
		len = take_number(c, 1);
		want(c, len);
		fits &= h->alpn_len + 1 + len <= HELLO_ALPN_MAX;
		if (!fits) {
			skip(c, len);
			continue;
		}
		h->alpn[h->alpn_len] = len;
		take(c, h->alpn + h->alpn_len + 1, len);
		h->alpn_len += 1 + len;
	}
	leave(c, behind);
}

/* Which of the extensions that matter there were. */
struct seen {
	bool server_name;
	bool alpn;
};

/* RFC 8446 4.2: none is there twice. */
static void take_extension(struct cursor *c, struct hello *h, struct seen *seen)
{
	u32 type = take_number(c, 2);
	u32 behind = enter(c, 2);

	if (type == SERVER_NAME) {
		want(c, !seen->server_name);
		seen->server_name = true;
		take_server_name(c, h);
	} else if (type == ALPN && !seen->alpn) {
		seen->alpn = true;
		take_alpn(c, h);
	} else {
		want(c, type != ALPN);
		skip(c, c->left);
	}
	leave(c, behind);
}

static void take_extensions(struct cursor *c, struct hello *h)
{
	struct seen seen = { false };
	u32 behind = enter(c, 2);

	while (c->left && !c->bad)
		take_extension(c, h, &seen);
	leave(c, behind);
}

bool hello_parse(const char *text, struct hello *hello)
{
	struct cursor c = { .at = text, .left = MESSAGE_HEAD };
	u32 ciphers;

	hello->name_len = 0;
	hello->alpn_len = 0;
	skip(&c, 1);
	c.left = take_number(&c, 3);
	/* 1.3 says that it is 1.2, and the rest in an extension. */
	want(&c, take_number(&c, 1) == HELLO_MAJOR);
	want(&c, take_number(&c, 1));
	skip(&c, 32);
	want(&c, pass_vector(&c, 1) <= 32);
	ciphers = pass_vector(&c, 2);
	want(&c, ciphers && !(ciphers % 2));
	want(&c, pass_vector(&c, 1));
	/* Before TLS 1.2 there may be none. */
	if (c.left)
		take_extensions(&c, hello);
	want(&c, !c.left);
	return !c.bad;
}

bool hello_ask_for(struct hello *hello, struct span name)
{
	hello->name_len = 0;
	hello->alpn_len = 0;
	if (!name.len)
		return true;
	if (name.len > HELLO_NAME_MAX)
		return false;
	memcpy(hello->name, name.p, name.len);
	return understand_name(hello, name.len);
}

/*
 * The message's head, of which @have bytes are there; they may lie in several records.
 * Returns false if it is no hello's.
 */
static bool message_begins_well(struct hello_scan *s, const char *text, u32 have)
{
	struct cursor c = { .at = text, .left = min_t(u32, have, MESSAGE_HEAD) };

	if (take_number(&c, 1) != CLIENT_HELLO)
		return false;
	if (have >= MESSAGE_HEAD)
		s->whole = MESSAGE_HEAD + take_number(&c, 3);
	return s->whole <= HELLO_MAX;
}

enum hello_result hello_scan(struct hello_scan *s, const char *text, u32 len)
{
	u32 have, there, body;

	for (;;) {
		there = len - s->next;
		if (!head_begins_well(text + s->next, there))
			return HELLO_BAD;
		if (there <= RECORD_HEAD)
			return HELLO_MORE;
		there -= RECORD_HEAD;
		body = record_body(text + s->next);
		have = s->had + min(there, body);
		if (!s->whole && !message_begins_well(s, text, have))
			return HELLO_BAD;
		if (s->whole && have >= s->whole)
			return HELLO_WHOLE;
		if (there < body)
			return HELLO_MORE;
		s->next += RECORD_HEAD + body;
		s->had = have;
	}
}

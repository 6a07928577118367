// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/tls/hello.c: hellos of programs, and hellos that are put together
 * here, in records of any size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>

#include "tap.h"
#include "tls/hello.h"
#include "unit.h"

/* As OpenSSL 3.0 sends it: s_client -servername Example.COM -alpn h2,http/1.1 */
static const char * const openssl[] = {
	"160301014a01000146030330a451b740298edce6cdbdf654697d59f04f484a5a",
	"f49b4552a2065de034bfde2098e3c7d1d7c2b9be56b994b479b7f0f00dd87ce7",
	"103017aff2bb223dd3bf5638003e130213031301c02cc030009fcca9cca8ccaa",
	"c02bc02f009ec024c028006bc023c0270067c00ac0140039c009c0130033009d",
	"009c003d003c0035002f00ff010000bf00000010000e00000b4578616d706c65",
	"2e434f4d000b000403000102000a00160014001d0017001e0019001801000101",
	"010201030104002300000010000e000c02683208687474702f312e3100160000",
	"00170000000d002a0028040305030603080708080809080a080b080408050806",
	"040105010601030303010302040205020602002b000908030403030302030100",
	"2d00020101003300260024001d00201427dc4406aee034566a8124038a55f860",
	"bb131140830f501f8129c9f5d14a1b",
	NULL
};

/* s_client -noservername -tls1_2 */
static const char * const nameless[] = {
	"16030100b7010000b303035fb64f4eb8d8488997bfad8c03e9b1d81afabcaa55",
	"42ab37899d8c84361534f4000038c02cc030009fcca9cca8ccaac02bc02f009e",
	"c024c028006bc023c0270067c00ac0140039c009c0130033009d009c003d003c",
	"0035002f00ff01000052000b000403000102000a000c000a001d0017001e0019",
	"0018002300000016000000170000000d002a0028040305030603080708080809",
	"080a080b080408050806040105010601030303010302040205020602",
	NULL
};

/* As curl 7.88 asks for https://www.example.org/ */
static const char * const curl[] = {
	"1603010200010001fc0303e7646469a0534a782d4034e97d71ec14d0e556c714",
	"3b1fe7bc3a716f63bd8c6420134013e63b843db659091e9b98200e8ddec70002",
	"8fbd456a65c42479624bd942003e130213031301c02cc030009fcca9cca8ccaa",
	"c02bc02f009ec024c028006bc023c0270067c00ac0140039c009c0130033009d",
	"009c003d003c0035002f00ff0100017500000014001200000f7777772e657861",
	"6d706c652e6f7267000b000403000102000a00160014001d0017001e00190018",
	"010001010102010301040010000e000c02683208687474702f312e3100160000",
	"0017000000310000000d002a0028040305030603080708080809080a080b0804",
	"08050806040105010601030303010302040205020602002b0009080304030303",
	"020301002d00020101003300260024001d002054b311e9f489648a9a5b38232b",
	"9a66bd09420035e802c3a914cb8e7ea5599a6f001500ae000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000",
	NULL
};

/* Bytes that are put together. */
struct bytes {
	char p[70000];
	u32 len;
};

static void add(struct bytes *b, const void *p, u32 len)
{
	memcpy(b->p + b->len, p, len);
	b->len += len;
}

static void add_number(struct bytes *b, u32 n, u32 bytes)
{
	while (bytes--)
		b->p[b->len++] = n >> 8 * bytes;
}

/* A vector with its length before it, from where it began. */
static void close_vector(struct bytes *b, u32 begin, u32 bytes)
{
	u32 len = b->len - begin, i;

	memmove(b->p + begin + bytes, b->p + begin, len);
	for (i = 0; i < bytes; i++)
		b->p[begin + i] = len >> 8 * (bytes - 1 - i);
	b->len += bytes;
}

static void add_hex(struct bytes *b, const char * const *lines)
{
	const char *hex;

	for (; *lines; lines++)
		for (hex = *lines; *hex; hex += 2)
			b->p[b->len++] = hex_digit(hex[0]) << 4 | hex_digit(hex[1]);
}

static void add_extension(struct bytes *b, u32 type, const void *p, u32 len)
{
	add_number(b, type, 2);
	add_number(b, len, 2);
	add(b, p, len);
}

static void add_name(struct bytes *b, const char *name)
{
	u32 len = strlen(name);

	add_number(b, 0, 2);
	add_number(b, len + 5, 2);
	add_number(b, len + 3, 2);
	add_number(b, 0, 1);
	add_number(b, len, 2);
	add(b, name, len);
}

/* The message around extensions; NULL: without any. */
static void make_message(struct bytes *b, const struct bytes *extensions)
{
	b->len = 0;
	add_number(b, 0x0303, 2);
	add(b, "0123456789abcdef0123456789abcdef", 32);
	add_number(b, 0, 1);
	add(b, "\0\4\x13\1\xc0\x2b", 6);
	add(b, "\1\0", 2);
	if (extensions) {
		add_number(b, extensions->len, 2);
		add(b, extensions->p, extensions->len);
	}
	close_vector(b, 0, 3);
	memmove(b->p + 1, b->p, b->len++);
	b->p[0] = 1;
}

/* In records of so many bytes. */
static void make_records(struct bytes *text, const struct bytes *m, u32 size)
{
	u32 at = 0, n;

	text->len = 0;
	while (at < m->len) {
		n = m->len - at < size ? m->len - at : size;
		add(text, "\x16\3\1", 3);
		add_number(text, n, 2);
		add(text, m->p + at, n);
		at += n;
	}
}

/* In memory of exactly its size, so that sanitizers see what is read behind it. */
static enum hello_result scan(struct hello_scan *s, const struct bytes *b, u32 len)
{
	char *copy = malloc(len ? len : 1);
	enum hello_result result;

	memcpy(copy, b->p, len);
	result = hello_scan(s, copy, len);
	free(copy);
	return result;
}

/* Byte by byte; returns how many it took for an answer, which is in @result. */
static u32 scan_slowly(const struct bytes *b, enum hello_result *result)
{
	struct hello_scan s = { 0 };
	u32 len;

	for (len = 0; len <= b->len; len++) {
		*result = scan(&s, b, len);
		if (*result != HELLO_MORE)
			break;
	}
	return len;
}

/* The name that is asked for, "" for none, "bad" or "more". */
static const char *asked(const struct bytes *b, struct hello *h)
{
	static char name[HELLO_NAME_MAX + 1];
	struct hello_scan s = { 0 };
	enum hello_result result = scan(&s, b, b->len);
	char *copy;
	bool good;

	if (result != HELLO_WHOLE)
		return result == HELLO_MORE ? "more" : "bad";
	copy = malloc(b->len);
	memcpy(copy, b->p, b->len);
	good = hello_parse(copy, h);
	free(copy);
	if (!good)
		return "bad";
	memcpy(name, h->name, h->name_len);
	name[h->name_len] = 0;
	return name;
}

static struct bytes extensions, message, text, other;

/* What a message is understood as: the same, however it is cut. */
static void is_asked(const char *wanted, const char *what)
{
	static const u32 sizes[] = { 1, 2, 3, 5, 100, 16384 };
	struct hello h;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		make_records(&text, &message, sizes[i]);
		tap_is(asked(&text, &h), wanted, "hello: %s, in records of %u",
		       what, sizes[i]);
	}
}

static void test_programs(void)
{
	const struct span alpn = SPAN("\2h2\x08http/1.1");
	static const struct {
		const char * const *hex;
		const char *name;
		bool alpn;
	} rows[] = {
		{ openssl, "example.com", true },
		{ nameless, "", false },
		{ curl, "www.example.org", true },
	};
	enum hello_result result;
	struct hello h;
	u32 i, len;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		text.len = 0;
		add_hex(&text, rows[i].hex);
		tap_is(asked(&text, &h), rows[i].name, "hello: of a program, %u", i);
		tap_ok(span_eq((struct span){ h.alpn, h.alpn_len },
			       rows[i].alpn ? alpn : SPAN("")), "hello: its ALPN, %u", i);
		len = scan_slowly(&text, &result);
		tap_ok(result == HELLO_WHOLE && len == text.len,
		       "hello: byte by byte it is whole with the last one, %u", i);
		message.len = 0;
		add(&message, text.p + 5, text.len - 5);
		is_asked(rows[i].name, "of a program");
		make_records(&text, &message, 3);
		len = scan_slowly(&text, &result);
		tap_ok(result == HELLO_WHOLE && len == text.len,
		       "hello: nor is it before, in several records, %u", i);
	}
}

/* A share of SecP384r1MLKEM1024 is longer than a packet. */
static void test_post_quantum(void)
{
	extensions.len = 0;
	add_number(&extensions, 51, 2);
	add_number(&extensions, 2 + 4 + 1665, 2);
	add_number(&extensions, 4 + 1665, 2);
	add_number(&extensions, 0x11ed, 2);
	add_number(&extensions, 1665, 2);
	memset(extensions.p + extensions.len, 0x16, 1665);
	extensions.len += 1665;
	add_name(&extensions, "pq.example");
	make_message(&message, &extensions);
	is_asked("pq.example", "with a post-quantum key share");
}

/* One that somebody only says has the name that one which is read has. */
static void may_be_asked(const char *name, const char *wanted)
{
	struct hello h = { .name_len = 9, .alpn_len = 9 };
	bool good = hello_ask_for(&h, (struct span){ name, strlen(name) });

	if (good)
		good = !h.alpn_len &&
		       span_eq(hello_name(&h), (struct span){ wanted, strlen(wanted) });
	else
		good = !strcmp(wanted, "bad");
	tap_ok(good, "hello: asks for %s", name);
}

static void test_names(void)
{
	static const struct {
		const char *name, *wanted;
	} rows[] = {
		{ "a", "a" },
		{ "A.Example.COM", "a.example.com" },
		{ "a_b.x--y.example", "a_b.x--y.example" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "1.2.3.example", "1.2.3.example" },
		{ "1.2.3.4", "bad" },
		{ "1", "bad" },
		{ "::1", "bad" },
		{ "[::1]", "bad" },
		{ "", "bad" },
		{ ".", "bad" },
		{ "a.", "bad" },
		{ ".a", "bad" },
		{ "a..b", "bad" },
		{ "a b", "bad" },
		{ "a/b", "bad" },
		{ "*.example", "bad" },
		{ "a:443", "bad" },
		{ "b\303\274cher.example", "bad" },
	};
	char name[300];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		extensions.len = 0;
		add_name(&extensions, rows[i].name);
		make_message(&message, &extensions);
		is_asked(rows[i].wanted, rows[i].name);
		may_be_asked(rows[i].name, *rows[i].name ? rows[i].wanted : "");
	}
	for (i = 0; i < 254; i++)
		name[i] = i % 64 == 63 ? '.' : 'a';
	for (i = 253; i <= 254; i++) {
		name[i] = 0;
		extensions.len = 0;
		add_name(&extensions, name);
		make_message(&message, &extensions);
		is_asked(i == 253 ? name : "bad", "a long name");
		may_be_asked(name, i == 253 ? name : "bad");
		name[i] = 'a';
	}
	memset(name, 'a', 64);
	name[64] = 0;
	extensions.len = 0;
	add_name(&extensions, name);
	make_message(&message, &extensions);
	is_asked("bad", "a long label");
}

static void with_extensions(struct span s, const char *wanted, const char *what)
{
	extensions.len = 0;
	add(&extensions, s.p, s.len);
	make_message(&message, &extensions);
	is_asked(wanted, what);
}

/* The list of extensions ends, the message does not. */
static void with_tail(struct span s, const char *what)
{
	u32 len;

	extensions.len = 0;
	add(&extensions, s.p, s.len);
	make_message(&message, &extensions);
	add_number(&message, 0x00000002, 4);
	len = message.len - 4;
	message.p[1] = 0;
	message.p[2] = len >> 8;
	message.p[3] = len;
	is_asked("bad", what);
}

static void test_extensions(void)
{
	make_message(&message, NULL);
	is_asked("", "without extensions");
	with_tail(SPAN("\0\0\0\6\0\4\0\0\1a"), "with bytes behind the extensions");
	with_tail(SPAN(""), "with bytes behind an empty list of extensions");
	with_extensions(SPAN(""), "", "with an empty list of them");
	with_extensions(SPAN("\0\0\0\6\0\4\0\0\1a"), "a", "with one");
	with_extensions(SPAN("\0\0\0\6\0\4\0\0\1a\0\0\0\6\0\4\0\0\1b"), "bad",
			"with a name twice");
	with_extensions(SPAN("\0\0\0\6\0\4\0\0\1a\xff\1\0\1\0\0\0\0\6\0\4\0\0\1b"),
			"bad", "with a name twice, not in a row");
	with_extensions(SPAN("\0\0\0\x0a\0\x08\0\0\1a\0\0\1b"), "bad",
			"with two names");
	with_extensions(SPAN("\0\0\0\6\0\4\1\0\1a"), "bad",
			"with a name of another type");
	with_extensions(SPAN("\0\0\0\0"), "bad", "with no list of names");
	with_extensions(SPAN("\0\0\0\2\0\0"), "bad", "with an empty list of names");
	with_extensions(SPAN("\0\0\0\7\0\4\0\0\1ab"), "bad",
			"with a byte behind the list of names");
	with_extensions(SPAN("\0\0\0\6\0\5\0\0\1a"), "bad",
			"with a list of names that is cut");
	with_extensions(SPAN("\0\0\0\6\0\4\0\0\2a"), "bad",
			"with a name that is cut");
	with_extensions(SPAN("\0\0\0\7\0\4\0\0\1a"), "bad",
			"with an extension that is cut");
	with_extensions(SPAN("\0\0\0"), "bad", "with a beginning of one");
	with_extensions(SPAN("\0\x10\0\5\0\3\2h2\0\0\0\6\0\4\0\0\1a"), "a",
			"with ALPN");
	with_extensions(SPAN("\0\x10\0\5\0\3\2h2\0\x10\0\5\0\3\2h2"), "bad",
			"with ALPN twice");
	with_extensions(SPAN("\0\x10\0\2\0\0"), "bad", "with an empty ALPN");
	with_extensions(SPAN("\0\x10\0\3\0\1\0"), "bad",
			"with an empty name in ALPN");
	with_extensions(SPAN("\0\x10\0\4\0\2\2h"), "bad",
			"with a name in ALPN that is cut");
	make_message(&message, NULL);
	message.p[3]++;
	add(&message, "", 1);
	is_asked("bad", "with half a length of extensions");
}

/* Of ALPN what fits is kept, in its order. */
static void test_much_alpn(void)
{
	struct hello h;
	u32 i;

	extensions.len = 0;
	for (i = 0; i < 100; i++) {
		add_number(&extensions, 3, 1);
		add_number(&extensions, 'a' + i % 26, 1);
		add(&extensions, "xy", 2);
	}
	close_vector(&extensions, 0, 2);
	close_vector(&extensions, 0, 2);
	memmove(extensions.p + 2, extensions.p, extensions.len);
	extensions.len += 2;
	extensions.p[0] = 0;
	extensions.p[1] = 16;
	make_message(&message, &extensions);
	make_records(&text, &message, 7);
	tap_is(asked(&text, &h), "", "hello: with much ALPN");
	tap_ok(h.alpn_len == 64 * 4 && !memcmp(h.alpn, "\3axy\3bxy", 8),
	       "hello: what of ALPN fits is kept");
}

static void test_fields(void)
{
	static const struct {
		u32 at;
		char byte;
		const char *what;
	} faults[] = {
		{ 0, 2, "another message" },
		{ 4, 2, "a version below 3" },
		{ 5, 0, "SSL 3" },
		{ 38, 33, "a long session id" },
		{ 40, 3, "half a cipher suite" },
		{ 40, 0, "no cipher suite" },
		{ 45, 0, "no compression" },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		make_message(&message, NULL);
		message.p[faults[i].at] = faults[i].byte;
		is_asked("bad", faults[i].what);
	}
	make_message(&message, NULL);
	message.p[5] = 1;
	is_asked("", "TLS 1.0");
}

/* What a text must not be, by how many bytes of it that is found. */
static void test_no_tls(void)
{
	static const struct {
		struct span text;
		u32 found;
	} rows[] = {
		{ SPAN("GET / HTTP/1.1\r\n"), 1 },
		{ SPAN("\x80\x2e\1\3\1\0\x15\0\0\0\x10"), 1 },	/* SSL 2 */
		{ SPAN("\x15\3\1\0\2\2\x28"), 1 },
		{ SPAN("\x16\2\0\0\5"), 2 },
		{ SPAN("\x16\3\1\0\0\x16\3\1"), 5 },	/* RFC 8446 5.1 */
		{ SPAN("\x16\3\1\x40\1\1\0\0"), 5 },
		{ SPAN("\x16\3\1\0\5\2\0\0"), 6 },
		{ SPAN("\x16\3\1\0\5\1\0\x40\0"), 9 },
		{ SPAN("\x16\3\1\0\5\1\1\0\0"), 9 },
		{ SPAN("\x16\3\1\0\1\1\x17\3\1\0\1\0"), 7 },
		{ SPAN("\x16\3\1\0\1\1\x16\3\1\0\0"), 11 },
	};
	enum hello_result result;
	u32 i, len;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		text.len = 0;
		add(&text, rows[i].text.p, rows[i].text.len);
		len = scan_slowly(&text, &result);
		tap_ok(result == HELLO_BAD && len == rows[i].found,
		       "hello: no TLS, %u: found by byte %u", i, len);
	}
}

/* What a client sends behind it, such as early data, is not looked at. */
static void test_behind(void)
{
	struct hello h;

	extensions.len = 0;
	add_name(&extensions, "a.example");
	make_message(&message, &extensions);
	make_records(&text, &message, 16384);
	add(&text, "\x14\3\3\0\1\1\x17\3\3\0\1x", 12);
	tap_is(asked(&text, &h), "a.example", "hello: with records behind it");
	/* In the same record: for the server to say what of it. */
	add(&message, "more", 4);
	make_records(&text, &message, 16384);
	tap_is(asked(&text, &h), "a.example", "hello: with bytes behind it");
}

static void test_size(void)
{
	struct hello h;
	u32 i;

	for (i = 0; i <= 1; i++) {
		/* The message without it has 4 + 2 + 32 + 1 + 6 + 2 + 2 + 4 bytes. */
		extensions.len = 0;
		add_extension(&extensions, 21, other.p, HELLO_MAX - 53 + i);
		make_message(&message, &extensions);
		make_records(&text, &message, 1000);
		tap_is(asked(&text, &h), i ? "bad" : "", "hello: of %u bytes",
		       message.len);
	}
	/* Each part of one is cut. */
	extensions.len = 0;
	add_name(&extensions, "a.example");
	make_message(&message, &extensions);
	for (i = 5; i < message.len; i++) {
		other.len = 0;
		add(&other, message.p, i);
		other.p[3] = i - 4;
		make_records(&text, &other, 3);
		if (strcmp(asked(&text, &h), i == 47 ? "" : "bad"))
			break;
	}
	tap_ok(i == message.len, "hello: cut behind %u bytes", i);
}

void test_hello(void)
{
	test_programs();
	test_post_quantum();
	test_names();
	test_extensions();
	test_much_alpn();
	test_fields();
	test_no_tls();
	test_behind();
	test_size();
}

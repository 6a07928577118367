// SPDX-License-Identifier: GPL-2.0
#include "text_match.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/l7mesh.h>

#include "text.h"
#include "value.h"

#define SPIFFE "spiffe://"
#define PORTS_MAX 64

static bool begins(const char *s, size_t len, const char *with)
{
	return len >= strlen(with) && !memcmp(s, with, strlen(with));
}

const char *text_check_spiffe(const char *s, size_t len)
{
	size_t trust = strlen(SPIFFE);

	if (!text_check_name(s, len) && begins(s, len, SPIFFE) &&
	    len > trust && s[trust] != '/')
		return NULL;
	return "spiffe://TRUST_DOMAIN/PATH, of up to 255 characters";
}

/* Is a star nowhere but at one of its ends? */
static bool is_starred(const char *s, size_t len)
{
	size_t first = len && s[0] == '*';
	size_t last = len > 1 && !first && s[len - 1] == '*';

	return !memchr(s + first, '*', len - first - last);
}

const char *text_check_principal(const char *s, size_t len)
{
	if (!text_check_name(s, len) && is_starred(s, len) &&
	    !begins(s, len, SPIFFE))
		return NULL;
	return "an identity without spiffe://, such as cluster.local/ns/NAMESPACE/sa/"
	       "ACCOUNT, or its beginning and *, or * and its end, or *";
}

const char *text_check_host_match(const char *s, size_t len)
{
	if (!text_check_host(s, len) && is_starred(s, len))
		return NULL;
	return "a host name, with :port if wanted, or its beginning and *, or * and "
	       "its end, or *";
}

const char *text_check_method_match(const char *s, size_t len)
{
	if (!text_check_token(s, len) && is_starred(s, len))
		return NULL;
	return "a method, or its beginning and *, or * and its end, or *";
}

const char *text_check_condition_value(const char *s, size_t len)
{
	if (len && !text_check_value(s, len))
		return NULL;
	return "1 to 4096 bytes of text without control characters, and without "
	       "white space at either end";
}

static const char *check_header(const char *s, size_t len)
{
	return is_starred(s, len) ? NULL :
	       "a value, or its beginning and *, or * and its end, or *";
}

static bool is_word(const char *s, size_t len, const char *word)
{
	return len == strlen(word) && !memcmp(s, word, len);
}

static bool is_literal(char c)
{
	return c != '{' && c != '}' && c != '*';
}

/* Segments are {*}, {**} or literal; no {} is behind a {**}. */
static bool is_template(const char *s, size_t len)
{
	const char *at = s, *end = s + len;
	bool any = false;
	size_t n, i;

	for (; at < end && *at == '/'; at += n) {
		at++;
		for (n = 0; at + n < end && at[n] != '/';)
			n++;
		if (begins(at, n, "{")) {
			if (any || (!is_word(at, n, "{*}") &&
				    !is_word(at, n, "{**}")))
				return false;
			any = n == 4;
			continue;
		}
		for (i = 0; i < n; i++)
			if (!is_literal(at[i]))
				return false;
	}
	return at == end;
}

static bool is_path_match(const char *s, size_t len)
{
	/* Unlike elsewhere nothing is escaped, so any text may be there. */
	if (!len || text_check_value(s, len) || memchr(s, '?', len) ||
	    memchr(s, '#', len) || (s[0] != '/' && s[0] != '*'))
		return false;
	return memchr(s, '{', len) || memchr(s, '}', len) ?
	       is_template(s, len) : is_starred(s, len);
}

const char *text_check_path_match(const char *s, size_t len)
{
	if (is_path_match(s, len))
		return NULL;
	return "a path without query, or its beginning and *, or * and its end, or *, "
	       "or a template: whole segments may be {*}, and the last of these {**}";
}

const char *text_check_port(const char *s, size_t len)
{
	unsigned long port = 0;
	size_t i;

	for (i = 0; i < len && i < 5 && isdigit((unsigned char)s[i]); i++)
		port = port * 10 + s[i] - '0';
	if (len && i == len && port <= UINT16_MAX && (len == 1 || s[0] != '0'))
		return NULL;
	return "a port, 0 to 65535";
}

/* A port that something can have, or two with a dash in between, in order. */
static bool is_range(const char *s, size_t len)
{
	const char *dash = memchr(s, '-', len);
	size_t n = dash ? (size_t)(dash - s) : len;

	if (text_check_port(s, n) || *s == '0')
		return false;
	return !dash || (!text_check_port(dash + 1, len - n - 1) &&
			 strtoul(s, NULL, 10) <= strtoul(dash + 1, NULL, 10));
}

const char *text_check_port_list(const char *s, size_t len)
{
	const char *end = s + len;
	size_t n, count = 0;

	if (!len)
		return NULL;
	for (; strlen(s) == (size_t)(end - s); s += n + 1) {
		n = strcspn(s, ",");
		if (!is_range(s, n) || ++count > PORTS_MAX)
			break;
		if (s + n == end)
			return NULL;
	}
	return "PORT or FROM-TO,...: up to 64 ports and ranges";
}

/* "/24" behind an address of so many bits. */
static bool are_bits(const char *s, size_t len, unsigned int most)
{
	unsigned int bits = 0;
	size_t i;

	for (i = 1; i < len && i < 4 && isdigit((unsigned char)s[i]); i++)
		bits = bits * 10 + s[i] - '0';
	return len > 1 && i == len && bits <= most && (len == 2 || s[1] != '0');
}

const char *text_check_ip_block(const char *s, size_t len)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	const char *slash = memchr(s, '/', len);
	size_t n = slash ? (size_t)(slash - s) : len;
	char copy[64] = "";
	struct address a;

	if (n < sizeof(copy))
		memcpy(copy, s, n);
	if (n && strlen(copy) == n && address_parse(copy, &a) &&
	    (a.len == 4 || memcmp(a.bytes, mapped, sizeof(mapped))) &&
	    (!slash || are_bits(slash, len - n, 8 * a.len)))
		return NULL;
	return "an IPv4 or IPv6 address, not one mapped to the other, or "
	       "ADDRESS/BITS";
}

#define HEADERS "request.headers["

/* What others have as well. */
static bool is_for_later(const char *s, size_t len)
{
	return begins(s, len, "request.auth.") || begins(s, len, "experimental.");
}

static const struct {
	const char *key;
	text_check check;
} keys[] = {
	{ "source.ip", text_check_ip_block },
	{ "remote.ip", text_check_ip_block },
	{ "source.namespace", text_check_name },
	{ "source.principal", text_check_principal },
	{ "destination.ip", text_check_ip_block },
	{ "destination.port", text_check_port },
	{ "connection.sni", text_check_host_match },
};

#define NKEYS (sizeof(keys) / sizeof(keys[0]))
#define KEYS "request.headers[NAME], source.ip, remote.ip, source.namespace, " \
	     "source.principal, destination.ip, destination.port, connection.sni"

const char *text_check_condition_key(const char *s, size_t len)
{
	size_t head = strlen(HEADERS), i;

	if (is_for_later(s, len))
		return "there yet; the keys are " KEYS;
	if (begins(s, len, HEADERS) && s[len - 1] == ']' && len > head &&
	    len <= L7MESH_NAME_MAX &&
	    !text_check_token(s + head, len - head - 1))
		return NULL;
	for (i = 0; i < NKEYS; i++)
		if (is_word(s, len, keys[i].key))
			return NULL;
	return "one of " KEYS;
}

text_check text_condition_check(const char *key)
{
	size_t i;

	for (i = 0; i < NKEYS; i++)
		if (!strcmp(keys[i].key, key))
			return keys[i].check;
	return check_header;
}

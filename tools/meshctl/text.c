// SPDX-License-Identifier: GPL-2.0
#include "text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <linux/l7mesh.h>

#include "pattern.h"

/* Decodes one UTF-8 sequence; returns its length, or 0 if it is not one. */
static size_t utf8_decode(const unsigned char *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n, i;

	if (s[0] < 0x80) {
		*code = s[0];
		return 1;
	}
	n = s[0] >= 0xf0 && s[0] < 0xf8 ? 4 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 :
	    s[0] >= 0xc0 && s[0] < 0xe0 ? 2 : 0;
	if (!n || n > len)
		return 0;
	*code = s[0] & (0xff >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	return *code >= least[n] && *code <= 0x10ffff ? n : 0;
}

static bool code_is_plain(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	if (c >= 0x7f && c < 0xa0)
		return false;
	if (c == 0x2028 || c == 0x2029 || c == 0xfeff)
		return false;
	return !(c >= 0xd800 && c < 0xe000) && c != 0xfffe && c != 0xffff;
}

bool text_is_plain(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t code;
	size_t n;

	for (; len; p += n, len -= n) {
		n = utf8_decode(p, len, &code);
		if (!n || !code_is_plain(code))
			return false;
	}
	return true;
}

static bool is_word(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(s, word, len);
}

static bool is_one_of(const char *s, size_t len, const char *const *words)
{
	for (; *words; words++)
		if (is_word(s, len, *words))
			return true;
	return false;
}

static size_t digits(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && isdigit((unsigned char)s[n]))
		n++;
	return n;
}

static bool is_radix(const char *s, size_t len)
{
	size_t i;

	if (len < 3 || s[0] != '0' || (s[1] != 'x' && s[1] != 'o'))
		return false;
	for (i = 2; i < len; i++)
		if (s[1] == 'x' ? !isxdigit((unsigned char)s[i]) :
				  s[i] < '0' || s[i] > '7')
			return false;
	return true;
}

static bool is_decimal(const char *s, size_t len)
{
	size_t whole, part = 0, i = 0;

	if (i < len && (s[i] == '-' || s[i] == '+'))
		i++;
	whole = digits(s + i, len - i);
	i += whole;
	if (i < len && s[i] == '.') {
		part = digits(s + i + 1, len - i - 1);
		i += part + 1;
	}
	if (!whole && !part)
		return false;
	if (i < len && (s[i] == 'e' || s[i] == 'E')) {
		i++;
		if (i < len && (s[i] == '-' || s[i] == '+'))
			i++;
		if (!digits(s + i, len - i))
			return false;
		i += digits(s + i, len - i);
	}
	return i == len;
}

enum text_type text_type(const char *s, size_t len)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL",
					     NULL };
	static const char *const bools[] = { "true", "True", "TRUE", "false",
					     "False", "FALSE", NULL };
	static const char *const floats[] = { ".inf", ".Inf", ".INF", "-.inf",
					      "+.inf", ".nan", ".NaN", ".NAN",
					      NULL };

	if (is_one_of(s, len, nulls))
		return TEXT_NULL;
	if (is_one_of(s, len, bools))
		return TEXT_BOOL;
	if (is_one_of(s, len, floats) || is_radix(s, len) || is_decimal(s, len))
		return TEXT_NUMBER;
	return TEXT_STRING;
}

const char *text_type_name(enum text_type type)
{
	static const char *const names[] = {
		[TEXT_STRING] = "a string", [TEXT_NUMBER] = "a number",
		[TEXT_BOOL] = "a boolean", [TEXT_NULL] = "null",
	};

	return names[type];
}

/* Printable ASCII without space: nothing else stands in a request line. */
static bool is_visible(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] <= 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

static bool has_any(const char *s, size_t len, const char *set)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (strchr(set, s[i]))
			return true;
	return false;
}

const char *text_check_name(const char *s, size_t len)
{
	if (len && len <= L7MESH_NAME_MAX && is_visible(s, len))
		return NULL;
	return "1 to 255 characters of printable ASCII without space";
}

const char *text_check_locality(const char *s, size_t len)
{
	if (len && len <= L7MESH_LOCALITY_NAME_MAX && is_visible(s, len) &&
	    !has_any(s, len, "="))
		return NULL;
	return "1 to 63 characters of printable ASCII without space and =";
}

const char *text_check_locality_or_none(const char *s, size_t len)
{
	return len ? text_check_locality(s, len) : NULL;
}

const char *text_check_subset(const char *s, size_t len)
{
	if (len && len <= L7MESH_SUBSET_NAME_MAX && is_visible(s, len) &&
	    !has_any(s, len, ":="))
		return NULL;
	return "1 to 63 characters of printable ASCII without space, : and =";
}

/* KEY=VALUE; a value may be empty. */
static bool is_label(const char *s, size_t len)
{
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
	size_t key = strspn(s, chars);

	return key && key < len && s[key] == '=' &&
	       key + 1 + strspn(s + key + 1, chars) == len;
}

const char *text_check_metadata(const char *s, size_t len)
{
	const char *at = s, *end = s + len;
	size_t n;

	if (strlen(s) == len && len && len <= L7MESH_METADATA_MAX) {
		for (; ; at += n + 1) {
			n = strcspn(at, ",");
			if (!is_label(at, n))
				break;
			if (at + n == end)
				return NULL;
		}
	}
	return "KEY=VALUE,... of letters, digits and -_./, 255 characters at "
	       "most";
}

const char *text_check_metadata_or_none(const char *s, size_t len)
{
	return len ? text_check_metadata(s, len) : NULL;
}

const char *text_check_interface_or_none(const char *s, size_t len)
{
	if (!len || (len <= L7MESH_INTERFACE_NAME_MAX && is_visible(s, len) &&
		     !has_any(s, len, "/:") && strcmp(s, ".") && strcmp(s, "..")))
		return NULL;
	return "an interface's name: up to 15 characters of printable ASCII without space, "
	       "/ and :";
}

const char *text_check_token(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) &&
		    (!s[i] || !strchr("!#$%&'*+-.^_`|~", s[i])))
			break;
	if (len && len <= L7MESH_NAME_MAX && i == len)
		return NULL;
	return "1 to 255 letters, digits and characters of !#$%&'*+-.^_`|~";
}

const char *text_check_methods(const char *s, size_t len)
{
	size_t n, at;

	for (at = 0; len <= L7MESH_NAME_MAX; at += n + 1) {
		for (n = 0; at + n < len && s[at + n] != ','; n++)
			continue;
		if (text_check_token(s + at, n))
			break;
		if (at + n == len)
			return NULL;
	}
	return "a method, or several with commas";
}

const char *text_check_path(const char *s, size_t len)
{
	if (len && len <= L7MESH_VALUE_MAX && s[0] == '/' &&
	    is_visible(s, len) && !has_any(s, len, "?#"))
		return NULL;
	return "a path of up to 4096 bytes that begins with / and is without "
	       "query, fragment and white space";
}

const char *text_check_suffix(const char *s, size_t len)
{
	if (len && len <= L7MESH_VALUE_MAX && is_visible(s, len) &&
	    !has_any(s, len, "?#"))
		return NULL;
	return "the end of a path, of up to 4096 bytes, without query, "
	       "fragment and white space";
}

const char *text_check_regex(const char *s, size_t len)
{
	static char allowed[128];
	const char *why;

	if (!len || len > L7MESH_VALUE_MAX || !text_is_plain(s, len))
		return "a regular expression of up to 4096 bytes";
	why = pattern_check(s, len);
	if (!why)
		return NULL;
	snprintf(allowed, sizeof(allowed), "a regular expression: %s", why);
	return allowed;
}

const char *text_check_value(const char *s, size_t len)
{
	static const char allowed[] =
		"up to 4096 bytes of text without control characters, and "
		"without white space at either end";
	size_t i;

	for (i = 0; i < len; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7f)
			return allowed;
	if (len > L7MESH_VALUE_MAX || !text_is_plain(s, len))
		return allowed;
	if (len && (strchr(" \t", s[0]) || strchr(" \t", s[len - 1])))
		return allowed;
	return NULL;
}

const char *text_check_parameter(const char *s, size_t len)
{
	if (!text_check_name(s, len) && !has_any(s, len, "&=#"))
		return NULL;
	return "1 to 255 characters of printable ASCII without space, &, = and "
	       "#";
}

const char *text_check_argument(const char *s, size_t len)
{
	if (len <= L7MESH_VALUE_MAX && is_visible(s, len) &&
	    !has_any(s, len, "&#"))
		return NULL;
	return "up to 4096 characters of printable ASCII without space, & and "
	       "#, as they stand in a query";
}

static bool is_bracketed_ipv6(const char *s, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char bin[16];

	if (len < 4 || len - 2 >= sizeof(text) || s[0] != '[' ||
	    s[len - 1] != ']')
		return false;
	memcpy(text, s + 1, len - 2);
	text[len - 2] = '\0';
	return inet_pton(AF_INET6, text, bin) == 1;
}

static bool is_host_chars(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) &&
		    (!s[i] || !strchr("-._", s[i])))
			return false;
	return true;
}

/* Of what is behind a name: a colon and a number up to 65535; 0: it is not that. */
static size_t port_len(const char *s, size_t len)
{
	size_t digits = 0;
	unsigned long port = 0;

	while (digits < len && isdigit((unsigned char)s[len - 1 - digits]))
		digits++;
	if (!digits || digits > 5 || digits + 1 >= len ||
	    s[len - 1 - digits] != ':' || s[len - 2 - digits] == '*')
		return 0;
	for (size_t i = len - digits; i < len; i++)
		port = port * 10 + s[i] - '0';
	return port <= UINT16_MAX ? digits + 1 : 0;
}

static bool is_domain(const char *s, size_t len)
{
	if (!len || len > L7MESH_NAME_MAX)
		return false;
	if (is_bracketed_ipv6(s, len))
		return true;
	/* A dot at its end alone is no name. */
	if (s[0] == '*')
		return is_host_chars(s + 1, len - 1) &&
		       !(len == 2 && s[1] == '.');
	if (len == 1 && s[0] == '.')
		return false;
	if (s[len - 1] == '*')
		return is_host_chars(s, len - 1);
	return is_host_chars(s, len);
}

const char *text_check_domain(const char *s, size_t len)
{
	return is_domain(s, len) ? NULL :
	       "a host name, *.suffix, prefix.*, *, or an address (IPv6 in "
	       "brackets), without port";
}

const char *text_check_domain_port(const char *s, size_t len)
{
	size_t port = port_len(s, len);
	bool dotted = port && s[len - port - 1] == '.';

	return is_domain(s, len - port) && !dotted ? NULL :
	       "a host name, *.suffix, prefix.*, *, or an address (IPv6 in "
	       "brackets), with :port if wanted";
}

const char *text_check_host(const char *s, size_t len)
{
	if (len && len <= L7MESH_NAME_MAX && is_visible(s, len) &&
	    !has_any(s, len, "/?#@\\"))
		return NULL;
	return "a host name of up to 255 bytes, with :port if wanted";
}

const char *text_check_body(const char *s, size_t len)
{
	if (len <= L7MESH_BODY_MAX && text_is_plain(s, len))
		return NULL;
	return "up to 8192 bytes of text (for anything else, body_base64)";
}

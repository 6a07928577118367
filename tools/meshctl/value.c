// SPDX-License-Identifier: GPL-2.0
#include "value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "set.h"
#include "text.h"
#include "util.h"

/* How much of what was found a message repeats. */
#define FOUND_MAX 60

char *value_found(const char *text, size_t len)
{
	size_t n = len > FOUND_MAX ? FOUND_MAX : len, i;
	char copy[FOUND_MAX + 1];

	/* Not in the middle of a character. */
	while (n < len && n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	for (i = 0; i < n; i++)
		copy[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ?
			  '?' : text[i];
	copy[n] = '\0';
	return xasprintf("\"%s%s\"", copy, n < len ? "..." : "");
}

static void refuse(char **why, const char *text, size_t len, const char *fmt,
		   ...) __attribute__((format(printf, 4, 5)));

static void refuse(char **why, const char *text, size_t len, const char *fmt,
		   ...)
{
	char *found = value_found(text, len), *rest;
	va_list args;

	va_start(args, fmt);
	rest = xvasprintf(fmt, args);
	va_end(args);
	*why = xasprintf("%s is not %s", found, rest);
	free(found);
	free(rest);
}

/* Decimal digits only; false if it is none, or more than @max. */
static bool parse_number(const char *text, size_t len, uint64_t max,
			 uint64_t *n)
{
	size_t i;

	if (!len || len > 19 || (len > 1 && text[0] == '0'))
		return false;
	*n = 0;
	for (i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		*n = *n * 10 + (text[i] - '0');
	}
	return *n <= max;
}

static bool parse_u32(const char *text, size_t len, uint32_t *n)
{
	uint64_t number;

	if (!parse_number(text, len, UINT32_MAX, &number))
		return false;
	*n = number;
	return true;
}

static json_t *parse_u64(const struct field *f, const char *text, size_t len,
			 char **why)
{
	uint64_t n;

	if (parse_number(text, len, INT64_MAX, &n) && n >= f->min)
		return must(json_integer(n));
	refuse(why, text, len, "an integer %u to %" PRId64, f->min, INT64_MAX);
	return NULL;
}

static json_t *parse_s64(const char *text, size_t len, char **why)
{
	bool negative = len && text[0] == '-';
	uint64_t n;

	if (parse_number(text + negative, len - negative, INT64_MAX, &n))
		return must(json_integer(negative ? -(json_int_t)n :
						    (json_int_t)n));
	refuse(why, text, len, "an integer of up to 19 digits, perhaps "
	       "negative");
	return NULL;
}

static json_t *parse_integer(const struct field *f, const char *text,
			     size_t len, char **why)
{
	uint32_t n;

	if (parse_u32(text, len, &n) && n >= f->min && n <= f->max)
		return must(json_integer(n));
	refuse(why, text, len, "an integer %u to %u", f->min, f->max);
	return NULL;
}

static const struct {
	const char *name;
	uint32_t ms;
} units[] = {
	{ "m", 60000 }, { "s", 1000 }, { "ms", 1 },
};

#define NUNITS (sizeof(units) / sizeof(units[0]))

static bool parse_duration(const char *text, size_t len, uint32_t *ms)
{
	size_t n = 0, i;
	uint32_t count;

	while (n < len && isdigit((unsigned char)text[n]))
		n++;
	for (i = 0; i < NUNITS; i++)
		if (strlen(units[i].name) == len - n &&
		    !memcmp(units[i].name, text + n, len - n))
			break;
	if (i == NUNITS || !parse_u32(text, n, &count) ||
	    count > UINT32_MAX / units[i].ms)
		return false;
	*ms = count * units[i].ms;
	return true;
}

static json_t *duration_parse(const struct field *f, const char *text,
			      size_t len, char **why)
{
	uint32_t ms;

	if (parse_duration(text, len, &ms) && ms >= f->min && ms <= f->max)
		return duration_json(ms);
	refuse(why, text, len,
	       "a duration with its unit, such as 500ms, 5s or 2m, of %s to "
	       "one day (1440m)", f->min ? "1ms" : "0s");
	return NULL;
}

json_t *duration_json(uint32_t ms)
{
	size_t i = 0;

	while (ms % units[i].ms || (!ms && strcmp(units[i].name, "s")))
		i++;
	return must(json_sprintf("%u%s", ms / units[i].ms, units[i].name));
}

uint32_t duration_ms(const json_t *value)
{
	const char *text = json_string_value(value);
	uint32_t ms = 0;

	if (text)
		parse_duration(text, strlen(text), &ms);
	return ms;
}

/* A digit of a percentage is worth so much of a million, behind the point. */
static const uint32_t digit_worth[] = { 1000, 100, 10, 1 };

static bool parse_percent(const char *text, size_t len, uint32_t *millionths)
{
	const char *point = memchr(text, '.', len);
	size_t whole = point ? (size_t)(point - text) : len - !!len, i;
	uint32_t n;

	if (!len || text[len - 1] != '%' || whole >= len ||
	    !parse_u32(text, whole, &n) || n > 100)
		return false;
	*millionths = n * 10000;
	for (i = 0; point && whole + 1 + i < len - 1; i++) {
		if (i == 4 || !isdigit((unsigned char)point[1 + i]))
			return false;
		*millionths += (point[1 + i] - '0') * digit_worth[i];
	}
	return (!point || i) && *millionths <= L7MESH_FRACTION_MAX;
}

static json_t *percent_parse(const char *text, size_t len, char **why)
{
	uint32_t n;

	if (parse_percent(text, len, &n))
		return percent_json(n);
	refuse(why, text, len, "a percentage of 0%% to 100%%, with four digits "
	       "behind the point at most");
	return NULL;
}

json_t *percent_json(uint32_t millionths)
{
	uint32_t part = millionths % 10000;
	int digits = 4;

	if (!part)
		return must(json_sprintf("%u%%", millionths / 10000));
	for (; part % 10 == 0; part /= 10)
		digits--;
	return must(json_sprintf("%u.%0*u%%", millionths / 10000, digits, part));
}

uint32_t percent_millionths(const json_t *value)
{
	const char *text = json_string_value(value);
	uint32_t n = 0;

	if (text)
		parse_percent(text, strlen(text), &n);
	return n;
}

bool address_parse(const char *text, struct address *a)
{
	a->len = strchr(text, ':') ? 16 : 4;
	return inet_pton(a->len == 16 ? AF_INET6 : AF_INET, text,
			 a->bytes) == 1;
}

json_t *address_json(const void *bytes, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	if (len != 4 && len != 16)
		return json_text("?", 1);
	inet_ntop(len == 16 ? AF_INET6 : AF_INET, bytes, text, sizeof(text));
	return json_text(text, strlen(text));
}

const char *address_unfit(const struct address *a)
{
	static const unsigned char zero[16];
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!memcmp(a->bytes, zero, a->len == 4 ? 1 : 16))
		return a->len == 4 ? "an address of \"this network\"" :
				     "the unspecified address";
	if (a->len == 4 && (a->bytes[0] & 0xf0) == 0xe0)
		return "a multicast address";
	if (a->len == 4 && !memcmp(a->bytes, "\xff\xff\xff\xff", 4))
		return "the broadcast address";
	if (a->len == 16 && a->bytes[0] == 0xff)
		return "a multicast address";
	if (a->len == 16 && a->bytes[0] == 0xfe && a->bytes[1] >> 6 == 2)
		return "a link-local address";
	if (a->len == 16 && !memcmp(a->bytes, mapped, sizeof(mapped)))
		return "an IPv4-mapped address: write the IPv4 address";
	return NULL;
}

static json_t *parse_address(const char *text, size_t len, char **why)
{
	char copy[INET6_ADDRSTRLEN], *found;
	const char *unfit;
	struct address a;

	if (len < sizeof(copy)) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	if (len >= sizeof(copy) || strlen(copy) != len ||
	    !address_parse(copy, &a)) {
		refuse(why, text, len, "an IPv4 or IPv6 address");
		return NULL;
	}
	unfit = address_unfit(&a);
	if (unfit) {
		found = value_found(text, len);
		*why = xasprintf("%s is %s", found, unfit);
		free(found);
		return NULL;
	}
	return address_json(a.bytes, a.len);
}

size_t network_parse(const char *text, unsigned char *bytes)
{
	const char *slash = strchr(text, '/');
	char copy[INET6_ADDRSTRLEN];
	struct address a;
	uint32_t bits, i;

	if (!slash || (size_t)(slash - text) >= sizeof(copy))
		return 0;
	memcpy(copy, text, slash - text);
	copy[slash - text] = '\0';
	if (!address_parse(copy, &a) ||
	    !parse_u32(slash + 1, strlen(slash + 1), &bits) ||
	    bits > 8 * a.len)
		return 0;
	for (i = bits; i < 8 * a.len; i++)
		if (a.bytes[i / 8] & 0x80 >> i % 8)
			return 0;
	memcpy(bytes, a.bytes, a.len);
	bytes[a.len] = bits;
	return a.len + 1;
}

json_t *network_json(const void *bytes, size_t len)
{
	const unsigned char *b = bytes;
	json_t *address, *value;

	if (len != 5 && len != 17)
		return json_text("?", 1);
	address = address_json(bytes, len - 1);
	value = must(json_sprintf("%s/%u", json_string_value(address),
				  b[len - 1]));
	json_decref(address);
	return value;
}

static json_t *network_value(const char *text, size_t len, char **why)
{
	char *copy = xasprintf("%.*s", (int)len, text);
	unsigned char bytes[NETWORK_BYTES_MAX];
	json_t *value = NULL;
	size_t n = 0;

	if (strlen(copy) == len)
		n = network_parse(copy, bytes);
	if (n)
		value = network_json(bytes, n);
	else
		refuse(why, text, len, "a network ADDRESS/BITS, with no bit set "
		       "behind those");
	free(copy);
	return value;
}

static json_t *parse_enum(const struct field *f, const char *text, size_t len,
			  char **why)
{
	char *allowed, *more;
	size_t i;

	for (i = 0; f->names[i]; i++)
		if (strlen(f->names[i]) == len &&
		    !(f->flags & FIELD_NOCASE ?
		      strncasecmp(f->names[i], text, len) :
		      memcmp(f->names[i], text, len)))
			return json_text(f->names[i], len);
	if (schema_listed(f->not_yet, text, len)) {
		refuse(why, text, len, "there yet");
		return NULL;
	}
	allowed = xstrdup("one of ");
	for (i = 0; f->names[i]; i++) {
		more = xasprintf("%s%s%s", allowed, i ? ", " : "",
				 f->names[i]);
		free(allowed);
		allowed = more;
	}
	refuse(why, text, len, "%s", allowed);
	free(allowed);
	return NULL;
}

static json_t *parse_bool(const struct field *f, const char *text, size_t len,
			  char **why)
{
	if (len == 4 && !memcmp(text, "true", 4))
		return json_true();
	if (len == 5 && !memcmp(text, "false", 5) && f->type != FIELD_FLAG)
		return json_false();
	refuse(why, text, len,
	       f->type == FIELD_FLAG ? "true" : "one of true, false");
	return NULL;
}

static json_t *parse_base64(const char *text, size_t len, char **why)
{
	unsigned char *bytes = xrealloc(NULL, len);
	ssize_t n = base64_decode(text, len, bytes);
	json_t *value = NULL;

	if (n < 0)
		refuse(why, text, len, "base64");
	else if (n > L7MESH_BODY_MAX)
		*why = xasprintf("%zd bytes are more than %d", n,
				 L7MESH_BODY_MAX);
	else
		value = base64_json(bytes, n);
	free(bytes);
	return value;
}

static json_t *parse_string(const struct field *f, const char *text,
			    size_t len, char **why)
{
	const char *allowed = f->check(text, len);
	char *copy;
	json_t *value;
	size_t i;

	if (allowed) {
		refuse(why, text, len, "%s", allowed);
		return NULL;
	}
	copy = xrealloc(NULL, len);
	for (i = 0; i < len; i++)
		copy[i] = f->flags & FIELD_LOWER && text[i] >= 'A' &&
			  text[i] <= 'Z' ? text[i] | 0x20 : text[i];
	value = must(json_stringn(copy, len));
	free(copy);
	return value;
}

json_t *value_parse(const struct field *f, const char *text, size_t len,
		    char **why)
{
	switch (f->type == FIELD_LIST ? f->item : f->type) {
	case FIELD_U16:
	case FIELD_U32:
		return parse_integer(f, text, len, why);
	case FIELD_U64:
		return parse_u64(f, text, len, why);
	case FIELD_S64:
		return parse_s64(text, len, why);
	case FIELD_PERCENT:
		return percent_parse(text, len, why);
	case FIELD_NETWORK:
		return network_value(text, len, why);
	case FIELD_DURATION:
		return duration_parse(f, text, len, why);
	case FIELD_ADDRESS:
		return parse_address(text, len, why);
	case FIELD_ENUM:
		return parse_enum(f, text, len, why);
	case FIELD_FLAGS:
	case FIELD_U16S:
		return set_parse(f, text, len, why);
	case FIELD_FLAG:
	case FIELD_U8_BOOL:
		return parse_bool(f, text, len, why);
	case FIELD_BASE64:
		return parse_base64(text, len, why);
	default:
		return parse_string(f, text, len, why);
	}
}

static bool is_empty(const json_t *value)
{
	return (json_is_array(value) && !json_array_size(value)) ||
	       (json_is_object(value) && !json_object_size(value)) ||
	       (json_is_string(value) && !json_string_length(value));
}

/* The text that the base64 stands for, or NULL if it is not text. */
static json_t *base64_text(const json_t *value)
{
	size_t len = json_string_length(value);
	unsigned char *bytes = xrealloc(NULL, len);
	ssize_t n = base64_decode(json_string_value(value), len, bytes);
	json_t *text = NULL;

	if (n >= 0 && text_is_plain((char *)bytes, n))
		text = must(json_stringn((char *)bytes, n));
	free(bytes);
	return text;
}

static void set_body(json_t *body, const char *name, json_t *value)
{
	if (json_string_length(value))
		json_object_set(body, name, value);
	json_decref(value);
}

void value_set(json_t *body, const struct field *f, json_t *value)
{
	json_t *text = f->type == FIELD_BASE64 ? base64_text(value) : NULL;

	if (text) {
		json_decref(value);
		set_body(body, "body", text);
	} else if (f->type == FIELD_BODY) {
		set_body(body, f->name, value);
	} else if (f->flags & FIELD_EMPTY && is_empty(value)) {
		json_decref(value);
	} else {
		json_object_set_new(body, f->name, must(value));
	}
}

/* More than there are fields with a default. */
#define DEFAULTS_MAX 256

json_t *value_default(const struct field *f)
{
	static struct {
		const struct field *field;
		json_t *value;
	} known[DEFAULTS_MAX];
	char *why = NULL;
	size_t i;

	for (i = 0; known[i].field && known[i].field != f;)
		i++;
	if (known[i].field)
		return known[i].value;
	known[i].field = f;
	known[i].value = must(value_parse(f, f->fallback, strlen(f->fallback),
					  &why));
	return known[i].value;
}

char *value_text(const json_t *value)
{
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (json_is_integer(value))
		return xasprintf("%" JSON_INTEGER_FORMAT,
				 json_integer_value(value));
	return xstrdup(json_is_true(value) ? "true" : "false");
}

char *socket_text(const json_t *body)
{
	const char *address =
		json_string_value(json_object_get(body, "address"));
	json_int_t port = json_integer_value(json_object_get(body, "port"));
	json_int_t end = json_integer_value(json_object_get(body, "port_end"));
	bool v6 = address && strchr(address, ':');
	char *ports, *text;

	ports = end ? xasprintf("%" JSON_INTEGER_FORMAT "-%" JSON_INTEGER_FORMAT, port,
				end) : xasprintf("%" JSON_INTEGER_FORMAT, port);
	text = xasprintf(v6 ? "[%s]:%s" : "%s:%s", address ? address : "?", ports);
	free(ports);
	return text;
}

/* Where the address ends; NULL if there is no port. */
static const char *find_port(const char *text)
{
	const char *colon = strrchr(text, ':');

	if (!colon || colon == text)
		return NULL;
	if (text[0] == '[')
		return colon[-1] == ']' ? colon : NULL;
	return strchr(text, ':') == colon ? colon : NULL;
}

static json_t *parse_port(const char *text, size_t len, uint32_t min, char **why)
{
	const struct field port = { .type = FIELD_U16, .min = min, .max = UINT16_MAX };
	char *reason = NULL;
	json_t *number = parse_integer(&port, text, len, &reason);

	if (!number)
		*why = xasprintf("the port %s", reason);
	free(reason);
	return number;
}

/* An address, and where the port behind it begins. */
static json_t *split_socket(const char *text, const char **port, const char *shape,
			    char **why)
{
	const char *colon = find_port(text);
	size_t bracket = text[0] == '[';

	if (!colon) {
		refuse(why, text, strlen(text), "%s (an IPv6 address in brackets)", shape);
		return NULL;
	}
	*port = colon + 1;
	return parse_address(text + bracket, colon - text - 2 * bracket, why);
}

json_t *socket_parse(const char *text, uint32_t port_min, char **why)
{
	const char *port;
	json_t *address = split_socket(text, &port, "ADDRESS:PORT", why), *number;

	if (!address)
		return NULL;
	number = parse_port(port, strlen(port), port_min, why);
	if (!number) {
		json_decref(address);
		return NULL;
	}
	return must(json_pack("{s:o, s:o}", "address", address, "port", number));
}

json_t *socket_parse_ports(const char *text, uint32_t port_min, char **why)
{
	const char *port, *dash;
	json_t *address = split_socket(text, &port, "ADDRESS:PORT[-PORT]", why);
	json_t *first, *last;

	if (!address)
		return NULL;
	dash = strchrnul(port, '-');
	first = parse_port(port, dash - port, port_min, why);
	last = !first ? NULL : !*dash ? must(json_integer(0)) :
	       parse_port(dash + 1, strlen(dash + 1), 1, why);
	if (!last) {
		json_decref(address);
		json_decref(first);
		return NULL;
	}
	return must(json_pack("{s:o, s:o, s:o}", "address", address, "port", first,
			      "port_end", last));
}

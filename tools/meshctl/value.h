/* SPDX-License-Identifier: GPL-2.0 */
/*
 * value: scalars, between their text and their JSON value.
 *
 * A value is canonical: addresses as RFC 5952 has them, durations in their
 * largest whole unit. So two values mean the same exactly if they are equal.
 */
#ifndef MESHCTL_VALUE_H
#define MESHCTL_VALUE_H

#include <jansson.h>

#include "schema.h"

/* An address as messages carry it: 4 or 16 bytes, network order. */
struct address {
	unsigned char bytes[16];
	size_t len;
};

/*
 * The value of a scalar field, or of one item of a list of strings. NULL if the
 * text is not allowed: *@why then says what was found and what is allowed, and
 * is freed by the caller.
 */
json_t *value_parse(const struct field *f, const char *text, size_t len,
		    char **why);

/*
 * Sets a field that has been parsed, releasing @value: what may be empty and is
 * empty is left out, as is an empty body; base64 of text becomes the text.
 */
void value_set(json_t *body, const struct field *f, json_t *value);

/* The default of a field that has one. Shared: not to be changed. Borrowed. */
json_t *value_default(const struct field *f);

/* A scalar's text, as value_parse() reads it. Freed by the caller. */
char *value_text(const json_t *value);

/* A quoted, shortened copy of what was found, for messages. Freed by the caller. */
char *value_found(const char *text, size_t len);

/* False if the text is not an address. */
bool address_parse(const char *text, struct address *a);
/* Why no connection can have it as its destination; NULL if one can. */
const char *address_unfit(const struct address *a);
json_t *address_json(const void *bytes, size_t len);

/* A network as messages carry it: an address, and how many bits of it count. */
#define NETWORK_BYTES_MAX	17

/* How many bytes "10.0.0.0/8" has; 0 if it is none, or has bits that do not count. */
size_t network_parse(const char *text, unsigned char *bytes);
json_t *network_json(const void *bytes, size_t len);

/* Percentages, in millionths. */
json_t *percent_json(uint32_t millionths);
uint32_t percent_millionths(const json_t *value);

/*
 * "10.0.0.1:80", "[fd00::1]:80" from address and port of @body, "10.0.0.1:80-90" if it
 * has a port_end. Freed by the caller.
 */
char *socket_text(const json_t *body);

/* Splits "10.0.0.1:80" and "[fd00::1]:80"; on error NULL, and *@why as above. */
json_t *socket_parse(const char *text, uint32_t port_min, char **why);
/* The same, and "10.0.0.1:80-90": there is always a port_end, which may be 0. */
json_t *socket_parse_ports(const char *text, uint32_t port_min, char **why);

/* Durations. */
json_t *duration_json(uint32_t ms);
uint32_t duration_ms(const json_t *value);

#endif

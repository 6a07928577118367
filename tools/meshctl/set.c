// SPDX-License-Identifier: GPL-2.0
#include "set.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "value.h"

/* The next part of a list, or NULL behind the last. */
static const char *next_part(const char **rest, const char *end, size_t *len)
{
	const char *part = *rest, *comma;

	if (!part)
		return NULL;
	comma = memchr(part, ',', end - part);
	*len = (comma ? comma : end) - part;
	*rest = comma ? comma + 1 : NULL;
	return part;
}

/* Appends to a list that is freed by the caller. */
static void append(char **list, const char *text)
{
	char *more = xasprintf("%s%s%s", *list, **list ? "," : "", text);

	free(*list);
	*list = more;
}

static json_t *list_json(char *list)
{
	json_t *value = must(json_string(list));

	free(list);
	return value;
}

/* The number of the bit that a name has, or -1. */
static int bit_of(const struct field *f, const char *name, size_t len)
{
	int i;

	for (i = 0; f->names[i]; i++)
		if (strlen(f->names[i]) == len &&
		    !memcmp(f->names[i], name, len))
			return i;
	return -1;
}

json_t *set_flags_json(const struct field *f, uint32_t bits)
{
	char *list = xstrdup("");
	int i;

	for (i = 0; f->names[i]; i++)
		if (bits & 1U << i)
			append(&list, f->names[i]);
	return list_json(list);
}

uint32_t set_flags(const struct field *f, const json_t *value)
{
	const char *rest = json_string_value(value), *part;
	const char *end = rest + json_string_length(value);
	uint32_t bits = 0;
	size_t len;
	int bit;

	while ((part = next_part(&rest, end, &len))) {
		bit = bit_of(f, part, len);
		bits |= bit < 0 ? 0 : 1U << bit;
	}
	return bits;
}

/* One that is wrong is refused as an enum's value would be. */
static json_t *parse_flags(const struct field *f, const char *text, size_t len,
			   char **why)
{
	const struct field one = { .type = FIELD_ENUM, .names = f->names };
	const char *rest = text, *part;
	uint32_t bits = 0;
	size_t n;
	int bit;

	while ((part = next_part(&rest, text + len, &n))) {
		bit = bit_of(f, part, n);
		if (bit < 0)
			return value_parse(&one, part, n, why);
		bits |= 1U << bit;
	}
	return set_flags_json(f, bits);
}

json_t *set_numbers_json(const void *numbers, size_t bytes)
{
	char *list = xstrdup(""), text[8];
	uint16_t n;
	size_t i;

	for (i = 0; i + sizeof(n) <= bytes; i += sizeof(n)) {
		memcpy(&n, (const char *)numbers + i, sizeof(n));
		snprintf(text, sizeof(text), "%u", n);
		append(&list, text);
	}
	return list_json(list);
}

size_t set_numbers(const json_t *value, uint16_t numbers[SET_NUMBERS_MAX])
{
	const char *rest = json_string_value(value), *part;
	const char *end = rest + json_string_length(value);
	size_t n = 0, len;

	while (n < SET_NUMBERS_MAX && (part = next_part(&rest, end, &len)))
		numbers[n++] = strtoul(part, NULL, 10);
	return n;
}

static json_t *parse_numbers(const struct field *f, const char *text,
			     size_t len, char **why)
{
	const struct field one = { .type = FIELD_U16, .min = f->min,
				   .max = f->max };
	uint16_t numbers[SET_NUMBERS_MAX];
	const char *rest = text, *part;
	json_t *value;
	size_t n, i;

	for (i = 0; (part = next_part(&rest, text + len, &n)); i++) {
		if (i == SET_NUMBERS_MAX) {
			*why = xasprintf("more than %d are given",
					 SET_NUMBERS_MAX);
			return NULL;
		}
		value = value_parse(&one, part, n, why);
		if (!value)
			return NULL;
		numbers[i] = json_integer_value(value);
		json_decref(value);
	}
	return set_numbers_json(numbers, i * sizeof(*numbers));
}

json_t *set_parse(const struct field *f, const char *text, size_t len,
		  char **why)
{
	return f->type == FIELD_FLAGS ? parse_flags(f, text, len, why) :
					parse_numbers(f, text, len, why);
}

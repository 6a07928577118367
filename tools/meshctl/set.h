/* SPDX-License-Identifier: GPL-2.0 */
/*
 * set: values that are several, parted by commas: "5xx,reset", "404,409".
 *
 * As text and in JSON a string, in messages the bits of a number, or numbers of 16
 * bits one after the other.
 */
#ifndef MESHCTL_SET_H
#define MESHCTL_SET_H

#include <jansson.h>

#include "schema.h"

#define SET_NUMBERS_MAX 32

/* FIELD_FLAGS, FIELD_U16S. NULL with a reason, to be freed, if it is none. */
json_t *set_parse(const struct field *f, const char *text, size_t len,
		  char **why);

json_t *set_flags_json(const struct field *f, uint32_t bits);
uint32_t set_flags(const struct field *f, const json_t *value);

json_t *set_numbers_json(const void *numbers, size_t bytes);
/* How many there are in @value. */
size_t set_numbers(const json_t *value, uint16_t numbers[SET_NUMBERS_MAX]);

#endif

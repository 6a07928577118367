/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text: what a string may hold, and what an unquoted YAML scalar means.
 *
 * Pure functions on bytes; no allocation.
 */
#ifndef MESHCTL_TEXT_H
#define MESHCTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Is it UTF-8 that both JSON and YAML carry unchanged? Control characters (but
 * tab, newline, carriage return), line separators and the byte order mark are
 * not.
 */
bool text_is_plain(const char *s, size_t len);

/* What YAML 1.2 (core schema) and JSON take an unquoted scalar for. */
enum text_type {
	TEXT_STRING,
	TEXT_NUMBER,
	TEXT_BOOL,
	TEXT_NULL,
};

enum text_type text_type(const char *s, size_t len);

/* What it is called in a message: "a number". */
const char *text_type_name(enum text_type type);

/*
 * Checks of strings. Each returns NULL if the string is allowed, else words for
 * what is: "a path that begins with /".
 */
const char *text_check_name(const char *s, size_t len);
const char *text_check_locality(const char *s, size_t len);
/* The empty text is none. */
const char *text_check_locality_or_none(const char *s, size_t len);
const char *text_check_methods(const char *s, size_t len);
const char *text_check_subset(const char *s, size_t len);
/* What is said of an endpoint; a key that is there twice is the kernel's to refuse. */
const char *text_check_metadata(const char *s, size_t len);
const char *text_check_metadata_or_none(const char *s, size_t len);
/* Of the kernel's, what can be written; the empty text is none. */
const char *text_check_interface_or_none(const char *s, size_t len);
const char *text_check_token(const char *s, size_t len);
const char *text_check_path(const char *s, size_t len);
const char *text_check_suffix(const char *s, size_t len);
const char *text_check_regex(const char *s, size_t len);
const char *text_check_value(const char *s, size_t len);
const char *text_check_parameter(const char *s, size_t len);
const char *text_check_argument(const char *s, size_t len);
const char *text_check_domain(const char *s, size_t len);
const char *text_check_domain_port(const char *s, size_t len);
const char *text_check_host(const char *s, size_t len);
const char *text_check_body(const char *s, size_t len);

#endif

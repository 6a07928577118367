/* SPDX-License-Identifier: GPL-2.0 */
/*
 * util: memory that cannot run out, messages, JSON output.
 *
 * Out of memory ends the program: nothing here is half done that a later run
 * could not do again (the kernel drops a transaction with its socket).
 */
#ifndef MESHCTL_UTIL_H
#define MESHCTL_UTIL_H

#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xvasprintf(const char *fmt, va_list args)
	__attribute__((format(printf, 1, 0)));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Passes @json on, or ends the program if it is NULL: no memory. */
json_t *must(json_t *json);

/* A string value; bytes that are not text become '?'. */
json_t *json_text(const char *s, size_t len);

/* "meshctl: " and the message on standard error. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Prints @json (2 spaces of indent) on standard output, and releases it. */
void json_print(json_t *json);

/* The same on one line, written at once, for a stream of events. */
void json_print_line(json_t *json);

/* Prints @s so that a shell reads it back as one word. */
void print_quoted(FILE *out, const char *s);

/* Flushes standard output; returns STATUS_USAGE if it could not be written. */
int finish_output(int status);

#endif

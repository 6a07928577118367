// SPDX-License-Identifier: GPL-2.0
#include "util.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "meshctl.h"
#include "text.h"

static void out_of_memory(void)
{
	fputs("meshctl: out of memory\n", stderr);
	exit(STATUS_USAGE);
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

char *xstrdup(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		out_of_memory();
	return copy;
}

char *xvasprintf(const char *fmt, va_list args)
{
	char *s;

	if (vasprintf(&s, fmt, args) < 0)
		out_of_memory();
	return s;
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *s;

	va_start(args, fmt);
	s = xvasprintf(fmt, args);
	va_end(args);
	return s;
}

json_t *must(json_t *json)
{
	if (!json)
		out_of_memory();
	return json;
}

json_t *json_text(const char *s, size_t len)
{
	char *copy;
	json_t *json;
	size_t i;

	if (text_is_plain(s, len))
		return must(json_stringn(s, len));
	copy = xrealloc(NULL, len);
	for (i = 0; i < len; i++)
		copy[i] = s[i] >= 0x20 && s[i] < 0x7f ? s[i] : '?';
	json = must(json_stringn(copy, len));
	free(copy);
	return json;
}

void complain(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("meshctl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void json_print(json_t *json)
{
	must(json);
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
}

void json_print_line(json_t *json)
{
	must(json);
	json_dumpf(json, stdout, 0);
	putchar('\n');
	fflush(stdout);
	json_decref(json);
}

static void print_escaped(FILE *out, const char *s)
{
	fputs("$'", out);
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			fprintf(out, "\\x%02x", (unsigned char)*s);
		else
			fputc(*s, out);
	}
	fputc('\'', out);
}

void print_quoted(FILE *out, const char *s)
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-./:=,@%+^[]";

	if (*s && !s[strspn(s, safe)])
		fputs(s, out);
	else if (strchr(s, '\'') || s[strcspn(s, "\1\2\3\4\5\6\7\b\t\n\v\f\r")])
		print_escaped(out, s);
	else
		fprintf(out, "'%s'", s);
}

int finish_output(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "meshctl: standard output: %s\n", strerror(errno));
	return status ? status : STATUS_USAGE;
}

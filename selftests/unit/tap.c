// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"

static unsigned int passed, failed;

static void result(bool pass, const char *format, va_list args)
{
	*(pass ? &passed : &failed) += 1;
	printf("%s %u - ", pass ? "ok" : "not ok", passed + failed);
	vprintf(format, args);
	putchar('\n');
}

bool tap_ok(bool pass, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	result(pass, format, args);
	va_end(args);
	return pass;
}

bool tap_is(const char *got, const char *wanted, const char *format, ...)
{
	bool pass = !strcmp(got, wanted);
	va_list args;

	va_start(args, format);
	result(pass, format, args);
	va_end(args);
	if (!pass) {
		tap_note("got:    %s", got);
		tap_note("wanted: %s", wanted);
	}
	return pass;
}

void tap_note(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

int tap_end(void)
{
	printf("1..%u\n", passed + failed);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}

/* splitmix64 */
u32 tap_random(u32 limit)
{
	static u64 state = 1;
	u64 z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31)) % limit;
}

// SPDX-License-Identifier: GPL-2.0
/* Tests of module/lib/port_list.c. */
#include <stdio.h>
#include <string.h>
#include <linux/kernel.h>

#include "tap.h"
#include "unit.h"
#include "lib/port_list.h"

static struct span text(const char *s)
{
	return (struct span){ s, strlen(s) };
}

static void test_texts(void)
{
	static const struct {
		const char *text;
		int n;		/* -1: it is no list */
	} cases[] = {
		{ "", 0 }, { "1", 1 }, { "22,80", 2 }, { "8000-8010", 1 },
		{ "1-65535", 1 }, { "7-7,7", 2 }, { "65535", 1 },
		{ "0", -1 }, { "0-1", -1 }, { "65536", -1 }, { "1-65536", -1 },
		{ "2-1", -1 }, { "01", -1 }, { ",", -1 }, { "1,", -1 }, { ",1", -1 },
		{ "1,,2", -1 }, { "1-", -1 }, { "-1", -1 }, { "1-2-3", -1 },
		{ " 1", -1 }, { "1 ", -1 }, { "a", -1 }, { "+1", -1 }, { "1x", -1 },
		{ "100000", -1 },
	};
	struct port_range ranges[PORT_LIST_MAX];
	u32 n;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *why = port_list_parse(text(cases[i].text), ranges, &n);

		tap_ok((why ? -1 : (int)n) == cases[i].n,
		       "port list: \"%s\"", cases[i].text);
	}
}

static void test_ports(void)
{
	struct port_range ranges[PORT_LIST_MAX];
	u32 n;

	port_list_parse(text("22,8000-8010,65535"), ranges, &n);
	tap_ok(port_list_has(ranges, n, 22) && port_list_has(ranges, n, 8000) &&
	       port_list_has(ranges, n, 8010) && port_list_has(ranges, n, 65535),
	       "port list: a port, a range's ends and the last port are in it");
	tap_ok(!port_list_has(ranges, n, 21) && !port_list_has(ranges, n, 7999) &&
	       !port_list_has(ranges, n, 8011) && !port_list_has(ranges, n, 65534),
	       "port list: what is beside them is not");
}

static void test_many(void)
{
	struct port_range ranges[PORT_LIST_MAX];
	char many[6 * (PORT_LIST_MAX + 1)] = "";
	u32 n;
	int i;

	for (i = 0; i <= PORT_LIST_MAX; i++)
		strcat(many, i ? ",9" : "9");
	tap_ok(port_list_parse(text(many), ranges, &n), "port list: 65 are too many");
	many[strlen(many) - 2] = '\0';
	tap_ok(!port_list_parse(text(many), ranges, &n) && n == PORT_LIST_MAX,
	       "port list: 64 are not");
}

void test_port_list(void)
{
	test_texts();
	test_ports();
	test_many();
}

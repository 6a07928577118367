// SPDX-License-Identifier: GPL-2.0
/* Tests of module/route/route.c, with requests as the parser reads them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>
#include <linux/limits.h>

#include "lib/budget.h"
#include "route/route.h"
#include "parse.h"
#include "tap.h"
#include "unit.h"

static struct span text(const char *s)
{
	return (struct span){ s, strlen(s) };
}

/* A table whose virtual host number i has the domains[i], comma-separated. */

struct table {
	struct route_table t;
	struct virtual_host *vhosts;
	struct domain_slot *slots;
	struct span dup;
	int err;
};

static struct span *split_domains(const char *list, u32 *n)
{
	struct span *domains = NULL;
	const char *comma;

	for (*n = 0; list; list = comma ? comma + 1 : NULL) {
		domains = realloc(domains, (*n + 1) * sizeof(*domains));
		comma = strchr(list, ',');
		domains[*n].p = list;
		domains[*n].len = comma ? (u32)(comma - list) : strlen(list);
		(*n)++;
	}
	return domains;
}

static void table_make(struct table *t, const char * const *domains, u32 n,
		       struct route **routes, u32 nroutes)
{
	u32 i;

	memset(t, 0, sizeof(*t));
	t->vhosts = calloc(n, sizeof(*t->vhosts));
	t->t.nvhosts = n;
	t->t.vhosts = calloc(n, sizeof(*t->t.vhosts));
	t->t.seed = tap_random(UINT32_MAX);
	for (i = 0; i < n; i++) {
		t->vhosts[i].domains = split_domains(domains[i],
						     &t->vhosts[i].ndomains);
		t->vhosts[i].routes = routes;
		t->vhosts[i].nroutes = nroutes;
		t->t.vhosts[i] = &t->vhosts[i];
	}
	t->slots = calloc(route_table_slots(&t->t), sizeof(*t->slots));
	t->err = route_table_compile(&t->t, t->slots, &t->dup);
}

static void table_free(struct table *t)
{
	u32 i;

	for (i = 0; i < t->t.nvhosts; i++)
		free((void *)t->vhosts[i].domains);
	free(t->vhosts);
	free(t->t.vhosts);
	free(t->slots);
}

/* A request and its head. */

struct request {
	struct message p;
	struct route_request req;
	char head[8192];
};

/* What chance is. */
static u32 lot;
static u32 draws;

static u32 draw_lot(void)
{
	draws++;
	return lot;
}

static bool request_parse(struct request *r)
{
	http1_init(&r->p, false);
	if (parse_bytes(&r->p, r->head, strlen(r->head)) != HTTP1_DONE)
		return false;
	route_request_init(&r->req, &r->p);
	r->req.random = draw_lot;
	return true;
}

static const struct route *route_of(const struct table *t, struct request *r)
{
	const struct virtual_host *vhost;
	const struct route *route;

	if (!route_table_match(&t->t, &r->req, &vhost, &route))
		tap_ok(false, "route: an unlimited budget is used up");
	return route;
}

/* What CONTAINS needs; to be freed. */
static void *add_fallback(struct value_match *m)
{
	u16 *fallback = calloc(m->value.len + 1, sizeof(*fallback));

	route_value_fallback(m->value, fallback);
	m->fallback = fallback;
	return fallback;
}

/* Return: the number of the virtual host that serves @host, or -1. */
static int vhost_of(struct table *t, const char *host)
{
	struct route **routes = calloc(t->t.nvhosts, sizeof(*routes));
	struct route *all = calloc(t->t.nvhosts, sizeof(*all));
	const struct route *match;
	struct request r;
	int got = -2;
	u32 i;

	for (i = 0; i < t->t.nvhosts; i++) {
		routes[i] = &all[i];
		t->vhosts[i].routes = &routes[i];
		t->vhosts[i].nroutes = 1;
	}
	snprintf(r.head, sizeof(r.head), "GET / HTTP/1.%u\r\n%s%s\r\n\r\n",
		 *host ? 1 : 0, *host ? "Host: " : "A: b", host);
	if (request_parse(&r)) {
		match = route_of(t, &r);
		got = match ? match - all : -1;
	}
	free(routes);
	free(all);
	return got;
}

static void test_domains(void)
{
	static const char * const domains[] = {
		"shop.example,www.shop.example",
		"*.shop.example",
		"*-x.shop.example",
		"*.x.shop.example",
		"shop.*",
		"shop.exa*,[fd00::1],10.0.0.1",
		"*",
		"*p.example",
		"dotted.,*.wild.dotted.",
	};
	static const struct {
		const char *host;
		int vhost;
	} hosts[] = {
		{ "shop.example", 0 }, { "SHOP.Example", 0 },
		{ "shop.example:8080", 0 }, { "www.shop.example", 0 },
		{ "a.shop.example", 1 }, { "A.B.SHOP.EXAMPLE:1", 1 },
		{ "a-x.shop.example", 2 }, { "-x.shop.example", 1 },
		{ ".shop.example", 7 },
		{ "a.x.shop.example", 3 }, { "x.shop.example", 1 },
		{ ".x.shop.example", 1 },
		{ "shop.test", 4 }, { "shop.exa", 4 }, { "shop.exab", 5 },
		{ "shop.", 6 }, { "shop", 6 }, { "Shop.Example.org", 5 },
		{ "[FD00::1]:80", 5 }, { "[fd00::2]", 6 },
		{ "10.0.0.1:80", 5 }, { "10.0.0.2", 6 },
		{ "xshop.example", 7 }, { "p.example", 6 },
		{ "", 6 }, { "x", 6 },
		{ "dotted", 8 }, { "a.wild.dotted", 8 }, { "wild.dotted", 6 },
	};
	struct table t;
	u32 i;

	table_make(&t, domains, ARRAY_SIZE(domains), NULL, 0);
	tap_ok(!t.err, "route: domains compile");
	for (i = 0; i < ARRAY_SIZE(hosts); i++) {
		int got = vhost_of(&t, hosts[i].host);

		tap_ok(got == hosts[i].vhost, "route: host '%s': %d",
		       hosts[i].host, got);
	}
	table_free(&t);
}

static void test_no_domains(void)
{
	static const char * const one[] = { "a" };
	struct table t;

	table_make(&t, one, 1, NULL, 0);
	tap_ok(vhost_of(&t, "a") == 0 && vhost_of(&t, "b") == -1 &&
	       vhost_of(&t, "") == -1, "route: a single domain");
	table_free(&t);
	table_make(&t, one, 0, NULL, 0);
	tap_ok(vhost_of(&t, "a") == -1, "route: no domain");
	table_free(&t);
}

static void test_duplicates(void)
{
	static const char * const cases[][3] = {
		{ "a,b", "c,b", "b" }, { "*.a", "x,*.a", "*.a" },
		{ "a.*", "a.*", "a.*" }, { "*", "*", "*" }, { "a,b,a", "c", "a" },
		{ "a.", "a", "a" }, { "*.a", "*.a.", "*.a." },
	};
	static const char * const different[] = { "a.,*a.,a.*,b", "*,*b,b*" };
	struct table t;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		table_make(&t, cases[i], 2, NULL, 0);
		tap_ok(t.err == -EEXIST && span_eq(t.dup, text(cases[i][2])),
		       "route: '%s' twice", cases[i][2]);
		table_free(&t);
	}
	table_make(&t, different, 2, NULL, 0);
	tap_ok(!t.err, "route: the same text, exact and in wildcards");
	table_free(&t);
}

/* The definition: exact, longest suffix, longest prefix, any. */
static int naive_vhost(const char * const *domains, u32 n, const char *host)
{
	u32 i, len, host_len = strlen(host), best_score = 0, score;
	char domain[32];
	int best = -1;

	for (i = 0; i < n; i++) {
		strcpy(domain, domains[i]);
		len = strlen(domain) - 1;
		/* A dot at its end is not a part of a name. */
		if (domain[len] == '.')
			domain[len--] = '\0';
		score = 0;
		if (!strcmp(domain, host))
			score = 4000;
		else if (!strcmp(domain, "*"))
			score = 1000;
		else if (domain[0] == '*' && host_len > len &&
			 !strcmp(host + host_len - len, domain + 1))
			score = 3000 + len;
		else if (domain[len] == '*' && host_len > len &&
			 !strncmp(host, domain, len))
			score = 2000 + len;
		if (score > best_score) {
			best_score = score;
			best = i;
		}
	}
	return best;
}

static void random_name(char *name, u32 max)
{
	u32 len = 1 + tap_random(max);

	name[len] = '\0';
	while (len--)
		name[len] = "aab."[tap_random(4)];
}

static void random_domain(char *domain)
{
	u32 kind = tap_random(10);

	random_name(domain + 1, 6);
	if (kind < 3)
		memmove(domain, domain + 1, 8);
	else if (kind < 6)
		domain[0] = '*';
	else if (kind < 9)
		strcat(memmove(domain, domain + 1, 8), "*");
	else
		strcpy(domain, "*");
}

/* One that is valid and unlike the @n others, but for a dot at its end? */
static bool is_new(char texts[][12], u32 n)
{
	u32 len = strlen(texts[n]), i;

	len -= texts[n][len - 1] == '.';
	for (i = 0; i < n; i++)
		if (!strncmp(texts[i], texts[n], len) &&
		    (!texts[i][len] || !strcmp(texts[i] + len, ".")))
			return false;
	return route_domain_valid(text(texts[n]));
}

static void test_domain_oracle(void)
{
	char texts[30][12], host[16];
	const char *domains[30];
	u32 i, round, n, ok = 0;
	struct table t;

	for (round = 0; round < 500; round++) {
		for (n = 0; n < 30; n++) {
			random_domain(texts[n]);
			if (!is_new(texts, n))
				break;
			domains[n] = texts[n];
		}
		table_make(&t, domains, n, NULL, 0);
		for (i = 0; i < 20; i++) {
			random_name(host, 8);
			ok += vhost_of(&t, host) == naive_vhost(domains, n, host);
		}
		table_free(&t);
	}
	tap_ok(ok == 500 * 20, "route: %u random hosts as the naive search's",
	       ok);
}

static void test_many_domains(void)
{
	enum { MANY = 50000 };
	char (*texts)[32] = calloc(MANY, sizeof(*texts));
	const char **domains = calloc(MANY, sizeof(*domains));
	u32 i, ok = 0;
	struct table t;

	for (i = 0; i < MANY; i++) {
		sprintf(texts[i], i % 2 ? "*.%u.example" : "%u.example", i);
		domains[i] = texts[i];
	}
	table_make(&t, domains, MANY, NULL, 0);
	ok = vhost_of(&t, "0.example") == 0 && vhost_of(&t, "1.example") == -1 &&
	     vhost_of(&t, "a.1.example") == 1 &&
	     vhost_of(&t, "49998.example") == 49998 &&
	     vhost_of(&t, "b.a.49999.example") == 49999;
	tap_ok(!t.err && ok, "route: 50000 domains");
	table_free(&t);
	free(domains);
	free(texts);
}

static void test_valid(void)
{
	static const char * const good[] = {
		"*", "a", "example.com", "*.example.com", "*-x.example.com",
		"www.example.*", "a_b", "10.0.0.1", "[fd00::1]", "a.", "a:80",
		"*.a:65535", "[fd00::1]:80", "10.0.0.1:1", "*.a.",
	};
	static const char * const bad[] = {
		"", "**", "*.a.*", "a*b", "A", "a:", ":80", "a:65536", "a:8x", "a:80:80", "*:80",
		"a.*:80", "a.:80", "*.a.:80", ".", "*.",
		"[fd00::1]:", "[fd00::1]:65536", "[FD00::1]",
		"[fd00::1", "[fd00]", "*[fd00::1]", "a b", "a/b", "a,b", "\xe4",
	};
	static const char * const paths[] = { "/", "/a/b;c=d%20", "/~" };
	static const char * const no_paths[] = { "", "a", "*", "/a?b", "/a#b",
						 "/a b", "/\177", "/\xe4" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		tap_ok(route_domain_valid(text(good[i])), "route: domain %s",
		       good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		tap_ok(!route_domain_valid(text(bad[i])),
		       "route: no domain: '%s'", bad[i]);

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		tap_ok(route_path_valid(text(paths[i])), "route: path %s",
		       paths[i]);
	for (i = 0; i < ARRAY_SIZE(no_paths); i++)
		tap_ok(!route_path_valid(text(no_paths[i])),
		       "route: no path: '%s'", no_paths[i]);
}

/* Whether one route serves one request. */

static bool matches(struct route *route, const char *head)
{
	static const char * const any[] = { "*" };
	struct request r;
	struct table t;
	bool match;

	snprintf(r.head, sizeof(r.head), "%s\r\n", head);
	if (!request_parse(&r)) {
		tap_ok(false, "route: the test's request is bad: %s", head);
		return false;
	}
	table_make(&t, any, 1, &route, 1);
	match = route_of(&t, &r) == route;
	table_free(&t);
	return match;
}

static void test_paths(void)
{
	static const char * const kinds[] = { "any", "exact", "prefix",
					      "raw prefix", "suffix",
					      "template" };
	static const char * const verdicts[] = { "leaves", "serves" };
	static const struct {
		u8 kind;
		const char *path, *target;
		bool match;
	} cases[] = {
		{ PATH_MATCH_PREFIX, "/abc", "/abc", true },
		{ PATH_MATCH_PREFIX, "/abc", "/abc/", true },
		{ PATH_MATCH_PREFIX, "/abc", "/abc/d", true },
		{ PATH_MATCH_PREFIX, "/abc", "/abc?d", true },
		{ PATH_MATCH_PREFIX, "/abc", "/abcd", false },
		{ PATH_MATCH_PREFIX, "/abc", "/ab", false },
		{ PATH_MATCH_PREFIX, "/abc", "/ABC", false },
		{ PATH_MATCH_PREFIX, "/abc", "//abc", false },
		{ PATH_MATCH_PREFIX, "/abc/", "/abc", true },
		{ PATH_MATCH_PREFIX, "/abc/", "/abc/", true },
		{ PATH_MATCH_PREFIX, "/abc/", "/abc/x", true },
		{ PATH_MATCH_PREFIX, "/abc/", "/abcd", false },
		{ PATH_MATCH_PREFIX, "/", "/", true },
		{ PATH_MATCH_PREFIX, "/", "/x/y?z", true },
		{ PATH_MATCH_PREFIX, "/", "http://h", true },
		{ PATH_MATCH_PREFIX, "/", "http://h?x", true },
		{ PATH_MATCH_PREFIX, "/", "*", false },
		{ PATH_MATCH_EXACT, "/abc", "/abc", true },
		{ PATH_MATCH_EXACT, "/abc", "/abc?x=y", true },
		{ PATH_MATCH_EXACT, "/abc", "http://h/abc?x", true },
		{ PATH_MATCH_EXACT, "/abc", "/abc/", false },
		{ PATH_MATCH_EXACT, "/abc", "/Abc", false },
		{ PATH_MATCH_RAW_PREFIX, "/abc", "/abcd", true },
		{ PATH_MATCH_RAW_PREFIX, "/abc/", "/abc", false },
		{ PATH_MATCH_RAW_PREFIX, "/abc", "/ab", false },
		{ PATH_MATCH_RAW_PREFIX, "/", "*", false },
		{ PATH_MATCH_SUFFIX, ".jpg", "/a/b.jpg?x", true },
		{ PATH_MATCH_SUFFIX, ".jpg", "/b.jpg/", false },
		{ PATH_MATCH_SUFFIX, "*", "*", false },
		{ PATH_MATCH_SUFFIX, "/abcdefgh", "/h", false },
		{ PATH_MATCH_TEMPLATE, "/u/{id}", "/u/7?x", true },
		{ PATH_MATCH_TEMPLATE, "/u/{id}", "/u/", false },
		{ PATH_MATCH_TEMPLATE, "/**", "*", false },
		{ PATH_MATCH_ANY, "", "/x", true },
		{ PATH_MATCH_ANY, "", "*", true },
	};
	struct route route = { 0 };
	char head[256];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		route.match.path_kind = cases[i].kind;
		route.match.path = text(cases[i].path);
		sprintf(head, "OPTIONS %s HTTP/1.1\r\nHost: a\r\n",
			cases[i].target);
		tap_ok(matches(&route, head) == cases[i].match,
		       "route: %s '%s' %s %s", kinds[cases[i].kind],
		       cases[i].path, verdicts[cases[i].match],
		       cases[i].target);
	}
}

static void test_methods(void)
{
	struct route route = { .match.method = SPAN("GET") };

	tap_ok(matches(&route, "GET / HTTP/1.1\r\nHost: a\r\n"),
	       "route: the method");
	tap_ok(!matches(&route, "get / HTTP/1.1\r\nHost: a\r\n") &&
	       !matches(&route, "GETS / HTTP/1.1\r\nHost: a\r\n") &&
	       !matches(&route, "HEAD / HTTP/1.1\r\nHost: a\r\n"),
	       "route: other methods");
	route.match.method = SPAN("GET,PUT,X");
	tap_ok(matches(&route, "GET / HTTP/1.1\r\nHost: a\r\n") &&
	       matches(&route, "PUT / HTTP/1.1\r\nHost: a\r\n") &&
	       matches(&route, "X / HTTP/1.1\r\nHost: a\r\n"),
	       "route: one of several methods");
	tap_ok(!matches(&route, "GE / HTTP/1.1\r\nHost: a\r\n") &&
	       !matches(&route, "PUTX / HTTP/1.1\r\nHost: a\r\n") &&
	       !matches(&route, "POST / HTTP/1.1\r\nHost: a\r\n"),
	       "route: none of several methods");
}

/* It has an authority and no path. */
static void test_connect(void)
{
	struct route any = { .match.method = SPAN("CONNECT") };
	struct route prefix = { .match = { .path_kind = PATH_MATCH_PREFIX,
					   .path = SPAN("/") } };
	struct route exact = { .match = { .path_kind = PATH_MATCH_EXACT,
					  .path = SPAN("/") } };
	static const char connect[] = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n";

	tap_ok(matches(&any, connect), "route: CONNECT, whatever the path");
	tap_ok(!matches(&prefix, connect) && !matches(&exact, connect),
	       "route: CONNECT has no path");
	tap_ok(matches(&prefix, "GET http://a HTTP/1.1\r\nHost: a\r\n") &&
	       matches(&exact, "GET http://a HTTP/1.1\r\nHost: a\r\n"),
	       "route: an absolute target without path has the path /");
}

/* @where: the request's target or fields. */
static void check_value(bool query, u8 kind, const char *name,
			const char *value, const char *where, bool match)
{
	static const char * const kinds[] = { "exact", "prefix", "suffix",
					      "contains", "regex", "range",
					      "present", "absent" };
	struct value_match m = { .name = text(name), .value = text(value),
				 .kind = kind };
	struct route route = { 0 };
	void *fallback = NULL;
	char head[256];

	if (kind == VALUE_MATCH_CONTAINS)
		fallback = add_fallback(&m);
	if (query) {
		route.match.query = &m;
		route.match.nquery = 1;
		sprintf(head, "GET /%s HTTP/1.1\r\nHost: a\r\n", where);
	} else {
		route.match.headers = &m;
		route.match.nheaders = 1;
		sprintf(head, "GET / HTTP/1.1\r\nHost: a\r\n%s", where);
	}
	tap_ok(matches(&route, head) == match, "route: %s %s %s '%s' %s %s",
	       query ? "query" : "header", name, kinds[kind], value,
	       match ? "in" : "not in",
	       query ? where : *where ? "fields" : "no fields");
	free(fallback);
}

static void test_headers(void)
{
	check_value(false, VALUE_MATCH_EXACT, "x-a", "1", "X-A: 1\r\n", true);
	check_value(false, VALUE_MATCH_EXACT, "X-A", "1", "x-a:1 \r\n", true);
	check_value(false, VALUE_MATCH_EXACT, "x-a", "b", "x-a: B\r\n", false);
	check_value(false, VALUE_MATCH_EXACT, "x-a", "1", "x-a: 11\r\n", false);
	check_value(false, VALUE_MATCH_EXACT, "x-a", "1", "x-ab: 1\r\n", false);
	check_value(false, VALUE_MATCH_EXACT, "x-a", "", "x-a:\r\n", true);
	check_value(false, VALUE_MATCH_EXACT, "x-a", "", "", false);
	check_value(false, VALUE_MATCH_EXACT, "x-a", "2",
		    "x-a: 1\r\nx-a: 2\r\n", false);
	check_value(false, VALUE_MATCH_EXACT, "x-a", "1,2",
		    "x-a: 1\r\nx-b: 3\r\nX-A: 2\r\n", true);
	check_value(false, VALUE_MATCH_EXACT, "x-a", "1,2,",
		    "x-a: 1\r\nX-A: 2\r\n", false);
	check_value(false, VALUE_MATCH_CONTAINS, "x-a", ",,",
		    "x-a: 1\r\nX-A: \r\nx-a: 3\r\n", true);
	check_value(false, VALUE_MATCH_CONTAINS, "x-a", "1,2,3,4",
		    "x-a: 0,1,2\r\nX-A: 3\r\nx-a: 45\r\n", true);
	check_value(false, VALUE_MATCH_CONTAINS, "x-a", "2,3,5",
		    "x-a: 0,1,2\r\nX-A: 3\r\nx-a: 45\r\n", false);
	check_value(false, VALUE_MATCH_PREFIX, "x-a", "1,2,",
		    "x-a: 1\r\nX-A: 2\r\n", false);
	check_value(false, VALUE_MATCH_SUFFIX, "x-a", ",1,2",
		    "x-a: 1\r\nX-A: 2\r\n", false);
	check_value(false, VALUE_MATCH_EXACT, "x-a", "1", "x-a: 1, 2\r\n", false);
	check_value(false, VALUE_MATCH_EXACT, "host", "a", "", true);
	check_value(false, VALUE_MATCH_PREFIX, "x-a", "ab", "x-a: abc\r\n", true);
	check_value(false, VALUE_MATCH_PREFIX, "x-a", "ab", "x-a: a\r\n", false);
	check_value(false, VALUE_MATCH_PREFIX, "x-a", "ab",
		    "x-a: xab\r\n", false);
	check_value(false, VALUE_MATCH_SUFFIX, "x-a", "bc", "x-a: abc\r\n", true);
	check_value(false, VALUE_MATCH_SUFFIX, "x-a", "abc", "x-a: bc\r\n",
		    false);
	check_value(false, VALUE_MATCH_CONTAINS, "x-a", "b", "x-a: abc\r\n",
		    true);
	check_value(false, VALUE_MATCH_CONTAINS, "x-a", "bb", "x-a: bab\r\n",
		    false);
	check_value(false, VALUE_MATCH_CONTAINS, "x-a", "abcd", "x-a: abc\r\n",
		    false);
	check_value(false, VALUE_MATCH_PRESENT, "x-a", "", "X-a:\r\n", true);
	check_value(false, VALUE_MATCH_PRESENT, "x-a", "", "x-b: 1\r\n", false);
	check_value(false, VALUE_MATCH_ABSENT, "x-a", "", "", true);
	check_value(false, VALUE_MATCH_ABSENT, "x-a", "", "X-A: 1\r\n", false);
}

static void test_query(void)
{
	check_value(true, VALUE_MATCH_EXACT, "a", "1", "?a=1", true);
	check_value(true, VALUE_MATCH_EXACT, "a", "1", "?b=2&a=1&c", true);
	check_value(true, VALUE_MATCH_EXACT, "a", "1", "?a=2&a=1", false);
	check_value(true, VALUE_MATCH_EXACT, "a", "1", "?A=1", false);
	check_value(true, VALUE_MATCH_EXACT, "a", "1", "?aa=1", false);
	check_value(true, VALUE_MATCH_EXACT, "a", "1=2", "?a=1=2", true);
	check_value(true, VALUE_MATCH_EXACT, "a", "", "?a", true);
	check_value(true, VALUE_MATCH_EXACT, "a", "", "?a=", true);
	check_value(true, VALUE_MATCH_EXACT, "a", "", "?b", false);
	check_value(true, VALUE_MATCH_EXACT, "a", "1", "", false);
	check_value(true, VALUE_MATCH_EXACT, "a", "1", "?", false);
	check_value(true, VALUE_MATCH_EXACT, "a", "1", "?&&a=1&", true);
	check_value(true, VALUE_MATCH_EXACT, "a", " ", "?a=%20", false);
	check_value(true, VALUE_MATCH_PREFIX, "a", "1", "?a=12", true);
	check_value(true, VALUE_MATCH_PREFIX, "a", "2", "?a=12", false);
	check_value(true, VALUE_MATCH_PRESENT, "a", "", "?b&a", true);
	check_value(true, VALUE_MATCH_PRESENT, "a", "", "?b", false);
	check_value(true, VALUE_MATCH_ABSENT, "a", "", "?b", true);
	check_value(true, VALUE_MATCH_ABSENT, "a", "", "", true);
	check_value(true, VALUE_MATCH_ABSENT, "a", "", "?b&a=1", false);
}

static bool range_has(s64 first, s64 end, const char *value, bool invert)
{
	struct value_match m = { .name = SPAN("n"), .kind = VALUE_MATCH_RANGE,
				 .first = first, .end = end, .invert = invert };
	struct route route = { .match = { .headers = &m, .nheaders = 1 } };
	char head[256];

	sprintf(head, "GET / HTTP/1.1\r\nHost: a\r\n%s%s%s",
		value ? "N: " : "", value ?: "", value ? "\r\n" : "");
	return matches(&route, head);
}

static void test_ranges(void)
{
	static const char * const none[] = {
		"", "-", "+", "1.0", "0x1", "1 1", "1a", "--1",
		"9223372036854775808", "-9223372036854775809",
		"99999999999999999999999999999",
	};
	u32 i;

	tap_ok(range_has(-10, 0, "-10", false) && range_has(-10, 0, "-1", false) &&
	       range_has(-10, 1, "+0", false) && range_has(0, 100, "007", false),
	       "route: a range has numbers");
	tap_ok(!range_has(-10, 0, "0", false) && !range_has(-10, 0, "-11", false) &&
	       !range_has(-10, 0, NULL, false),
	       "route: a range has not its end, what is below it, nothing");
	for (i = 0; i < ARRAY_SIZE(none); i++)
		tap_ok(!range_has(INT64_MIN, INT64_MAX, none[i], false),
		       "route: '%s' is no number of a range", none[i]);
	tap_ok(range_has(INT64_MAX - 1, INT64_MAX, "9223372036854775806", false) &&
	       range_has(INT64_MIN, 0, "-9223372036854775808", false),
	       "route: the ends of all ranges");
	tap_ok(range_has(0, 10, "10", true) && range_has(0, 10, "x", true) &&
	       !range_has(0, 10, "9", true) && !range_has(0, 10, NULL, true),
	       "route: inverted, the field must be there and not match");
}

/* Does a client at 4 or 16 bytes of address belong to a network? */
static bool source_matches(u8 family, const u8 *network, u8 bits, u8 of,
			   const u8 *address)
{
	struct route_match m = { .source = { .family = family, .bits = bits } };
	struct request r = { .head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n" };

	memcpy(m.source.address, network, family == 2 ? 4 : 16);
	if (!request_parse(&r))
		return false;
	r.req.source_family = of;
	r.req.source = address;
	return route_match_request(&m, &r.req).kind == ROUTE_MATCHES;
}

static void test_sources(void)
{
	static const u8 ten[4] = { 10, 64 }, in[4] = { 10, 127, 1, 2 },
			out[4] = { 10, 128, 1, 2 }, v6[16] = { 10, 64 };

	tap_ok(source_matches(2, ten, 10, 2, in) && !source_matches(2, ten, 10, 2, out),
	       "route: 10.64.0.0/10");
	tap_ok(source_matches(2, ten, 8, 2, out) && !source_matches(2, ten, 16, 2, in) &&
	       source_matches(2, in, 32, 2, in) && !source_matches(2, in, 32, 2, out),
	       "route: networks of whole bytes");
	tap_ok(source_matches(2, ten, 0, 2, out) && !source_matches(2, ten, 0, 10, v6),
	       "route: all of a family, and none of the other");
	tap_ok(source_matches(10, v6, 128, 10, v6) && source_matches(10, v6, 9, 10, v6),
	       "route: IPv6");
}

static void test_client(void)
{
	struct name_ref one = { SPAN("one"), 1 }, two = { SPAN("two"), 2 };
	struct route_match netns = { .source_netns = 7 };
	struct route_match listener = { .listener = one };
	struct request r = { .head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n" };
	bool parsed = request_parse(&r);

	r.req.source_netns = 7;
	r.req.listener = &one;
	tap_ok(parsed &&
	       route_match_request(&netns, &r.req).kind == ROUTE_MATCHES &&
	       route_match_request(&listener, &r.req).kind == ROUTE_MATCHES,
	       "route: the client's namespace and the listener");
	r.req.source_netns = 8;
	r.req.listener = &two;
	tap_ok(parsed && route_match_request(&netns, &r.req).kind ==
	       ROUTE_NETNS_DIFFERS && route_match_request(&listener, &r.req).kind ==
	       ROUTE_LISTENER_DIFFERS, "route: others");
}

static bool is_drawn(u32 fraction, u32 random)
{
	struct route_match m = { .has_fraction = true, .fraction = fraction };
	struct request r = { .head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n" };

	lot = random;
	if (!request_parse(&r))
		return false;
	return route_match_request(&m, &r.req).kind == ROUTE_MATCHES;
}

static void test_fractions(void)
{
	tap_ok(!is_drawn(0, 0) && is_drawn(1000000, UINT32_MAX) &&
	       is_drawn(1, 0) && !is_drawn(999999, UINT32_MAX),
	       "route: none, all, and the ends of chance");
	tap_ok(is_drawn(500000, 0x7fffffff) && !is_drawn(500000, 0x80000000),
	       "route: half of all requests");
}

/* All conditions of a route must hold, and the first route that matches serves. */
static void test_order(void)
{
	static const char * const any[] = { "*" };
	struct value_match header = { .name = SPAN("x-a"), .value = SPAN("1"),
				      .kind = VALUE_MATCH_EXACT };
	struct value_match query = { .name = SPAN("q"),
				     .kind = VALUE_MATCH_PRESENT };
	struct route all[3] = {
		{ .match = { .path_kind = PATH_MATCH_PREFIX, .path = SPAN("/a"),
			     .method = SPAN("GET"), .headers = &header,
			     .nheaders = 1, .query = &query, .nquery = 1 } },
		{ .match = { .path_kind = PATH_MATCH_PREFIX,
			     .path = SPAN("/a") } },
		{ .match = { .path_kind = PATH_MATCH_PREFIX,
			     .path = SPAN("/") } },
	};
	struct route *routes[] = { &all[0], &all[1], &all[2] };
	static const struct {
		const char *head;
		u32 route;
	} cases[] = {
		{ "GET /a?q HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n", 0 },
		{ "PUT /a?q HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n", 1 },
		{ "GET /a?p HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n", 1 },
		{ "GET /a?q HTTP/1.1\r\nHost: a\r\nX-A: 2\r\n\r\n", 1 },
		{ "GET /b?q HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n", 2 },
	};
	const struct route *found = NULL;
	struct request r;
	struct table t;
	u32 i;

	table_make(&t, any, 1, routes, 3);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		strcpy(r.head, cases[i].head);
		if (request_parse(&r))
			found = route_of(&t, &r);
		tap_ok(found == &all[cases[i].route], "route: order, case %u",
		       i);
	}
	table_free(&t);
}

static void test_weights(void)
{
	static const struct weighted_cluster clusters[] = {
		{ .cluster = { SPAN("v1"), 1 }, .weight = 90 },
		{ .cluster = { SPAN("v0"), 0 } },
		{ .cluster = { SPAN("v2"), 2 }, .weight = 10 },
	};
	struct route one = { .clusters = clusters, .nclusters = 1,
			     .total_weight = 90 };
	struct route three = { .clusters = clusters, .nclusters = 3,
			       .total_weight = 100 };
	u32 i, of[3] = { 0 };

	for (i = 0; i < 1000000; i++)
		of[route_pick_cluster(&three, i * 4294U)->cluster.hash]++;
	tap_ok(of[1] > 899000 && of[1] < 901000 && !of[0] &&
	       of[1] + of[2] == 1000000, "route: weights of 90, 0 and 10");
	tap_ok(route_pick_cluster(&three, 0) == &clusters[0] &&
	       route_pick_cluster(&three, UINT32_MAX) == &clusters[2],
	       "route: the ends of chance");
	tap_ok(route_pick_cluster(&one, 0) == &clusters[0] &&
	       route_pick_cluster(&one, UINT32_MAX) == &clusters[0],
	       "route: a single cluster");
	three.total_weight = 0;
	tap_ok(route_pick_cluster(&three, 7), "route: no weight at all");
}

/* A random table of one virtual host, and what its routes point to. */

#define ROUTES_MAX	40
#define VALUES_MAX	3

struct random_table {
	struct table table;
	struct route routes[ROUTES_MAX], *pointers[ROUTES_MAX];
	struct value_match values[ROUTES_MAX][2 * VALUES_MAX];
	void *memory;			/* of the index */
	void *fallbacks[ROUTES_MAX * 2 * VALUES_MAX];
	u32 nfallbacks;
};

static struct regexp_builder builder;

/* Of texts that often are the beginning, the end or a part of each other. */
static struct span random_text(const char * const *texts, u32 n)
{
	return text(texts[tap_random(n)]);
}

static void random_value(struct random_table *t, struct value_match *m, bool query)
{
	static const char * const names[] = { "x-a", "x-b", "X-C", "x-d", "q" };
	static const char * const values[] = { "", "1", "2", "1,2", ",", "11", "112" };

	m->name = query ? random_text(names + 4, 1) : random_text(names, 4);
	m->value = random_text(values, ARRAY_SIZE(values));
	m->kind = tap_random(VALUE_MATCH_ABSENT + 1);
	m->invert = m->kind < VALUE_MATCH_PRESENT && !tap_random(4);
	m->end = 12;
	m->fallback = NULL;
	if (m->kind == VALUE_MATCH_CONTAINS)
		t->fallbacks[t->nfallbacks++] = add_fallback(m);
	if (m->kind == VALUE_MATCH_REGEX)
		m->regexp = &builder.regexp;
}

static void random_match(struct random_table *t, struct route_match *m,
			 struct value_match *values)
{
	static const char * const paths[] = { "/", "/a", "/a/", "/a/b", "/ab",
					      "/a/b/c", "/b" };
	u32 i;

	memset(m, 0, sizeof(*m));
	m->path_kind = tap_random(PATH_MATCH_REGEX + 1);
	if (m->path_kind != PATH_MATCH_ANY)
		m->path = random_text(paths, ARRAY_SIZE(paths));
	m->path_regexp = &builder.regexp;
	if (!tap_random(4))
		m->method = SPAN("GET,PUT");
	m->headers = values;
	m->nheaders = tap_random(VALUES_MAX + 1);
	m->query = values + VALUES_MAX;
	m->nquery = tap_random(2);
	for (i = 0; i < 2 * VALUES_MAX; i++)
		random_value(t, &values[i], i >= VALUES_MAX);
	m->has_fraction = !tap_random(4);
	m->fraction = 500000;
}

static void random_table_make(struct random_table *t)
{
	static const char * const any[] = { "*" };
	u32 i, n = 1 + tap_random(ROUTES_MAX);
	bool specific = tap_random(2);
	size_t bytes = route_index_bytes(n, specific);

	t->nfallbacks = 0;
	for (i = 0; i < n; i++) {
		random_match(t, &t->routes[i].match, t->values[i]);
		t->pointers[i] = &t->routes[i];
	}
	table_make(&t->table, any, 1, t->pointers, n);
	t->memory = calloc(1, bytes + 1);
	if (bytes)
		route_index_build(&t->table.vhosts[0].index, t->memory,
				  t->pointers, n, specific, tap_random(UINT32_MAX));
}

static void random_table_free(struct random_table *t)
{
	table_free(&t->table);
	free(t->memory);
	while (t->nfallbacks--)
		free(t->fallbacks[t->nfallbacks]);
}

static void random_request(struct request *r)
{
	static const char * const lines[] = {
		"GET /", "GET /a", "PUT /a/b", "GET /a/b/c/d", "PUT /ab?q",
		"POST /a/b/c?x&q=112", "GET /b?q=1&q=2", "OPTIONS *", "PUT /a/",
	};
	static const char * const fields[] = {
		"x-a: 1", "X-B: 2", "x-c: 11", "x-b:", "x-a: 2", "x-x: 1", "x-y: 2",
	};
	/* With many of them an index is worth its while. */
	u32 n = tap_random(tap_random(2) ? 90 : 6);
	char *at = r->head;

	at += sprintf(at, "%s HTTP/1.1\r\nHost: a\r\n",
		      lines[tap_random(ARRAY_SIZE(lines))]);
	for (; n; n--)
		at += sprintf(at, "%s\r\n", fields[tap_random(ARRAY_SIZE(fields))]);
	strcpy(at, "\r\n");
}

/* The definition: the first of the order that matches. */
static const struct route *tried_in_turn(const struct random_table *t,
					 const struct request *r)
{
	const struct virtual_host *vh = t->table.t.vhosts[0];
	struct route_request req;
	const struct route *route;
	u32 i;

	for (i = 0; i < vh->nroutes; i++) {
		route = vh->routes[route_index_at(&vh->index, i)];
		route_request_init(&req, &r->p);
		req.random = draw_lot;
		if (route_match_request(&route->match, &req).kind == ROUTE_MATCHES)
			return route;
	}
	return NULL;
}

/* As the engine does it: of each portion nothing is left but the search. */
static const struct route *in_portions(const struct table *t,
				       const struct request *r, int most, u32 *n)
{
	struct route_search search = { 0 };
	const struct virtual_host *vhost;
	const struct route *route;
	struct route_request req;
	bool done;

	*n = 0;
	do {
		route_request_init(&req, &r->p);
		req.random = draw_lot;
		req.search = search;
		req.left = 1 + tap_random(most);
		req.fresh = tap_random(2);
		done = route_table_match(&t->t, &req, &vhost, &route);
		search = req.search;
	} while (++*n < 100000 && !done);
	return route;
}

static void test_portions(void)
{
	static const int most[] = { 1, 100, 3000, 20000 };
	u32 round, i, n, ok = 0, portions = 0;
	static struct random_table t;
	const struct route *wanted;
	struct request r;

	tap_ok(!regexp_compile(&builder, SPAN("/a(/.*)?|1+(,.*)?")),
	       "route: an expression");
	for (round = 0; round < 3000; round++) {
		random_table_make(&t);
		random_request(&r);
		lot = tap_random(2) ? 0 : UINT32_MAX;
		if (!request_parse(&r))
			break;
		wanted = tried_in_turn(&t, &r);
		ok += route_of(&t.table, &r) == wanted;
		for (i = 0; i < ARRAY_SIZE(most); i++) {
			ok += in_portions(&t.table, &r, most[i], &n) == wanted;
			portions += n;
		}
		random_table_free(&t);
	}
	tap_ok(ok == 3000 * 5,
	       "route: %u searches, in %u portions, find what is tried in turn",
	       ok, portions);
}

/* Chance decides once, however often the search is left. */
static void test_one_lot(void)
{
	static const char * const any[] = { "*" };
	struct request r = { .head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n" };
	struct route all[20] = { 0 }, *routes[20];
	struct table t;
	bool none;
	u32 i, n;

	for (i = 0; i < 20; i++) {
		all[i].match.has_fraction = true;
		routes[i] = &all[i];
	}
	table_make(&t, any, 1, routes, 20);
	draws = 0;
	none = request_parse(&r) && !in_portions(&t, &r, 1, &n);
	tap_ok(none && n >= 20 && draws == 1, "route: %u portions, %u lots", n,
	       draws);
	table_free(&t);
}

/* What a search costs grows as what it looks at, not as its square. */
static int cost_of(const struct value_match *values, u32 n, struct request *r)
{
	static const char * const any[] = { "*" };
	struct route *all = calloc(n, sizeof(*all)), **routes = calloc(n, sizeof(*routes));
	struct table t;
	u32 i;

	for (i = 0; i < n; i++) {
		all[i].match.headers = values;
		all[i].match.nheaders = 1;
		routes[i] = &all[i];
	}
	table_make(&t, any, 1, routes, n);
	if (!request_parse(r) || route_of(&t, r))
		tap_ok(false, "route: the test's request is bad");
	table_free(&t);
	free(routes);
	free(all);
	return INT_MAX - r->req.left;
}

/* What it costs to look whether a template has a path of @len bytes without a '/'. */
static int cost_of_template(const char *template, const char *begin, u32 len)
{
	struct route_match m = { .path_kind = PATH_MATCH_TEMPLATE,
				 .path = text(template) };
	struct request r;
	u32 n = sprintf(r.head, "GET %s", begin);

	memset(r.head + n, 'a', len);
	strcpy(r.head + n + len, " HTTP/1.1\r\nHost: a\r\n\r\n");
	if (!request_parse(&r) ||
	    route_match_request(&m, &r.req).kind != ROUTE_PATH_DIFFERS)
		tap_ok(false, "route: %s has %s", template, begin);
	return INT_MAX - r.req.left;
}

/* A segment of the path may be long: text looks at none of it, a variable at all of it. */
static void test_template_cost(void)
{
	int text = cost_of_template("/api/{id}/x", "/", 8000);
	int same = cost_of_template("/api/{id}/x", "/api", 8000);
	int variable = cost_of_template("/api/{id}/x", "/api/", 8000);
	int other = cost_of_template("/api/{id}/x/{of}", "/api/1/", 8000);

	tap_ok(text < 500 && same < 500 && other < 800,
	       "route: text that differs costs nothing more: %d, %d, %d",
	       text, same, other);
	tap_ok(variable > 8000 * 5 && variable < 8000 * 7,
	       "route: a variable costs what it stands for: %d", variable);
}

static void test_cost(void)
{
	struct value_match m = { .name = SPAN("x-tenant-of-client"),
				 .value = SPAN("2"), .kind = VALUE_MATCH_EXACT };
	struct request r;
	int few, many, one;
	char *at = r.head;
	u32 i;

	at += sprintf(at, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (i = 0; i < 90; i++)
		at += sprintf(at, "x-tenant-of-clien%c: 1\r\n", 'a' + i % 19);
	strcpy(at, "\r\n");
	one = cost_of(&m, 1, &r);
	few = cost_of(&m, 100, &r);
	many = cost_of(&m, 1000, &r);
	tap_ok(one > 90 * 18, "route: 90 names that differ at their end: %d", one);
	tap_ok(many - few < 900 * 400,
	       "route: each route more looks for a name, not through all: %d, %d",
	       few, many);
}

/*
 * Looks for a route of the head that @p is ready to parse, in runs that have all of a
 * work's budget. Returns how many it took, or 0 if it came to no end; @most is what the
 * dearest has spent.
 */
static u32 match_in_runs(const struct table *t, struct message *p,
			 const char *head, const struct route **route, int *most)
{
	struct route_search search = { 0 };
	const struct virtual_host *vhost;
	struct route_request req;
	int spent;
	bool done;
	u32 n;

	*most = 0;
	if (parse_bytes(p, head, strlen(head)) != HTTP1_DONE)
		return 0;
	for (n = 1; n <= 100; n++) {
		route_request_init(&req, p);
		req.random = draw_lot;
		req.search = search;
		req.left = BUDGET_WORK;
		done = route_table_match(&t->t, &req, &vhost, route);
		search = req.search;
		spent = BUDGET_WORK - req.left;
		*most = spent > *most ? spent : *most;
		if (done)
			return n;
	}
	return 0;
}

/* The dearest conditions on the longest heads: each portion is one that a run may be. */
static void test_long_head(bool contains)
{
	static const char * const any[] = { "*" };
	static char head[MESSAGE_HEAD_MAX + 1], value[2001];
	static struct message p;
	struct route all[5] = { 0 }, *routes[5];
	struct value_match m = { .name = SPAN("cookie"), .value = { value, 2000 } };
	const struct route *route;
	int most;
	void *fallback = NULL;
	u32 n, i;
	struct table t;

	memset(value, 'a', 2000);
	value[1999] = 'b';
	m.kind = contains ? VALUE_MATCH_CONTAINS : VALUE_MATCH_REGEX;
	m.regexp = &builder.regexp;
	tap_ok(!regexp_compile(&builder, SPAN("a*b")), "route: a long expression");
	if (contains)
		fallback = add_fallback(&m);
	for (i = 0; i < 5; i++) {
		all[i].match.headers = &m;
		all[i].match.nheaders = 1;
		routes[i] = &all[i];
	}
	table_make(&t, any, 1, routes, 5);
	i = sprintf(head, "GET / HTTP/1.1\r\nHost: a\r\nCookie: ");
	memset(head + i, 'a', 60000);
	strcpy(head + i + 60000, "\r\n\r\n");
	http1_init(&p, false);
	n = match_in_runs(&t, &p, head, &route, &most);
	tap_ok(n > 1 && n <= 6 && most < 2 * BUDGET_WORK && !route,
	       "route: a head of 60,000 bytes in %u portions of %d at most", n, most);
	table_free(&t);
	free(fallback);
}

/* Two conditions on a query, each of which nearly takes what a run has, are two runs. */
static void test_long_query(void)
{
	static const char * const any[] = { "*" };
	static char head[24000];
	static struct message p;
	struct value_match m = { .name = SPAN("q"), .value = SPAN("b"),
				 .kind = VALUE_MATCH_CONTAINS };
	struct route all[4] = { 0 }, *routes[4];
	void *fallback = add_fallback(&m);
	const struct virtual_host *vhost;
	const struct route *route;
	struct route_request req;
	int most;
	u32 n, i;
	struct table t;

	for (i = 0; i < 4; i++) {
		all[i].match.query = &m;
		all[i].match.nquery = 1;
		routes[i] = &all[i];
	}
	table_make(&t, any, 1, routes, 4);
	i = sprintf(head, "GET /?q=");
	memset(head + i, 'a', 20000);
	strcpy(head + i + 20000, " HTTP/1.1\r\nHost: a\r\n\r\n");
	http1_init(&p, false);
	p.limits.target = sizeof(head);
	n = match_in_runs(&t, &p, head, &route, &most);
	tap_ok(n == 4 && most <= BUDGET_WORK && !route,
	       "route: a query of 20,000 bytes in %u portions of %d at most", n, most);
	/* Who may not be preempted leaves it. */
	route_request_init(&req, &p);
	req.left = BUDGET_INLINE;
	req.fresh = false;
	tap_ok(!route_table_match(&t.t, &req, &vhost, &route) &&
	       BUDGET_INLINE - req.left < 1000,
	       "route: a long query is left to who has more");
	table_free(&t);
	free(fallback);
}

void test_route(void)
{
	test_domains();
	test_no_domains();
	test_duplicates();
	test_domain_oracle();
	test_many_domains();
	test_valid();
	test_paths();
	test_methods();
	test_connect();
	test_headers();
	test_query();
	test_ranges();
	test_sources();
	test_client();
	test_fractions();
	test_order();
	test_weights();
	test_portions();
	test_one_lot();
	test_template_cost();
	test_cost();
	test_long_query();
	test_long_head(false);
	test_long_head(true);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * route: the route of a table is the one that a naive reading of its rules finds.
 *
 * Input: seed (odd: the most specific route first), then virtual hosts and their
 * routes as lines, an empty line, and the request's host, target and header value
 * as lines:
 *
 *	d DOMAIN	one more domain of the virtual host; a new one after routes
 *	e PATH		a route for exactly this path
 *	p PATH		a route for this prefix; r: raw; s: a suffix; t: a template
 *	h VALUE		its last route wants the header x to have this value
 *	q NAME=VALUE	and this query parameter
 */
#include <ctype.h>

#include "../unit/parse.h"
#include "fuzz.h"
#include "http/path_template.h"
#include "route/route.h"

#define MANY	16

struct host {
	struct virtual_host vh;
	struct span domains[MANY];
	struct route *routes[MANY];
};

struct rule {
	struct route r;
	struct value_match header, query;
};

static struct host hosts[MANY];
static struct rule rules[MANY];
static struct virtual_host *vhosts[MANY];
static struct route *given[MANY];

static void lower(char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = tolower((unsigned char)p[i]);
}

static struct host *add_domain(struct route_table *t, struct span s)
{
	struct host *h = t->nvhosts ? &hosts[t->nvhosts - 1] : NULL;

	if (!route_domain_valid(s))
		return h;
	if (!h || h->vh.nroutes || h->vh.ndomains == MANY) {
		if (t->nvhosts == MANY)
			return h;
		h = &hosts[t->nvhosts];
		memset(h, 0, sizeof(*h));
		h->vh.domains = h->domains;
		h->vh.routes = h->routes;
		vhosts[t->nvhosts++] = &h->vh;
	}
	h->domains[h->vh.ndomains++] = s;
	return h;
}

static struct rule *add_route(struct host *h, struct rule *rule, char kind,
			      struct span path)
{
	if (!h || h->vh.nroutes == MANY || rule == rules + MANY ||
	    !route_path_valid(path) || (kind == 't' && path_template_check(path)))
		return NULL;
	memset(rule, 0, sizeof(*rule));
	rule->r.match.path_kind = kind == 'e' ? PATH_MATCH_EXACT :
				  kind == 'r' ? PATH_MATCH_RAW_PREFIX :
				  kind == 's' ? PATH_MATCH_SUFFIX :
				  kind == 't' ? PATH_MATCH_TEMPLATE :
						PATH_MATCH_PREFIX;
	rule->r.match.path = path;
	h->routes[h->vh.nroutes++] = &rule->r;
	return rule;
}

static void add_match(struct rule *rule, char kind, struct span s)
{
	const char *equals;

	if (kind == 'h') {
		rule->header = (struct value_match){ .name = SPAN("x"), .value = s,
						     .kind = VALUE_MATCH_EXACT };
		rule->r.match.headers = &rule->header;
		rule->r.match.nheaders = 1;
		return;
	}
	equals = s.len ? memchr(s.p, '=', s.len) : NULL;
	if (!equals)
		return;
	rule->query.name = (struct span){ s.p, (u32)(equals - s.p) };
	rule->query.value = (struct span){ equals + 1,
		(u32)(s.len - (equals + 1 - s.p)) };
	rule->query.kind = VALUE_MATCH_EXACT;
	rule->r.match.query = &rule->query;
	rule->r.match.nquery = 1;
}

static void read_table(struct input *in, struct route_table *t)
{
	struct rule *rule = rules, *last = NULL, *made;
	struct host *h = NULL;
	struct span line, rest;

	for (line = take_until(in, '\n'); line.len;
	     line = take_until(in, '\n')) {
		if (line.len < 2)
			continue;
		rest = (struct span){ line.p + 2, line.len - 2 };
		if (*line.p == 'd') {
			h = add_domain(t, rest);
			last = NULL;
		} else if (strchr("eprst", *line.p)) {
			made = add_route(h, rule, *line.p, rest);
			rule += !!made;
			last = made;
		} else if (last && (*line.p == 'h' || *line.p == 'q')) {
			add_match(last, *line.p, rest);
		}
	}
}

/* ---- the naive reading ---- */

enum { NO_MATCH, ANY, PREFIX, SUFFIX, EXACT };

/* How well a domain fits; longer wildcards fit better. */
static u32 fits(struct span d, struct span host)
{
	if (d.len == 1 && *d.p == '*')
		return ANY << 16;
	/* A dot at its end is not a part of a name. */
	d.len -= d.p[d.len - 1] == '.';
	if (*d.p == '*')
		return host.len >= d.len &&
		       !memcmp(d.p + 1, host.p + host.len - (d.len - 1),
			       d.len - 1) ? SUFFIX << 16 | d.len : NO_MATCH;
	if (d.p[d.len - 1] == '*')
		return host.len >= d.len && !memcmp(d.p, host.p, d.len - 1) ?
		       PREFIX << 16 | d.len : NO_MATCH;
	return span_eq(d, host) ? EXACT << 16 : NO_MATCH;
}

static struct virtual_host *naive_host(const struct route_table *t,
				       struct span host)
{
	struct virtual_host *best = NULL;
	u32 i, k, fit, most = 0;

	for (i = 0; i < t->nvhosts; i++) {
		for (k = 0; k < t->vhosts[i]->ndomains; k++) {
			fit = fits(t->vhosts[i]->domains[k], host);
			if (fit > most) {
				most = fit;
				best = t->vhosts[i];
			}
		}
	}
	return best;
}

static bool starts(struct span s, struct span with)
{
	return s.len >= with.len && !memcmp(s.p, with.p, with.len);
}

/* By the number of the segments, and one by one. */
static bool naive_template(struct span want, struct span path)
{
	struct input a = { want.p + 1, want.len - 1 };
	struct input b = { path.p + 1, path.len - 1 };
	bool more_a = true, more_b = true;

	while (more_a && more_b) {
		struct span x, y;

		more_a = a.left && memchr(a.p, '/', a.left);
		x = take_until(&a, '/');
		if (span_eq(x, SPAN("**")))
			return true;
		more_b = b.left && memchr(b.p, '/', b.left);
		y = take_until(&b, '/');
		if (x.len && (*x.p == '{' || *x.p == '*') ? !y.len :
							    !span_eq(x, y))
			return false;
	}
	return more_a == more_b;
}

static bool naive_path(const struct route *r, struct span path)
{
	struct span want = r->match.path;

	switch (r->match.path_kind) {
	case PATH_MATCH_EXACT:
		return span_eq(want, path);
	case PATH_MATCH_RAW_PREFIX:
		return starts(path, want);
	case PATH_MATCH_SUFFIX:
		return path.len >= want.len &&
		       !memcmp(path.p + path.len - want.len, want.p, want.len);
	case PATH_MATCH_TEMPLATE:
		return naive_template(want, path);
	}
	if (want.p[want.len - 1] == '/')
		want.len--;
	return starts(path, want) &&
	       (path.len == want.len || path.p[want.len] == '/');
}

static bool naive_query(const struct route *r, struct span query)
{
	struct input in = { query.p, query.len };
	struct span part, name;
	struct input pair;

	if (!r->match.nquery)
		return true;
	while (in.left) {
		part = take_until(&in, '&');
		pair = (struct input){ part.p, part.len };
		name = take_until(&pair, '=');
		if (span_eq(name, r->match.query->name))
			return span_eq((struct span){ pair.p, pair.left },
				       r->match.query->value);
	}
	return false;
}

static const struct route *naive(const struct route_table *t,
				 const struct route_request *req,
				 struct span x)
{
	char host[256];
	struct virtual_host *vh;
	struct route *r;
	u32 i;

	must_hold(req->host.len < sizeof(host));
	memcpy(host, req->host.p, req->host.len);
	lower(host, req->host.len);
	vh = naive_host(t, (struct span){ host, req->host.len });
	for (i = 0; vh && i < vh->nroutes; i++) {
		r = vh->routes[route_index_at(&vh->index, i)];
		if (naive_path(r, req->path) && naive_query(r, req->query) &&
		    (!r->match.nheaders ||
		     span_eq(r->match.headers->value, x)))
			return r;
	}
	return NULL;
}

/* Is @a to be tried before @b, in Gateway API's order? */
static bool precedes(const struct route_match *a, const struct route_match *b)
{
	static const u8 ranks[] = {
		[PATH_MATCH_EXACT] = 0, [PATH_MATCH_TEMPLATE] = 1,
		[PATH_MATCH_SUFFIX] = 1, [PATH_MATCH_PREFIX] = 2,
		[PATH_MATCH_RAW_PREFIX] = 2,
	};

	if (ranks[a->path_kind] != ranks[b->path_kind])
		return ranks[a->path_kind] < ranks[b->path_kind];
	if (a->path.len != b->path.len)
		return a->path.len > b->path.len;
	if (a->nheaders != b->nheaders)
		return a->nheaders > b->nheaders;
	return a->nquery > b->nquery;
}

/* Sorted by insertion, so that equals stay in order, with an index as it was. */
static void arrange(struct virtual_host *vh, bool specific, u64 seed)
{
	size_t bytes = route_index_bytes(vh->nroutes, specific);
	u32 i, k;

	memset(&vh->index, 0, sizeof(vh->index));
	if (bytes)
		route_index_build(&vh->index, calloc(1, bytes), vh->routes,
				  vh->nroutes, specific, seed);
	if (!specific)
		return;
	memcpy(given, vh->routes, vh->nroutes * sizeof(*given));
	for (i = 1; i < vh->nroutes; i++) {
		struct route *r = given[i];

		for (k = i; k && precedes(&r->match, &given[k - 1]->match); k--)
			given[k] = given[k - 1];
		given[k] = r;
	}
	for (i = 0; i < vh->nroutes; i++)
		must_hold(given[i] ==
			  vh->routes[route_index_at(&vh->index, i)]);
}

static u32 chance(void)
{
	return 0;
}

static void ask(struct input *in, const struct route_table *t)
{
	struct span host = take_until(in, '\n'), target = take_until(in, '\n');
	struct span x = take_until(in, '\n');
	static struct message p;
	const struct virtual_host *vhost;
	struct route_search search = { 0 };
	struct route_request req;
	const struct route *found;
	char head[1024];
	bool done;
	int len;

	if (host.len > 200 || target.len > 300 || x.len > 300)
		return;
	len = snprintf(head, sizeof(head),
		       "GET %.*s HTTP/1.1\r\nHost: %.*s\r\nX: %.*s\r\n\r\n",
		       (int)target.len, target.p, (int)host.len, host.p,
		       (int)x.len, x.p);
	http1_init(&p, false);
	/* An absolute target has a path that may be empty: the matcher's own. */
	if (!target.len || *target.p != '/' ||
	    parse_bytes(&p, head, len) != HTTP1_DONE)
		return;
	/* In the smallest portions. */
	do {
		route_request_init(&req, &p);
		req.random = chance;
		req.search = search;
		req.left = 1;
		done = route_table_match(t, &req, &vhost, &found);
		search = req.search;
	} while (!done);
	must_hold(found == naive(t, &req, message_get(&p, SPAN("x"))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = copy_of((const char *)data, size);
	struct input in = { copy, size };
	struct route_table t = { .vhosts = vhosts };
	struct domain_slot *slots;
	struct span dup;
	bool specific;
	u32 n, i;

	t.seed = take_number(&in, 2);
	specific = t.seed & 1;
	read_table(&in, &t);
	n = route_table_slots(&t);
	slots = calloc(n ? n : 1, sizeof(*slots));
	for (i = 0; i < t.nvhosts; i++)
		arrange(t.vhosts[i], specific, t.seed);
	if (!route_table_compile(&t, slots, &dup))
		while (in.left)
			ask(&in, &t);
	for (i = 0; i < t.nvhosts; i++)
		free(t.vhosts[i]->index.slots);
	free(slots);
	free(copy);
	return 0;
}

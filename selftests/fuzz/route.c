// SPDX-License-Identifier: GPL-2.0
/*
 * route: the route of a table is the one that a naive reading of its rules finds.
 *
 * Input: seed, then virtual hosts and their routes as lines, an empty line, and
 * the request's host, target and header value as lines:
 *
 *	d DOMAIN	one more domain of the virtual host; a new one after routes
 *	e PATH		a route for exactly this path
 *	p PATH		a route for this prefix
 *	h VALUE		its last route wants the header x to have this value
 *	q NAME=VALUE	and this query parameter
 */
#include <ctype.h>

#include "fuzz.h"
#include "route.h"

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
	    !route_path_valid(path))
		return NULL;
	memset(rule, 0, sizeof(*rule));
	rule->r.path_kind = kind == 'e' ? PATH_MATCH_EXACT : PATH_MATCH_PREFIX;
	rule->r.path = path;
	h->routes[h->vh.nroutes++] = &rule->r;
	return rule;
}

static void add_match(struct rule *rule, char kind, struct span s)
{
	const char *equals;

	if (kind == 'h') {
		rule->header = (struct value_match){ SPAN("x"), s,
						     VALUE_MATCH_EXACT };
		rule->r.headers = &rule->header;
		rule->r.nheaders = 1;
		return;
	}
	equals = s.len ? memchr(s.p, '=', s.len) : NULL;
	if (!equals)
		return;
	rule->query.name = (struct span){ s.p, (u32)(equals - s.p) };
	rule->query.value = (struct span){ equals + 1,
		(u32)(s.len - (equals + 1 - s.p)) };
	rule->query.kind = VALUE_MATCH_EXACT;
	rule->r.query = &rule->query;
	rule->r.nquery = 1;
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
		} else if (*line.p == 'e' || *line.p == 'p') {
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

static bool naive_path(const struct route *r, struct span path)
{
	struct span want = r->path;

	if (r->path_kind == PATH_MATCH_EXACT)
		return span_eq(want, path);
	if (!path.len)
		return false;
	if (want.p[want.len - 1] == '/')
		want.len--;
	if (path.len < want.len || memcmp(path.p, want.p, want.len))
		return false;
	return path.len == want.len || path.p[want.len] == '/';
}

static bool naive_query(const struct route *r, struct span query)
{
	struct input in = { query.p, query.len };
	struct span part, name;
	struct input pair;

	if (!r->nquery)
		return true;
	while (in.left) {
		part = take_until(&in, '&');
		pair = (struct input){ part.p, part.len };
		name = take_until(&pair, '=');
		if (span_eq(name, r->query->name))
			return span_eq((struct span){ pair.p, pair.left },
				       r->query->value);
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
		r = vh->routes[i];
		if (naive_path(r, req->path) && naive_query(r, req->query) &&
		    (!r->nheaders || span_eq(r->headers->value, x)))
			return r;
	}
	return NULL;
}

/* The values as the parser has them: without white space around. */
static struct span field(const struct http1_parser *p, const char *head,
			 struct span name)
{
	const struct http1_field *f = http1_find(p, head, name);

	return f ? http1_span(head, f->value, f->value_len) : SPAN("");
}

static void ask(struct input *in, const struct route_table *t)
{
	struct span host = take_until(in, '\n'), target = take_until(in, '\n');
	struct span x = take_until(in, '\n');
	static struct http1_parser p;
	struct route_request req;
	char head[1024];
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
	    http1_parse(&p, head, len) != HTTP1_DONE)
		return;
	route_request_init(&req, &p, head);
	must_hold(route_table_match(t, &req) ==
		  naive(t, &req, field(&p, head, SPAN("x"))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = copy_of((const char *)data, size);
	struct input in = { copy, size };
	struct route_table t = { .vhosts = vhosts };
	struct domain_slot *slots;
	struct span dup;
	u32 n;

	t.seed = take_number(&in, 2);
	read_table(&in, &t);
	n = route_table_slots(&t);
	slots = calloc(n ? n : 1, sizeof(*slots));
	if (!route_table_compile(&t, slots, &dup))
		while (in.left)
			ask(&in, &t);
	free(slots);
	free(copy);
	return 0;
}

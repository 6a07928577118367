// SPDX-License-Identifier: GPL-2.0
/* route: see route.h. */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/minmax.h>

#include "route.h"

/* Domains. */

/* RFC 1035 2.3.4, as text, and room for a final dot. */
#define DOMAIN_LEN_MAX	254

enum domain_kind {
	DOMAIN_EXACT,
	DOMAIN_SUFFIX,		/* "*.example.com" */
	DOMAIN_PREFIX,		/* "example.*" */
	DOMAIN_ANY,		/* "*" */
};

static enum domain_kind domain_kind(struct span domain)
{
	if (domain.len == 1 && domain.p[0] == '*')
		return DOMAIN_ANY;
	if (domain.p[0] == '*')
		return DOMAIN_SUFFIX;
	if (domain.p[domain.len - 1] == '*')
		return DOMAIN_PREFIX;
	return DOMAIN_EXACT;
}

/* The domain without its asterisk. */
static struct span domain_text(struct span domain)
{
	switch (domain_kind(domain)) {
	case DOMAIN_SUFFIX:
		return (struct span){ domain.p + 1, domain.len - 1 };
	case DOMAIN_PREFIX:
		return (struct span){ domain.p, domain.len - 1 };
	default:
		return domain;
	}
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.' || c == '_';
}

bool route_domain_valid(struct span domain)
{
	struct span text;
	u32 i;

	if (!domain.len || domain.len > DOMAIN_LEN_MAX)
		return false;
	if (domain_kind(domain) == DOMAIN_ANY)
		return true;
	if (domain.p[0] == '[') {
		for (i = 0; i < domain.len; i++)
			if (domain.p[i] != ascii_lower(domain.p[i]))
				return false;
		return domain.p[domain.len - 1] == ']' &&
		       http1_authority_valid(domain);
	}
	text = domain_text(domain);
	for (i = 0; i < text.len; i++)
		if (!name_char(text.p[i]))
			return false;
	return true;
}

bool route_path_valid(struct span path)
{
	u32 i;

	if (!path.len || path.p[0] != '/')
		return false;
	for (i = 0; i < path.len; i++)
		if (path.p[i] <= ' ' || path.p[i] >= 0x7f ||
		    path.p[i] == '?' || path.p[i] == '#')
			return false;
	return true;
}

/*
 * A hash that grows by a byte at a time, so that one pass over a host gives the
 * hashes of all its prefixes (or, backwards, of all its suffixes). Seeded, or
 * whoever writes a mesh file could make every probe a long one.
 */
static inline u64 hash_byte(u64 state, char c)
{
	state = (state ^ (u8)ascii_lower(c)) * 0x9e3779b97f4a7c15ULL;
	return state ^ state >> 29;
}

static inline u32 hash_end(u64 state)
{
	return state >> 32 ^ state;
}

static u32 hash_text(u64 seed, struct span text, bool backwards)
{
	u64 state = seed;
	u32 i;

	for (i = 0; i < text.len; i++)
		state = hash_byte(state,
				  text.p[backwards ? text.len - 1 - i : i]);
	return hash_end(state);
}

/*
 * The slot of @text, or the empty one where it would be. An index is at most
 * half full, so the probe ends.
 */
static struct domain_slot *domain_slot(const struct domain_index *index,
				       u32 hash, struct span text)
{
	struct domain_slot *slot;
	u32 i;

	for (i = hash & index->mask;; i = (i + 1) & index->mask) {
		slot = &index->slots[i];
		if (!slot->vhost || (slot->hash == hash &&
				     span_eq_nocase(slot->text, text)))
			return slot;
	}
}

/* Looks up the whole host. Return: index of the virtual host + 1, or 0. */
static u32 match_exact(const struct domain_index *index, u64 seed,
		       struct span host)
{
	if (!index->slots || host.len < index->min_len ||
	    host.len > index->max_len)
		return 0;
	return domain_slot(index, hash_text(seed, host, false), host)->vhost;
}

/* The longest text that starts the host, or ends it, and is not all of it. */
static u32 match_wildcard(const struct domain_index *index, u64 seed,
			  struct span host, bool backwards)
{
	u32 len, limit, vhost, best = 0;
	u64 state = seed;
	struct span text;

	if (!index->slots || !host.len)
		return 0;
	limit = min(host.len - 1, index->max_len);
	for (len = 1; len <= limit; len++) {
		text.p = backwards ? host.p + host.len - len : host.p;
		text.len = len;
		state = hash_byte(state, text.p[backwards ? 0 : len - 1]);
		if (len < index->min_len)
			continue;
		vhost = domain_slot(index, hash_end(state), text)->vhost;
		if (vhost)
			best = vhost;
	}
	return best;
}

static const struct virtual_host *match_host(const struct route_table *t,
					     struct span host)
{
	u32 vhost = match_exact(&t->exact, t->seed, host);

	if (!vhost)
		vhost = match_wildcard(&t->suffix, t->seed, host, true);
	if (!vhost)
		vhost = match_wildcard(&t->prefix, t->seed, host, false);
	if (!vhost)
		vhost = t->any;
	return vhost ? t->vhosts[vhost - 1] : NULL;
}

/* Compiling. */

struct domain_counts {
	u32 of[DOMAIN_ANY + 1];
};

static void count_domains(const struct route_table *t, struct domain_counts *n)
{
	u32 i, k;

	memset(n, 0, sizeof(*n));
	for (i = 0; i < t->nvhosts; i++)
		for (k = 0; k < t->vhosts[i]->ndomains; k++)
			n->of[domain_kind(t->vhosts[i]->domains[k])]++;
}

static u32 index_slots(u32 domains)
{
	return domains ? roundup_pow_of_two(2 * domains) : 0;
}

u32 route_table_slots(const struct route_table *t)
{
	struct domain_counts n;

	count_domains(t, &n);
	return index_slots(n.of[DOMAIN_EXACT]) +
	       index_slots(n.of[DOMAIN_SUFFIX]) +
	       index_slots(n.of[DOMAIN_PREFIX]);
}

/* Return: the slots after those of this index. */
static struct domain_slot *index_init(struct domain_index *index,
				      struct domain_slot *slots, u32 domains)
{
	u32 n = index_slots(domains);

	index->slots = n ? slots : NULL;
	index->mask = n - 1;
	index->max_len = 0;
	index->min_len = U32_MAX;
	return slots + n;
}

static int index_add(struct domain_index *index, u64 seed, struct span text,
		     bool backwards, u32 vhost)
{
	u32 hash = hash_text(seed, text, backwards);
	struct domain_slot *slot = domain_slot(index, hash, text);

	if (slot->vhost)
		return -EEXIST;
	slot->hash = hash;
	slot->vhost = vhost;
	slot->text = text;
	index->max_len = max(index->max_len, text.len);
	index->min_len = min(index->min_len, text.len);
	return 0;
}

static int add_domain(struct route_table *t, struct span domain, u32 vhost)
{
	struct span text = domain_text(domain);

	switch (domain_kind(domain)) {
	case DOMAIN_EXACT:
		return index_add(&t->exact, t->seed, text, false, vhost);
	case DOMAIN_SUFFIX:
		return index_add(&t->suffix, t->seed, text, true, vhost);
	case DOMAIN_PREFIX:
		return index_add(&t->prefix, t->seed, text, false, vhost);
	default:
		if (t->any)
			return -EEXIST;
		t->any = vhost;
		return 0;
	}
}

int route_table_compile(struct route_table *t, struct domain_slot *slots,
			struct span *dup)
{
	struct domain_counts n;
	u32 i, k;
	int err;

	count_domains(t, &n);
	slots = index_init(&t->exact, slots, n.of[DOMAIN_EXACT]);
	slots = index_init(&t->suffix, slots, n.of[DOMAIN_SUFFIX]);
	index_init(&t->prefix, slots, n.of[DOMAIN_PREFIX]);
	t->any = 0;
	for (i = 0; i < t->nvhosts; i++) {
		for (k = 0; k < t->vhosts[i]->ndomains; k++) {
			*dup = t->vhosts[i]->domains[k];
			err = add_domain(t, *dup, i + 1);
			if (err)
				return err;
		}
	}
	return 0;
}

/* Matching. */

static bool match_value(const struct value_match *m, struct span value)
{
	switch (m->kind) {
	case VALUE_MATCH_EXACT:
		return span_eq(value, m->value);
	case VALUE_MATCH_PREFIX:
		return span_starts_with(value, m->value);
	default:
		return true;
	}
}

static bool match_header(const struct value_match *m,
			 const struct route_request *req)
{
	const struct http1_field *f = req->parser->fields;
	const struct http1_field *end = f + req->parser->nfields;

	for (; f < end; f++) {
		if (f->name_len != m->name.len ||
		    !span_eq_nocase(http1_span(req->head, f->name, f->name_len),
				    m->name))
			continue;
		if (match_value(m, http1_span(req->head, f->value,
					      f->value_len)))
			return m->kind != VALUE_MATCH_ABSENT;
	}
	return m->kind == VALUE_MATCH_ABSENT;
}

/* The part of @s before the first @c, or all of it; @s becomes what follows. */
static struct span cut(struct span *s, char c)
{
	const char *at = memchr(s->p, c, s->len);
	struct span head = *s;

	if (at) {
		head.len = at - s->p;
		s->p = at + 1;
		s->len -= head.len + 1;
	} else {
		s->p += s->len;
		s->len = 0;
	}
	return head;
}

/* Only the first parameter of a name counts. */
static bool match_query(const struct value_match *m, struct span query)
{
	struct span value;

	while (query.len) {
		value = cut(&query, '&');
		if (span_eq(cut(&value, '='), m->name))
			return m->kind != VALUE_MATCH_ABSENT &&
			       match_value(m, value);
	}
	return m->kind == VALUE_MATCH_ABSENT;
}

/*
 * Whole segments: what follows the prefix is nothing or starts with '/'. CONNECT
 * has no path, of which nothing is a prefix.
 */
static bool match_prefix(struct span path, struct span prefix)
{
	if (!path.len)
		return false;
	if (prefix.p[prefix.len - 1] == '/')
		prefix.len--;
	return span_starts_with(path, prefix) &&
	       (path.len == prefix.len || path.p[prefix.len] == '/');
}

static bool match_path(const struct route *r, struct span path)
{
	switch (r->path_kind) {
	case PATH_MATCH_EXACT:
		return span_eq(path, r->path);
	case PATH_MATCH_PREFIX:
		return match_prefix(path, r->path);
	default:
		return true;
	}
}

static bool match_route(const struct route *r, const struct route_request *req)
{
	u32 i;

	if (!match_path(r, req->path))
		return false;
	if (r->method.len && !span_eq(r->method, req->method))
		return false;
	for (i = 0; i < r->nheaders; i++)
		if (!match_header(&r->headers[i], req))
			return false;
	for (i = 0; i < r->nquery; i++)
		if (!match_query(&r->query[i], req->query))
			return false;
	return true;
}

void route_request_init(struct route_request *req,
			const struct http1_parser *p, const char *head)
{
	req->host = http1_span(head, p->host, p->host_len);
	req->method = http1_span(head, p->method, p->method_len);
	req->path = http1_span(head, p->path, p->path_len);
	req->query = http1_span(head, p->query, p->query_len);
	req->parser = p;
	req->head = head;
	/* absolute-form without path: RFC 9110 4.2.3. CONNECT has none at all. */
	if (!req->path.len && !p->connect)
		req->path = SPAN("/");
}

const struct route *route_table_match(const struct route_table *t,
				      const struct route_request *req)
{
	const struct virtual_host *vhost = match_host(t, req->host);
	u32 i;

	if (!vhost)
		return NULL;
	for (i = 0; i < vhost->nroutes; i++)
		if (match_route(vhost->routes[i], req))
			return vhost->routes[i];
	return NULL;
}

const struct name_ref *route_pick_cluster(const struct route *r, u32 random)
{
	const struct weighted_cluster *c = r->clusters;
	u32 point = (u64)random * r->total_weight >> 32;

	for (; c < r->clusters + r->nclusters - 1; c++) {
		if (point < c->weight)
			break;
		point -= c->weight;
	}
	return &c->cluster;
}

// SPDX-License-Identifier: GPL-2.0
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/minmax.h>

#include "http/authority.h"
#include "lib/text_hash.h"
#include "route/route.h"

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

/* The domain without its asterisk, and without a dot at its end: hosts have none. */
static struct span domain_text(struct span domain)
{
	struct span text = domain;

	if (domain_kind(domain) == DOMAIN_PREFIX)
		return (struct span){ domain.p, domain.len - 1 };
	if (domain_kind(domain) == DOMAIN_SUFFIX)
		text = span_from(domain, 1);
	text.len -= text.len && text.p[text.len - 1] == '.';
	return text;
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.' || c == '_';
}

/* A colon and a number that is one. */
static bool port_valid(struct span s)
{
	u32 i, port = 0;

	for (i = 1; i < s.len && port <= U16_MAX; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		port = port * 10 + s.p[i] - '0';
	}
	return s.p[0] == ':' && s.len > 1 && port <= U16_MAX;
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
		return domain.p[domain.len - 1] != ':' &&
		       authority_valid(domain);
	}
	text = domain_text(domain);
	for (i = 0; i < text.len && name_char(text.p[i]); i++)
		;
	if (i == text.len)
		return i;
	return i && text.p[i - 1] != '.' && domain_kind(domain) != DOMAIN_PREFIX &&
	       port_valid(span_from(text, i));
}

/* Without case. */
static inline u64 hash_byte(u64 state, char c)
{
	return text_hash_byte(state, ascii_lower(c));
}

static u32 hash_text(u64 seed, struct span text, bool backwards)
{
	u64 state = seed;
	u32 i;

	for (i = 0; i < text.len; i++)
		state = hash_byte(state,
				  text.p[backwards ? text.len - 1 - i : i]);
	return text_hash_end(state);
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
		vhost = domain_slot(index, text_hash_end(state), text)->vhost;
		if (vhost)
			best = vhost;
	}
	return best;
}

const struct virtual_host *route_table_host(const struct route_table *t,
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

bool route_table_match(const struct route_table *t, struct route_request *req,
		       const struct virtual_host **vhost,
		       const struct route **route)
{
	const struct virtual_host *vh;

	vh = route_table_host(t, req->match_port ?
			      message_authority(req->message) : req->host);
	*vhost = vh;
	*route = NULL;
	return !vh || route_index_match(&vh->index, vh->routes, vh->nroutes, req,
					route);
}

const struct weighted_cluster *route_pick_cluster(const struct route *r,
						  u32 random)
{
	const struct weighted_cluster *c = r->clusters;
	u32 point = (u64)random * r->total_weight >> 32;

	for (; c < r->clusters + r->nclusters - 1; c++) {
		if (point < c->weight)
			break;
		point -= c->weight;
	}
	return c;
}

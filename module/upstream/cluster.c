// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/slab.h>
#include <uapi/linux/l7mesh.h>
#include "lib/account.h"
#include "lib/pack.h"
#include "lib/stats.h"
#include "lib/text.h"
#include "upstream/cluster.h"
#include "upstream/cluster_sets.h"
#include "upstream/cluster_state.h"

/*
 * Each cluster is charged for all its endpoints, also for those that it shares with
 * another version of itself: an endpoint does not know its account.
 */
static size_t endpoints_bytes(u32 n)
{
	return (size_t)n * sizeof(struct endpoint);
}

static size_t members_bytes(u32 capacity)
{
	return (size_t)capacity * sizeof(struct member);
}

static void pack_localities(struct packer *p, struct cluster *c)
{
	struct locality *l;
	u32 i;

	l = pack_array(p, c->localities, c->nlocalities * sizeof(*l));
	c->localities = l;
	for (i = 0; i < c->nlocalities; i++)
		pack_span(p, &l[i].name);
}

static void pack_subsets(struct packer *p, struct cluster *c)
{
	struct subset *s;
	u32 i;

	s = pack_array(p, c->subsets, c->nsubsets * sizeof(*s));
	c->subsets = s;
	for (i = 0; i < c->nsubsets; i++) {
		pack_span(p, &s[i].name);
		pack_span(p, &s[i].metadata);
	}
}

static void pack_cluster(struct packer *p, void *object)
{
	struct cluster *c = object;

	hash_policies_pack(p, &c->hash);
	pack_localities(p, c);
	pack_subsets(p, c);
	pack_span(p, &c->session.cookie.name);
	pack_span(p, &c->session.cookie.cookie_path);
	pack_span(p, &c->dns.name);
	c->health.status = pack_array(p, c->health.status, c->health.nstatus *
				      sizeof(*c->health.status));
	pack_span(p, &c->health.path);
	pack_span(p, &c->health.host);
	pack_span(p, &c->name.name);
}

struct cluster *cluster_clone(struct account *account,
			      const struct cluster *spec)
{
	/* Members, tables and turns of another version are not copied. */
	struct cluster like = {
		.name = spec->name, .options = spec->options,
		.hash = spec->hash,
		.session = spec->session,
		.dns = spec->dns,
		.health = spec->health,
		.localities = spec->localities,
		.nlocalities = spec->nlocalities,
		.subsets = spec->subsets,
		.nsubsets = spec->nsubsets,
	};
	struct cluster *c;

	c = pack_clone(account, &like, sizeof(like), pack_cluster, SIZE_MAX,
		       &like.bytes);
	if (IS_ERR(c))
		return c;
	refcount_set(&c->ref, 1);
	stats_object_created(OBJECT_CLUSTER);
	return c;
}

void cluster_put(struct account *account, struct cluster *c)
{
	u32 i;

	if (!c || !refcount_dec_and_test(&c->ref))
		return;
	for (i = 0; i < c->nmembers; i++)
		endpoint_put(c->members[i].ep);
	account_uncharge(account, endpoints_bytes(c->nmembers));
	cluster_sets_free(account, c);
	account_free(account, c->members, members_bytes(c->capacity));
	account_free(account, c->metadata, c->metadata_bytes);
	cluster_state_put(c->state);
	stats_object_destroyed(OBJECT_CLUSTER);
	account_free(account, c, c->bytes);
}

static void find_families(struct cluster *c)
{
	u32 i;

	for (i = 0; i < c->nmembers; i++) {
		if (c->members[i].ep->address.family == AF_INET6)
			c->has_v6 = true;
		else
			c->has_v4 = true;
	}
}

/* Until now it is where the members come from. */
static int own_metadata(struct account *account, struct cluster *c, u32 n)
{
	size_t bytes = 0;
	char *text;
	u32 i;

	for (i = 0; i < n; i++)
		bytes += c->members[i].metadata.len;
	if (!bytes)
		return 0;
	text = account_new(account, bytes);
	if (IS_ERR(text))
		return PTR_ERR(text);
	c->metadata = text;
	c->metadata_bytes = bytes;
	for (i = 0; i < n; i++)
		c->members[i].metadata = text_copy(&text, c->members[i].metadata);
	return 0;
}

int cluster_set_members(struct account *account, struct cluster *c,
			struct member *members, u32 n, u32 capacity)
{
	u32 i;
	int err;

	c->members = members;
	c->capacity = capacity;
	if (!n)
		return 0;
	err = own_metadata(account, c, n) ?:
	      account_charge(account, endpoints_bytes(n));
	if (err) {
		for (i = 0; i < n; i++)
			endpoint_put(members[i].ep);
		return err;
	}
	c->nmembers = n;
	find_families(c);
	return 0;
}

static int take_state(struct account *account, struct cluster *c,
		      const struct cluster *prev)
{
	struct cluster_state *s;

	if (prev)
		s = cluster_state_get(prev->state);
	else
		s = cluster_state_alloc(account);
	if (IS_ERR(s))
		return PTR_ERR(s);
	c->state = s;
	return 0;
}

int cluster_finish(struct account *account, struct cluster *c,
		   const struct cluster *prev)
{
	int err = take_state(account, c, prev);

	return err || !c->nmembers ? err : cluster_sets_make(account, c);
}

static bool localities_equal(const struct cluster *a, const struct cluster *b)
{
	u32 i;

	if (a->nlocalities != b->nlocalities)
		return false;
	for (i = 0; i < a->nlocalities; i++)
		if (!span_eq(a->localities[i].name, b->localities[i].name) ||
		    a->localities[i].weight != b->localities[i].weight)
			return false;
	return true;
}

static bool subsets_equal(const struct cluster *a, const struct cluster *b)
{
	u32 i;

	if (a->nsubsets != b->nsubsets)
		return false;
	for (i = 0; i < a->nsubsets; i++)
		if (!span_eq(a->subsets[i].name, b->subsets[i].name) ||
		    !span_eq(a->subsets[i].metadata, b->subsets[i].metadata))
			return false;
	return true;
}

static bool settings_equal(const struct cluster *a, const struct cluster *b)
{
	return cluster_options_equal(&a->options, &b->options) &&
	       health_check_equal(&a->health, &b->health) &&
	       hash_policy_equal(&a->session.cookie, &b->session.cookie) &&
	       dns_equal(&a->dns, &b->dns) &&
	       localities_equal(a, b) && subsets_equal(a, b) &&
	       hash_policies_equal(&a->hash, &b->hash);
}

bool cluster_equal(const struct cluster *a, const struct cluster *b)
{
	u32 i;

	if (!settings_equal(a, b) || a->nmembers != b->nmembers)
		return false;
	for (i = 0; i < a->nmembers; i++)
		if (a->members[i].weight != b->members[i].weight ||
		    a->members[i].priority != b->members[i].priority ||
		    a->members[i].locality != b->members[i].locality ||
		    !span_eq(a->members[i].metadata, b->members[i].metadata) ||
		    !address_eq(&a->members[i].ep->address,
				&b->members[i].ep->address))
			return false;
	return true;
}

struct member *cluster_member(const struct cluster *c,
			      const struct address *address)
{
	char key[ADDRESS_TEXT_MAX], text[ADDRESS_TEXT_MAX];
	u32 low = 0, high = c->nmembers;

	address_text(address, key);
	while (low < high) {
		u32 middle = low + (high - low) / 2;
		int order;

		address_text(&c->members[middle].ep->address, text);
		order = strcmp(key, text);
		if (!order)
			return &c->members[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

u8 cluster_locality(const struct cluster *c, struct span name)
{
	u32 i;

	for (i = 0; i < c->nlocalities; i++)
		if (span_eq(c->localities[i].name, name))
			return i;
	return LOCALITY_NONE;
}

static u32 subset_index(const struct cluster *c, struct span name)
{
	u32 i;

	for (i = 0; i < c->nsubsets; i++)
		if (span_eq(c->subsets[i].name, name))
			break;
	return i;
}

bool cluster_has_subset(const struct cluster *c, struct span name)
{
	return subset_index(c, name) < c->nsubsets;
}

struct roster *cluster_roster(struct cluster *c, struct span subset)
{
	u32 i;

	if (!subset.len)
		return &c->all;
	i = subset_index(c, subset);
	return i < c->nsubsets ? &c->rosters[i] : NULL;
}

// SPDX-License-Identifier: GPL-2.0
#include "authz/workload.h"

#include <linux/err.h>
#include <linux/l7mesh.h>
#include <linux/stringify.h>

#include "authz/authz_count.h"
#include "lib/account.h"
#include "lib/attr.h"
#include "lib/metadata.h"
#include "lib/objset.h"
#include "lib/pack.h"
#include "lib/refusal.h"
#include "lib/stats.h"

/* Of whoever says nothing else: Kubernetes' own. */
#define TRUST_DOMAIN	"cluster.local"

struct workload workload_spec(const struct name_ref *name)
{
	return (struct workload){
		.name = *name,
		.exempt_node = true,
	};
}

static int take_address(struct address *a, const struct nlattr *item, struct refusal *r)
{
	struct in6_addr v6;

	if (nla_len(item) == sizeof(__be32)) {
		address_set_v4(a, nla_get_in_addr(item), 0);
	} else if (nla_len(item) == sizeof(v6)) {
		v6 = nla_get_in6_addr(item);
		address_set_v6(a, &v6, 0);
	} else {
		return refusal_set_attr(r, item, -EINVAL, "an address has 4 or 16 bytes");
	}
	if (!address_is_host(a))
		return refusal_set_attr(r, item, -EINVAL, "nobody can have this address");
	return 0;
}

static int take_addresses(struct workload *w, struct workload_parser *p,
			  const struct nlattr *list, struct refusal *r)
{
	const struct nlattr *item;
	u32 count = 0;
	int rem, err;

	nla_for_each_nested(item, list, rem) {
		if (count == WORKLOAD_ADDRESSES_MAX)
			return refusal_set_attr(r, item, -E2BIG, "more than "
						__stringify(WORKLOAD_ADDRESSES_MAX)
						" addresses");
		err = take_address(&p->addresses[count++], item, r);
		if (err)
			return err;
	}
	w->addresses = p->addresses;
	w->naddresses = count;
	return 0;
}

static int take_name(struct span *to, const struct nlattr *nla, struct refusal *r)
{
	struct name_ref name;
	int err;

	if (!nla)
		return 0;
	err = attr_name(nla, &name, r);
	if (!err)
		*to = name.name;
	return err;
}

/* A part of an identity, where slashes part it from others. */
static int take_part(struct span *to, const struct nlattr *nla, struct refusal *r)
{
	int err = take_name(to, nla, r);

	if (!err && nla && memchr(to->p, '/', to->len))
		err = refusal_set_attr(r, nla, -EINVAL, "a / is part of no such name");
	return err;
}

static int take_labels(struct span *to, const struct nlattr *nla, struct refusal *r)
{
	const char *problem;

	if (!nla)
		return 0;
	*to = attr_span(nla);
	problem = metadata_problem(*to);
	return problem ? refusal_set_attr(r, nla, -EINVAL, "%s", problem) : 0;
}

static int take_excluded(struct workload *w, struct workload_parser *p,
			 const struct nlattr *nla, struct refusal *r)
{
	const char *problem;

	if (!nla)
		return 0;
	w->exclude_ports = attr_span(nla);
	w->excluded = p->excluded;
	problem = port_list_parse(w->exclude_ports, p->excluded, &w->nexcluded);
	return problem ? refusal_set_attr(r, nla, -EINVAL, "%s", problem) : 0;
}

static void make_principal(struct workload *w, struct workload_parser *p)
{
	struct span principal = {};

	if (w->identity.len) {
		principal = span_from(w->identity, strlen(WORKLOAD_SPIFFE));
	} else if (w->namespace.name.len && w->service_account.len) {
		principal.p = p->principal;
		principal.len = scnprintf(p->principal, sizeof(p->principal),
					  TRUST_DOMAIN "/ns/%.*s/sa/%.*s",
					  w->namespace.name.len, w->namespace.name.p,
					  w->service_account.len,
					  w->service_account.p);
	}
	w->principal = name_ref(principal);
}

static int take_names(struct workload *w, struct nlattr **tb, struct refusal *r)
{
	struct nlattr *identity = tb[L7MESH_WORKLOAD_A_IDENTITY];
	int err;

	err = take_part(&w->namespace.name, tb[L7MESH_WORKLOAD_A_NAMESPACE], r) ?:
	      take_part(&w->service_account, tb[L7MESH_WORKLOAD_A_SERVICE_ACCOUNT], r) ?:
	      take_name(&w->identity, identity, r) ?:
	      take_name(&w->node, tb[L7MESH_WORKLOAD_A_NODE], r) ?:
	      take_labels(&w->labels, tb[L7MESH_WORKLOAD_A_LABELS], r);
	if (err)
		return err;
	if (identity && (!span_starts_with(w->identity, SPAN(WORKLOAD_SPIFFE)) ||
			 w->identity.len == strlen(WORKLOAD_SPIFFE)))
		return refusal_set_attr(r, identity, -EINVAL,
					"an identity is " WORKLOAD_SPIFFE "...");
	w->namespace = name_ref(w->namespace.name);
	return 0;
}

int workload_take(struct workload *w, struct workload_parser *p, struct nlattr **tb,
		  struct refusal *r)
{
	int err = take_names(w, tb, r);

	if (!err && tb[L7MESH_WORKLOAD_A_ADDRESSES])
		err = take_addresses(w, p, tb[L7MESH_WORKLOAD_A_ADDRESSES], r);
	err = err ?: take_excluded(w, p, tb[L7MESH_WORKLOAD_A_EXCLUDE_PORTS], r);
	if (err)
		return err;
	make_principal(w, p);
	if (tb[L7MESH_WORKLOAD_A_NETNS])
		w->netns = nla_get_u64(tb[L7MESH_WORKLOAD_A_NETNS]);
	if (tb[L7MESH_WORKLOAD_A_REFUSE])
		w->refuse = nla_get_u32(tb[L7MESH_WORKLOAD_A_REFUSE]);
	if (tb[L7MESH_WORKLOAD_A_EXEMPT_NODE])
		w->exempt_node = nla_get_u8(tb[L7MESH_WORKLOAD_A_EXEMPT_NODE]);
	if (tb[L7MESH_WORKLOAD_A_ON_FAILURE])
		w->on_failure = nla_get_u32(tb[L7MESH_WORKLOAD_A_ON_FAILURE]);
	return 0;
}

static int put_addresses(struct sk_buff *skb, const struct workload *w)
{
	struct nlattr *list = nla_nest_start(skb, L7MESH_WORKLOAD_A_ADDRESSES);
	int err = 0;
	u32 i;

	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < w->naddresses && !err; i++) {
		const struct address *a = &w->addresses[i];

		err = a->family == AF_INET ?
		      nla_put_in_addr(skb, L7MESH_LIST_ITEM, a->v4) :
		      nla_put_in6_addr(skb, L7MESH_LIST_ITEM, &a->v6);
	}
	return attr_end_nest(skb, list, err);
}

int workload_put_attrs(struct sk_buff *skb, const struct workload *w)
{
	int err;

	err = attr_put_some(skb, L7MESH_WORKLOAD_A_NAMESPACE, w->namespace.name) ?:
	      attr_put_some(skb, L7MESH_WORKLOAD_A_SERVICE_ACCOUNT,
			    w->service_account) ?:
	      attr_put_some(skb, L7MESH_WORKLOAD_A_IDENTITY, w->identity) ?:
	      put_addresses(skb, w) ?:
	      attr_put_some(skb, L7MESH_WORKLOAD_A_LABELS, w->labels) ?:
	      attr_put_some(skb, L7MESH_WORKLOAD_A_NODE, w->node) ?:
	      attr_put_some(skb, L7MESH_WORKLOAD_A_EXCLUDE_PORTS, w->exclude_ports);
	if (!err && w->netns)
		err = nla_put_u64_64bit(skb, L7MESH_WORKLOAD_A_NETNS, w->netns,
					L7MESH_WORKLOAD_A_PAD);
	return err ?: nla_put_u32(skb, L7MESH_WORKLOAD_A_REFUSE, w->refuse) ?:
		      nla_put_u8(skb, L7MESH_WORKLOAD_A_EXEMPT_NODE, w->exempt_node) ?:
		      nla_put_u32(skb, L7MESH_WORKLOAD_A_ON_FAILURE, w->on_failure);
}

static void pack_workload(struct packer *p, void *object)
{
	struct workload *w = object;

	w->addresses = pack_array(p, w->addresses,
				  w->naddresses * sizeof(*w->addresses));
	w->excluded = pack_array(p, w->excluded,
				 w->nexcluded * sizeof(*w->excluded));
	pack_span(p, &w->name.name);
	pack_span(p, &w->namespace.name);
	pack_span(p, &w->principal.name);
	pack_span(p, &w->service_account);
	pack_span(p, &w->identity);
	pack_span(p, &w->labels);
	pack_span(p, &w->node);
	pack_span(p, &w->exclude_ports);
}

struct workload *workload_clone(struct account *account, const struct workload *spec)
{
	struct workload like = *spec, *w;

	w = pack_clone(account, &like, sizeof(like), pack_workload, SIZE_MAX, &like.bytes);
	if (IS_ERR(w))
		return w;
	refcount_set(&w->ref, 1);
	w->count = NULL;
	stats_object_created(OBJECT_WORKLOAD);
	return w;
}

int workload_finish(struct account *account, struct workload *w,
		    const struct workload *before)
{
	struct authz_count *count = before ? before->count : NULL;

	return count || w->netns ? authz_count_take(account, &w->count, count) : 0;
}

bool workload_equal(const struct workload *a, const struct workload *b)
{
	return span_eq(a->namespace.name, b->namespace.name) &&
	       span_eq(a->service_account, b->service_account) &&
	       span_eq(a->identity, b->identity) && span_eq(a->labels, b->labels) &&
	       span_eq(a->node, b->node) && a->netns == b->netns &&
	       span_eq(a->exclude_ports, b->exclude_ports) &&
	       a->refuse == b->refuse && a->on_failure == b->on_failure &&
	       a->exempt_node == b->exempt_node &&
	       a->naddresses == b->naddresses &&
	       !memcmp(a->addresses, b->addresses,
		       a->naddresses * sizeof(*a->addresses));
}

void workload_put(struct account *account, struct workload *w)
{
	if (!w || !refcount_dec_and_test(&w->ref))
		return;
	stats_object_destroyed(OBJECT_WORKLOAD);
	authz_count_put(account, w->count);
	account_free(account, w, w->bytes);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Objects with the attributes that ADD would take to make them, effective values
 * included.
 *
 * A message may be larger than the buffer: fills then answer -EMSGSIZE, and leave
 * the buffer as it was. A nest cannot outgrow its 16 bit length: objects are held
 * to ROUTE_BYTES_MAX and the like when they are made.
 */
#include "authz/authorization.h"
#include "authz/workload.h"
#include "lib/objset.h"
#include "netlink/netlink.h"

int netlink_put_address(struct sk_buff *skb, int type, const struct address *a)
{
	if (a->family == AF_INET)
		return nla_put_in_addr(skb, type, a->v4);
	return nla_put_in6_addr(skb, type, &a->v6);
}

int netlink_fill_endpoint(struct sk_buff *skb, const struct cluster *c,
			  const struct member *m)
{
	const struct address *a = &m->ep->address;
	struct span locality = cluster_locality_name(c, m);
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_ENDPOINT);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_ENDPOINT_A_CLUSTER, c->name.name) ||
	      netlink_put_address(skb, L7MESH_ENDPOINT_A_ADDRESS, a) ||
	      nla_put_u16(skb, L7MESH_ENDPOINT_A_PORT, ntohs(a->port)) ||
	      nla_put_u32(skb, L7MESH_ENDPOINT_A_WEIGHT, m->weight) ||
	      nla_put_u32(skb, L7MESH_ENDPOINT_A_PRIORITY, m->priority);
	if (!err && locality.len)
		err = attr_put_span(skb, L7MESH_ENDPOINT_A_LOCALITY, locality);
	if (!err && m->metadata.len)
		err = attr_put_span(skb, L7MESH_ENDPOINT_A_METADATA, m->metadata);
	return attr_end_nest(skb, nest, err);
}

static int put_target(struct sk_buff *skb, const struct listener *l)
{
	if (l->protocol == L7MESH_PROTOCOL_AUTO)
		return attr_put_span(skb, L7MESH_LISTENER_A_ROUTE_TABLE,
				     l->route_table.name) ?:
		       attr_put_some(skb, L7MESH_LISTENER_A_TLS_ROUTE_TABLE,
				     l->tls_route_table.name) ?:
		       attr_put_span(skb, L7MESH_LISTENER_A_CLUSTER,
				     l->cluster.name);
	if (listener_routes(l))
		return attr_put_span(skb, L7MESH_LISTENER_A_ROUTE_TABLE,
				     l->route_table.name);
	if (!l->has_proxy)
		return attr_put_span(skb, L7MESH_LISTENER_A_CLUSTER,
				     l->cluster.name);
	return netlink_put_address(skb, L7MESH_LISTENER_A_PROXY_ADDRESS, &l->proxy) ?:
	       nla_put_u16(skb, L7MESH_LISTENER_A_PROXY_PORT,
			   ntohs(l->proxy.port));
}

int netlink_fill_listener(struct sk_buff *skb, const struct listener *l)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_LISTENER);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_LISTENER_A_NAME, l->name.name) ||
	      netlink_put_address(skb, L7MESH_LISTENER_A_ADDRESS, &l->address) ||
	      nla_put_u16(skb, L7MESH_LISTENER_A_PORT,
			  ntohs(l->address.port)) ||
	      netlink_put_places(skb, l) ||
	      nla_put_u32(skb, L7MESH_LISTENER_A_PROTOCOL, l->protocol) ||
	      put_target(skb, l) ||
	      attr_put_options(skb, &netlink_listener_options, &l->http) ||
	      policy_put(skb, &l->policies, POLICY_OF_LISTENER);
	return attr_end_nest(skb, nest, err);
}

int netlink_fill_route_table(struct sk_buff *skb, const struct route_table *t)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_ROUTE_TABLE);

	if (!nest)
		return -EMSGSIZE;
	return attr_end_nest(skb, nest, attr_put_span(skb, L7MESH_ROUTE_TABLE_A_NAME,
					       t->name.name));
}

static int put_domains(struct sk_buff *skb, const struct virtual_host *vh)
{
	struct nlattr *list = nla_nest_start(skb, L7MESH_VIRTUAL_HOST_A_DOMAINS);
	int err = 0;
	u32 i;

	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < vh->ndomains && !err; i++)
		err = attr_put_span(skb, L7MESH_LIST_ITEM, vh->domains[i]);
	return attr_end_nest(skb, list, err);
}

int netlink_fill_virtual_host(struct sk_buff *skb, const struct route_table *t,
			      const struct virtual_host *vh)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_VIRTUAL_HOST);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_VIRTUAL_HOST_A_ROUTE_TABLE,
			    t->name.name) ||
	      attr_put_span(skb, L7MESH_VIRTUAL_HOST_A_NAME, vh->name) ||
	      put_domains(skb, vh) ||
	      nla_put_u32(skb, L7MESH_VIRTUAL_HOST_A_ORDER, vh->order) ||
	      netlink_put_header_edit(skb,
				      L7MESH_VIRTUAL_HOST_A_REQUEST_HEADERS,
				      L7MESH_VIRTUAL_HOST_A_RESPONSE_HEADERS,
				      &vh->edit);
	return attr_end_nest(skb, nest, err);
}

static int put_except(struct sk_buff *skb, u16 port)
{
	struct nlattr *item = nla_nest_start(skb, L7MESH_LIST_ITEM);

	if (!item)
		return -EMSGSIZE;
	return attr_end_nest(skb, item, nla_put_u16(skb, L7MESH_SPLICE_EXCEPT_A_PORT,
					  port));
}

static int put_excepts(struct sk_buff *skb, const struct splice_policy *p)
{
	struct nlattr *list = nla_nest_start(skb, L7MESH_SPLICE_A_EXCEPT);
	int err = 0;
	u32 i;

	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < p->nexcept && !err; i++)
		err = put_except(skb, p->except[i]);
	return attr_end_nest(skb, list, err);
}

int netlink_fill_splice(struct sk_buff *skb, const struct splice_policy *p)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_SPLICE);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u32(skb, L7MESH_SPLICE_A_POLICY, p->policy) ||
	      put_excepts(skb, p) ||
	      nla_put_u8(skb, L7MESH_SPLICE_A_BYPASS_SHAPING,
			 p->bypass_shaping);
	return attr_end_nest(skb, nest, err);
}

int netlink_fill_workload(struct sk_buff *skb, const struct workload *w)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_WORKLOAD);

	if (!nest)
		return -EMSGSIZE;
	return attr_end_nest(skb, nest,
			     attr_put_span(skb, L7MESH_WORKLOAD_A_NAME, w->name.name) ?:
			     workload_put_attrs(skb, w));
}

int netlink_fill_authorization(struct sk_buff *skb, const struct authorization *a)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_AUTHORIZATION);

	if (!nest)
		return -EMSGSIZE;
	return attr_end_nest(skb, nest,
			     attr_put_span(skb, L7MESH_AUTHORIZATION_A_NAME,
					   a->name.name) ?:
			     authorization_put_attrs(skb, a));
}

static int put_key(struct sk_buff *skb, const struct object_key *key)
{
	const struct address *a = &key->address;

	switch (key->kind) {
	case L7MESH_KIND_CLUSTER:
		return attr_put_span(skb, L7MESH_CLUSTER_A_NAME,
				     key->name.name);
	case L7MESH_KIND_ENDPOINT:
		return attr_put_span(skb, L7MESH_ENDPOINT_A_CLUSTER,
				     key->name.name) ?:
		       netlink_put_address(skb, L7MESH_ENDPOINT_A_ADDRESS, a) ?:
		       nla_put_u16(skb, L7MESH_ENDPOINT_A_PORT, ntohs(a->port));
	case L7MESH_KIND_LISTENER:
		return attr_put_span(skb, L7MESH_LISTENER_A_NAME,
				     key->name.name);
	case L7MESH_KIND_ROUTE_TABLE:
		return attr_put_span(skb, L7MESH_ROUTE_TABLE_A_NAME,
				     key->name.name);
	case L7MESH_KIND_VIRTUAL_HOST:
		return attr_put_span(skb, L7MESH_VIRTUAL_HOST_A_ROUTE_TABLE,
				     key->name.name) ?:
		       attr_put_span(skb, L7MESH_VIRTUAL_HOST_A_NAME,
				     key->vhost);
	case L7MESH_KIND_SPLICE:
		return 0;
	case L7MESH_KIND_WORKLOAD:
		return attr_put_span(skb, L7MESH_WORKLOAD_A_NAME, key->name.name);
	case L7MESH_KIND_AUTHORIZATION:
		return attr_put_span(skb, L7MESH_AUTHORIZATION_A_NAME,
				     key->name.name);
	default:
		return attr_put_span(skb, L7MESH_ROUTE_A_ROUTE_TABLE,
				     key->name.name) ?:
		       attr_put_span(skb, L7MESH_ROUTE_A_VIRTUAL_HOST,
				     key->vhost) ?:
		       nla_put_u32(skb, L7MESH_ROUTE_A_INDEX, key->index);
	}
}

/* The attribute that has an object of a kind. */
static u16 attr_of(enum l7mesh_kind kind)
{
	switch (kind) {
	case L7MESH_KIND_SPLICE:
		return L7MESH_A_SPLICE;
	case L7MESH_KIND_WORKLOAD:
		return L7MESH_A_WORKLOAD;
	case L7MESH_KIND_AUTHORIZATION:
		return L7MESH_A_AUTHORIZATION;
	default:
		/* They are in the order of the kinds. */
		return kind;
	}
}

int netlink_fill_key(struct sk_buff *skb, const struct object_key *key)
{
	struct nlattr *nest = nla_nest_start(skb, attr_of(key->kind));

	BUILD_BUG_ON((int)L7MESH_A_CLUSTER != (int)L7MESH_KIND_CLUSTER);
	BUILD_BUG_ON((int)L7MESH_A_ROUTE != (int)L7MESH_KIND_ROUTE);
	if (!nest)
		return -EMSGSIZE;
	return attr_end_nest(skb, nest, put_key(skb, key));
}

static int fill_endpoint_of(struct sk_buff *skb, const struct snapshot *s,
			    const struct object_key *key)
{
	const struct cluster *c = snapshot_cluster(s, &key->name);
	const struct member *m = c ? cluster_member(c, &key->address) : NULL;

	return m ? netlink_fill_endpoint(skb, c, m) : -ENOENT;
}

static int fill_in_table(struct sk_buff *skb, const struct route_table *t,
			 const struct object_key *key)
{
	const struct virtual_host *vh;
	u32 i = 0;

	while (i < t->nvhosts && !span_eq(t->vhosts[i]->name, key->vhost))
		i++;
	if (i == t->nvhosts)
		return -ENOENT;
	vh = t->vhosts[i];
	if (key->kind == L7MESH_KIND_VIRTUAL_HOST)
		return netlink_fill_virtual_host(skb, t, vh);
	if (key->index >= vh->nroutes)
		return -ENOENT;
	return netlink_fill_route(skb, t, vh, key->index);
}

int netlink_fill_object(struct sk_buff *skb, const struct snapshot *s,
			const struct object_key *key)
{
	const void *object;

	switch (key->kind) {
	case L7MESH_KIND_CLUSTER:
		object = snapshot_cluster(s, &key->name);
		return object ? netlink_fill_cluster(skb, object) : -ENOENT;
	case L7MESH_KIND_ENDPOINT:
		return fill_endpoint_of(skb, s, key);
	case L7MESH_KIND_LISTENER:
		object = objset_find(&s->listeners, &key->name);
		return object ? netlink_fill_listener(skb, object) : -ENOENT;
	case L7MESH_KIND_SPLICE:
		return netlink_fill_splice(skb, &s->splice);
	case L7MESH_KIND_WORKLOAD:
		object = objset_find(&s->workloads, &key->name);
		return object ? netlink_fill_workload(skb, object) : -ENOENT;
	case L7MESH_KIND_AUTHORIZATION:
		object = objset_find(&s->authorizations, &key->name);
		return object ? netlink_fill_authorization(skb, object) : -ENOENT;
	default:
		object = objset_find(&s->route_tables, &key->name);
		if (!object)
			return -ENOENT;
		if (key->kind == L7MESH_KIND_ROUTE_TABLE)
			return netlink_fill_route_table(skb, object);
		return fill_in_table(skb, object, key);
	}
}

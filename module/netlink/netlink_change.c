// SPDX-License-Identifier: GPL-2.0
/*
 * ADD, SET and DEL of each kind.
 *
 * SET begins with what is in the draft, ADD with the defaults; both then take the
 * attributes given, check the whole, and put it into the draft.
 */
#include <linux/mm.h>
#include <linux/stringify.h>
#include "authz/authorization.h"
#include "authz/workload.h"
#include "lib/metadata.h"
#include "lib/objset.h"
#include "mesh/draft.h"
#include "netlink/netlink.h"
#include "policy/order.h"

/* What a listener may be told is what the parser can do, and in its words. */
static_assert(L7MESH_HEADER_BYTES_MAX == MESSAGE_HEAD_MAX);
static_assert(L7MESH_HEADERS_MAX == MESSAGE_FIELDS_MAX);
static_assert(L7MESH_URI_BYTES_MAX == MESSAGE_TARGET_MAX);
static_assert((int)L7MESH_ESCAPED_SLASHES_KEEP == PATH_SLASHES_KEEP);
static_assert((int)L7MESH_ESCAPED_SLASHES_REJECT == PATH_SLASHES_REJECT);
static_assert((int)L7MESH_ESCAPED_SLASHES_DECODE == PATH_SLASHES_DECODE);

struct change {
	struct draft *d;
	u8 cmd;
	const struct nlattr *nest;	/* the object's */
	struct object_key *key;
	struct refusal *r;
};

int netlink_parse(struct nlattr **tb, int max, const struct nlattr *nest,
		  const struct nla_policy *policy, struct refusal *r)
{
	int err = nla_validate_nested(nest, max, policy, NULL);

	if (err)
		return refusal_set_attr(r, nest, err, "malformed attributes");
	return attr_parse(tb, max, nest, r);
}

int netlink_metadata(const struct nlattr *nla, struct span *metadata,
		     struct refusal *r)
{
	const char *problem;

	*metadata = attr_span(nla);
	problem = metadata_problem(*metadata);
	return problem ? refusal_set_attr(r, nla, -EINVAL, "%s", problem) : 0;
}

/* A name that must be there. */
static int need_name(struct change *c, struct nlattr **tb, u16 type,
		     const char *label, struct name_ref *name)
{
	if (!tb[type])
		return refusal_set_missing(c->r, c->nest, type, label);
	return attr_name(tb[type], name, c->r);
}

/* Is the object there when it must be, and not when it must not? */
static int check_exists(struct change *c, bool exists, const struct nlattr *key)
{
	c->r->attr = key;
	if (c->cmd == L7MESH_CMD_ADD)
		return exists ? refusal_set(c->r, -EEXIST, "it exists already") : 0;
	return exists ? 0 : refusal_set(c->r, -ENOENT, "it does not exist");
}

static void take_u32(u32 *to, const struct nlattr *nla)
{
	if (nla)
		*to = nla_get_u32(nla);
}

static int put_cluster(struct change *c, struct nlattr **tb,
		       const struct cluster *old)
{
	struct cluster spec = { .options = cluster_options_default };
	struct cluster_parser *p;
	int err;

	if (old)
		spec = *old;
	spec.name = c->key->name;
	p = kmalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		return refusal_set(c->r, -ENOMEM, "out of memory");
	err = netlink_parse_cluster(&spec, p, tb, c->r);
	if (!err)
		err = draft_put_cluster(c->d, &spec, c->r);
	kfree(p);
	return err;
}

static int change_cluster(struct change *c)
{
	struct nlattr *tb[L7MESH_CLUSTER_A_MAX + 1];
	const struct cluster *old;
	int err;

	err = netlink_parse(tb, L7MESH_CLUSTER_A_MAX, c->nest,
			    netlink_cluster_policy, c->r);
	if (!err)
		err = need_name(c, tb, L7MESH_CLUSTER_A_NAME, "NAME",
				&c->key->name);
	if (err)
		return err;
	old = draft_cluster(c->d, &c->key->name);
	err = check_exists(c, old, tb[L7MESH_CLUSTER_A_NAME]);
	if (err)
		return err;
	if (c->cmd == L7MESH_CMD_DEL)
		return draft_del(c->d, NAMED_CLUSTER, &c->key->name, c->r);
	return put_cluster(c, tb, old);
}

static bool is_unusable(const struct address *a)
{
	if (a->family == AF_INET)
		return ipv4_is_zeronet(a->v4) || ipv4_is_multicast(a->v4) ||
		       ipv4_is_lbcast(a->v4);
	return ipv6_addr_any(&a->v6) || ipv6_addr_is_multicast(&a->v6) ||
	       ipv6_addr_type(&a->v6) & IPV6_ADDR_LINKLOCAL;
}

int netlink_address(struct address *a, const struct nlattr *nla,
		    const struct nlattr *port, struct refusal *r)
{
	__be16 p = port ? htons(nla_get_u16(port)) : 0;
	struct in6_addr v6;

	if (nla_len(nla) == sizeof(__be32)) {
		address_set_v4(a, nla_get_in_addr(nla), p);
	} else if (nla_len(nla) == sizeof(v6)) {
		v6 = nla_get_in6_addr(nla);
		address_set_v6(a, &v6, p);
	} else {
		return refusal_set_attr(r, nla, -EINVAL,
					"an address has 4 or 16 bytes");
	}
	if (is_unusable(a))
		return refusal_set_attr(r, nla, -EINVAL,
					"nobody can connect to this address");
	return 0;
}

static int endpoint_key(struct change *c, struct nlattr **tb)
{
	int err;

	c->r->attr = NULL;
	err = need_name(c, tb, L7MESH_ENDPOINT_A_CLUSTER, "CLUSTER",
			&c->key->name);
	if (err)
		return err;
	if (!tb[L7MESH_ENDPOINT_A_ADDRESS])
		return refusal_set_missing(c->r, c->nest, L7MESH_ENDPOINT_A_ADDRESS,
					   "ADDRESS");
	if (!tb[L7MESH_ENDPOINT_A_PORT])
		return refusal_set_missing(c->r, c->nest, L7MESH_ENDPOINT_A_PORT,
					   "PORT");
	return netlink_address(&c->key->address, tb[L7MESH_ENDPOINT_A_ADDRESS],
			       tb[L7MESH_ENDPOINT_A_PORT], c->r);
}

static int take_locality(struct change *c, struct placement *place,
			 const struct nlattr *nla)
{
	const struct cluster *cluster = draft_cluster(c->d, &c->key->name);
	struct span name = attr_span(nla);

	if (name.len && cluster_locality(cluster, name) == LOCALITY_NONE)
		return refusal_set_attr(c->r, nla, -ENOENT,
					"the cluster has no such locality");
	place->locality_len = name.len;
	memcpy(place->locality, name.p, name.len);
	return 0;
}

static int take_placement(struct change *c, struct placement *place,
			  struct nlattr **tb)
{
	take_u32(&place->weight, tb[L7MESH_ENDPOINT_A_WEIGHT]);
	if (tb[L7MESH_ENDPOINT_A_PRIORITY])
		place->priority = nla_get_u32(tb[L7MESH_ENDPOINT_A_PRIORITY]);
	if (tb[L7MESH_ENDPOINT_A_METADATA]) {
		int err = netlink_metadata(tb[L7MESH_ENDPOINT_A_METADATA],
					   &place->metadata, c->r);

		if (err)
			return err;
	}
	if (!tb[L7MESH_ENDPOINT_A_LOCALITY])
		return 0;
	return take_locality(c, place, tb[L7MESH_ENDPOINT_A_LOCALITY]);
}

static int change_endpoint(struct change *c)
{
	struct nlattr *tb[L7MESH_ENDPOINT_A_MAX + 1];
	struct placement old, place = { .weight = 1 };
	int err;

	err = netlink_parse(tb, L7MESH_ENDPOINT_A_MAX, c->nest,
			    netlink_endpoint_policy, c->r);
	if (!err)
		err = endpoint_key(c, tb);
	if (err)
		return err;
	err = draft_placement(c->d, &c->key->name, &c->key->address, &old);
	if (err)
		return refusal_set_attr(c->r, tb[L7MESH_ENDPOINT_A_CLUSTER], err,
					"there is no such cluster");
	err = check_exists(c, old.weight, tb[L7MESH_ENDPOINT_A_ADDRESS]);
	if (err)
		return err;
	if (c->cmd == L7MESH_CMD_SET)
		place = old;
	err = take_placement(c, &place, tb);
	if (c->cmd == L7MESH_CMD_DEL)
		place.weight = 0;
	return err ?: draft_put_endpoint(c->d, &c->key->name, &c->key->address,
					 &place, c->r);
}

/* One of ROUTE_TABLE, CLUSTER and PROXY_* replaces whatever there was of them. */
static int parse_target(struct listener *l, struct nlattr **tb,
			struct refusal *r)
{
	struct nlattr *table = tb[L7MESH_LISTENER_A_ROUTE_TABLE];
	struct nlattr *cluster = tb[L7MESH_LISTENER_A_CLUSTER];
	struct nlattr *proxy = tb[L7MESH_LISTENER_A_PROXY_ADDRESS];
	struct nlattr *port = tb[L7MESH_LISTENER_A_PROXY_PORT];
	int err = 0;

	if (!table && !cluster && !proxy && !port)
		return 0;
	if (!!table + !!cluster + (proxy || port) > 1)
		return refusal_set(r, -EINVAL,
				   "ROUTE_TABLE, CLUSTER and PROXY_ADDRESS exclude each other");
	if (!proxy != !port)
		return refusal_set_attr(r, proxy ?: port, -EINVAL,
					"PROXY_ADDRESS and PROXY_PORT go together");
	memset(&l->route_table, 0, sizeof(l->route_table));
	memset(&l->cluster, 0, sizeof(l->cluster));
	memset(&l->proxy, 0, sizeof(l->proxy));
	l->has_proxy = proxy;
	if (table)
		err = attr_name(table, &l->route_table, r);
	else if (cluster)
		err = attr_name(cluster, &l->cluster, r);
	else
		err = netlink_address(&l->proxy, proxy, port, r);
	if (!err)
		r->attr = table ?: cluster ?: proxy;
	return err;
}

/* An auto listener has several, each of which is given by itself. */
static int parse_targets(struct listener *l, struct nlattr **tb, struct refusal *r)
{
	const struct {
		const struct nlattr *attr;
		struct name_ref *name;
	} names[] = {
		{ tb[L7MESH_LISTENER_A_ROUTE_TABLE], &l->route_table },
		{ tb[L7MESH_LISTENER_A_TLS_ROUTE_TABLE], &l->tls_route_table },
		{ tb[L7MESH_LISTENER_A_CLUSTER], &l->cluster },
	};
	const struct nlattr *proxy = tb[L7MESH_LISTENER_A_PROXY_ADDRESS] ?:
				     tb[L7MESH_LISTENER_A_PROXY_PORT];
	u32 i, given = 0;
	int err = 0;

	if (proxy)
		return refusal_set_attr(r, proxy, -EINVAL,
					"an auto listener has no proxy");
	l->has_proxy = false;
	memset(&l->proxy, 0, sizeof(l->proxy));
	for (i = 0; i < ARRAY_SIZE(names) && !err; i++) {
		if (!names[i].attr)
			continue;
		err = attr_name(names[i].attr, names[i].name, r);
		given++;
	}
	/* What is wrong with a reference is seen later, and then not with which. */
	if (!err && given == 1)
		r->attr = tb[L7MESH_LISTENER_A_ROUTE_TABLE] ?:
			  tb[L7MESH_LISTENER_A_TLS_ROUTE_TABLE] ?:
			  tb[L7MESH_LISTENER_A_CLUSTER];
	return err;
}

/* What it had with another protocol. */
static void drop_targets(struct listener *l)
{
	memset(&l->tls_route_table, 0, sizeof(l->tls_route_table));
	if (listener_routes(l) && l->route_table.name.len)
		memset(&l->cluster, 0, sizeof(l->cluster));
}

static int parse_targets_of(struct listener *l, struct nlattr **tb, struct refusal *r)
{
	if (l->protocol == L7MESH_PROTOCOL_AUTO)
		return parse_targets(l, tb, r);
	if (tb[L7MESH_LISTENER_A_TLS_ROUTE_TABLE])
		return refusal_set_attr(r, tb[L7MESH_LISTENER_A_TLS_ROUTE_TABLE],
					-EINVAL,
					"only an auto listener has a TLS_ROUTE_TABLE");
	drop_targets(l);
	return parse_target(l, tb, r);
}

static int check_target(struct change *c, const struct listener *l,
			struct nlattr **tb)
{
	bool routes = listener_routes(l);

	if (routes && !l->route_table.name.len)
		return refusal_set_missing(c->r, c->nest,
					   L7MESH_LISTENER_A_ROUTE_TABLE,
					   "an http, tls or auto listener's ROUTE_TABLE");
	if (l->protocol == L7MESH_PROTOCOL_AUTO && !l->cluster.name.len)
		return refusal_set_missing(c->r, c->nest, L7MESH_LISTENER_A_CLUSTER,
					   "an auto listener's CLUSTER");
	if (!routes && l->route_table.name.len)
		return refusal_set_attr(c->r, tb[L7MESH_LISTENER_A_ROUTE_TABLE] ?:
					tb[L7MESH_LISTENER_A_PROTOCOL], -EINVAL,
					"a tcp or udp listener has no ROUTE_TABLE, but CLUSTER or PROXY_ADDRESS");
	if (!routes && !l->has_proxy && !l->cluster.name.len)
		return refusal_set_missing(c->r, c->nest, L7MESH_LISTENER_A_CLUSTER,
					   "a tcp or udp listener's CLUSTER or PROXY_ADDRESS");
	if (l->has_proxy &&
	    listener_has_family(l, l->proxy.family == AF_INET ? AF_INET6 : AF_INET))
		return refusal_set_attr(c->r, tb[L7MESH_LISTENER_A_PROXY_ADDRESS] ?:
					tb[L7MESH_LISTENER_A_ADDRESSES] ?:
					tb[L7MESH_LISTENER_A_ADDRESS], -EINVAL,
					"PROXY_ADDRESS and ADDRESS are of different families");
	return 0;
}

/* ADDRESS and PORT may be set one without the other. */
static int parse_listener_address(struct change *c, struct listener *l,
				  struct nlattr **tb)
{
	struct nlattr *address = tb[L7MESH_LISTENER_A_ADDRESS];
	struct nlattr *port = tb[L7MESH_LISTENER_A_PORT];
	__be16 old = l->address.port;
	int err;

	if (c->cmd == L7MESH_CMD_ADD && !address)
		return refusal_set_missing(c->r, c->nest, L7MESH_LISTENER_A_ADDRESS,
					   "ADDRESS");
	if (c->cmd == L7MESH_CMD_ADD && !port)
		return refusal_set_missing(c->r, c->nest, L7MESH_LISTENER_A_PORT,
					   "PORT");
	if (address) {
		err = netlink_address(&l->address, address, port, c->r);
		if (err)
			return err;
		l->address.port = old;
		c->r->attr = address;
	}
	if (port)
		l->address.port = htons(nla_get_u16(port));
	return 0;
}

/* What a proxy does by itself the mesh cannot do. */
static int check_proxy(struct change *c, const struct listener *l, struct nlattr **tb)
{
	struct nlattr *proxy = tb[L7MESH_LISTENER_A_PROXY_ADDRESS];

	if (!l->has_proxy)
		return 0;
	if (l->http.packets)
		return refusal_set_attr(c->r, tb[L7MESH_LISTENER_A_PACKETS] ?: proxy, -EINVAL,
					"a listener with a proxy takes no packets: the proxy could not ask where they were sent");
	if (l->http.source != L7MESH_SOURCE_AUTO)
		return refusal_set_attr(c->r, tb[L7MESH_LISTENER_A_SOURCE] ?: proxy, -EINVAL,
					"a listener with a proxy keeps no source: the proxy connects to endpoints");
	if (l->http.proxy_protocol)
		return refusal_set_attr(c->r, tb[L7MESH_LISTENER_A_PROXY_PROTOCOL] ?: proxy,
					-EINVAL,
					"a listener with a proxy reads no PROXY header: the proxy has to");
	return 0;
}

/* What is of connections, or of HTTP, and is as by default it is not. */
static int check_udp(struct change *c, const struct listener *l, struct nlattr **tb)
{
	const struct nlattr *protocol = tb[L7MESH_LISTENER_A_PROTOCOL];
	const struct attr_option *o;

	if (!listener_is_udp(l))
		return 0;
	if (l->has_proxy)
		return refusal_set_attr(c->r, tb[L7MESH_LISTENER_A_PROXY_ADDRESS] ?: protocol,
					-EINVAL, "a udp listener has no proxy, but CLUSTER");
	if (*l->interface)
		return refusal_set_attr(c->r, tb[L7MESH_LISTENER_A_INTERFACE] ?: protocol,
					-EINVAL,
					"a udp listener has no INTERFACE: it takes no packets");
	o = attr_option_differing(&netlink_listener_options, &l->http,
				  &http_options_default);
	if (!o)
		return 0;
	return refusal_set_attr(c->r, tb[o->attr] ?: protocol, -EINVAL,
				tb[o->attr] ? "a udp listener has no such option" :
					      "the listener has options that no udp listener has");
}

/* The same of policies. */
static int check_udp_policies(struct change *c, const struct listener *l,
			      struct nlattr **tb)
{
	if (!listener_is_udp(l) || !l->policies.n)
		return 0;
	return refusal_set_attr(c->r, tb[L7MESH_LISTENER_A_RATE_LIMIT] ?:
				tb[L7MESH_LISTENER_A_TRUSTED_SOURCES] ?:
				tb[L7MESH_LISTENER_A_PROTOCOL], -EINVAL,
				"a udp listener has no policies");
}

/* Nothing would ever come to it. */
static int check_inbound(struct change *c, const struct listener *l, struct nlattr **tb)
{
	if (!l->http.inbound || l->http.packets)
		return 0;
	return refusal_set_attr(c->r, tb[L7MESH_LISTENER_A_INBOUND] ?:
				tb[L7MESH_LISTENER_A_PACKETS], -EINVAL,
				"INBOUND needs PACKETS");
}

/* Nobody would be believed, and each header be a bad request. */
static int check_trust(struct change *c, const struct listener *l,
		       struct nlattr **tb)
{
	if (!l->http.proxy_protocol ||
	    parts_find(&l->policies, &policy_trusted_source.part))
		return 0;
	return refusal_set_attr(c->r, tb[L7MESH_LISTENER_A_TRUSTED_SOURCES] ?:
				tb[L7MESH_LISTENER_A_PROXY_PROTOCOL], -EINVAL,
				"PROXY_PROTOCOL needs TRUSTED_SOURCES: who is believed");
}

/* A connect() comes by none. */
static int check_interface(struct change *c, const struct listener *l,
			   struct nlattr **tb)
{
	if (!*l->interface || l->http.packets)
		return 0;
	return refusal_set_attr(c->r, tb[L7MESH_LISTENER_A_INTERFACE] ?:
				tb[L7MESH_LISTENER_A_PACKETS], -EINVAL,
				"INTERFACE needs PACKETS: it is of these alone");
}

/* All but the policies. */
static int parse_listener(struct change *c, struct nlattr **tb, struct listener *l,
			  struct netlink_places **room)
{
	int err;

	if (c->cmd == L7MESH_CMD_ADD && !tb[L7MESH_LISTENER_A_PROTOCOL])
		return refusal_set_missing(c->r, c->nest, L7MESH_LISTENER_A_PROTOCOL,
					   "PROTOCOL");
	if (tb[L7MESH_LISTENER_A_PROTOCOL])
		l->protocol = nla_get_u32(tb[L7MESH_LISTENER_A_PROTOCOL]);
	err = parse_listener_address(c, l, tb);
	if (!err)
		err = netlink_parse_places(l, room, tb, c->r);
	if (!err)
		err = parse_targets_of(l, tb, c->r);
	if (!err)
		err = check_target(c, l, tb);
	if (err)
		return err;
	attr_take_options(&netlink_listener_options, &l->http, tb);
	return check_udp(c, l, tb) ?: check_proxy(c, l, tb) ?: check_interface(c, l, tb) ?:
	       check_inbound(c, l, tb);
}

static int put_listener(struct change *c, struct nlattr **tb, const void *old)
{
	struct listener l = { .http = http_options_default };
	struct netlink_places *room = NULL;
	struct policy_parser p = {};
	int err;

	if (old)
		l = *(const struct listener *)old;
	l.name = c->key->name;
	err = parse_listener(c, tb, &l, &room);
	if (!err)
		err = policy_parse(&p, &l.policies, POLICY_OF_LISTENER, tb, &l.http,
				   c->r);
	if (!err)
		err = check_trust(c, &l, tb) ?: check_udp_policies(c, &l, tb);
	if (!err)
		err = draft_put(c->d, NAMED_LISTENER, &l.name, &l, c->r);
	policy_parse_end(&p);
	netlink_free_places(room);
	return err;
}

static int change_route_table(struct change *c)
{
	struct nlattr *tb[L7MESH_ROUTE_TABLE_A_MAX + 1];
	int err;

	err = netlink_parse(tb, L7MESH_ROUTE_TABLE_A_MAX, c->nest,
			    netlink_route_table_policy, c->r);
	if (!err)
		err = need_name(c, tb, L7MESH_ROUTE_TABLE_A_NAME, "NAME",
				&c->key->name);
	if (!err)
		err = check_exists(c, draft_has_table(c->d, &c->key->name),
				   tb[L7MESH_ROUTE_TABLE_A_NAME]);
	if (err)
		return err;
	if (c->cmd == L7MESH_CMD_DEL)
		return draft_del(c->d, NAMED_ROUTE_TABLE, &c->key->name, c->r);
	if (c->cmd == L7MESH_CMD_SET)
		return 0;
	return draft_add_table(c->d, &c->key->name, c->r);
}

/* What a virtual host's attributes say: the specification points into it. */
struct vhost_parser {
	struct header_edit_parser edit;
	void *domains;			/* to be kvfree()d */
};

/* Domains in lower case, each after the other behind the array. */
static int parse_domains(struct virtual_host *spec, void *buffer,
			 const struct nlattr *list, struct refusal *r)
{
	struct span *domains = buffer;
	char *text = (char *)(domains + attr_count(list));
	const struct nlattr *item;
	u32 i;
	int rem;

	spec->domains = domains;
	spec->ndomains = 0;
	nla_for_each_nested(item, list, rem) {
		struct span s = attr_span(item);

		for (i = 0; i < s.len; i++)
			text[i] = ascii_lower(s.p[i]);
		s.p = text;
		text += s.len;
		if (!route_domain_valid(s))
			return refusal_set_attr(r, item, -EINVAL,
						"not a domain: a host without port, with * as its first or last label or alone");
		domains[spec->ndomains++] = s;
	}
	if (!spec->ndomains)
		return refusal_set_attr(r, list, -EINVAL,
					"at least one domain is needed");
	r->attr = list;
	return 0;
}

static int parse_vhost(struct change *c, struct nlattr **tb,
		       struct virtual_host *spec, struct vhost_parser *p)
{
	struct nlattr *list = tb[L7MESH_VIRTUAL_HOST_A_DOMAINS];
	struct nlattr *order = tb[L7MESH_VIRTUAL_HOST_A_ORDER];
	int err;

	if (order)
		spec->order = nla_get_u32(order);
	err = netlink_parse_header_edit(&spec->edit, &p->edit,
					tb[L7MESH_VIRTUAL_HOST_A_REQUEST_HEADERS],
					tb[L7MESH_VIRTUAL_HOST_A_RESPONSE_HEADERS],
					c->r);
	if (err || !list)
		return err;
	p->domains = kvmalloc(attr_count(list) * sizeof(struct span) +
			      nla_len(list), GFP_KERNEL_ACCOUNT);
	if (!p->domains)
		return refusal_set(c->r, -ENOMEM, "out of memory");
	return parse_domains(spec, p->domains, list, c->r);
}

static int put_vhost(struct change *c, struct nlattr **tb,
		     struct draft_vhost *dv)
{
	struct virtual_host spec = { .name = c->key->vhost };
	struct vhost_parser *p;
	int err;

	if (!dv && !tb[L7MESH_VIRTUAL_HOST_A_DOMAINS])
		return refusal_set_missing(c->r, c->nest,
					   L7MESH_VIRTUAL_HOST_A_DOMAINS, "DOMAINS");
	p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		return refusal_set(c->r, -ENOMEM, "out of memory");
	if (dv)
		spec = *dv->vh;
	err = parse_vhost(c, tb, &spec, p);
	if (!err && dv)
		err = draft_set_vhost(c->d, dv, &spec, c->r);
	else if (!err)
		err = draft_add_vhost(c->d, &c->key->name, &spec, c->r);
	kvfree(p->domains);
	kfree(p);
	return err;
}

/* The names of table and virtual host, and the latter as the draft has it. */
static struct draft_vhost *find_vhost(struct change *c, struct nlattr *table,
				      struct nlattr *host)
{
	struct name_ref name;
	int err;

	err = attr_name(table, &c->key->name, c->r);
	if (!err)
		err = attr_name(host, &name, c->r);
	if (err)
		return ERR_PTR(err);
	c->key->vhost = name.name;
	c->r->attr = table;
	return draft_vhost(c->d, &c->key->name, name.name, c->r);
}

static int change_virtual_host(struct change *c)
{
	struct nlattr *tb[L7MESH_VIRTUAL_HOST_A_MAX + 1];
	struct nlattr *table, *name;
	struct draft_vhost *dv;
	int err;

	err = netlink_parse(tb, L7MESH_VIRTUAL_HOST_A_MAX, c->nest,
			    netlink_virtual_host_policy, c->r);
	if (err)
		return err;
	table = tb[L7MESH_VIRTUAL_HOST_A_ROUTE_TABLE];
	name = tb[L7MESH_VIRTUAL_HOST_A_NAME];
	if (!table)
		return refusal_set_missing(c->r, c->nest,
					   L7MESH_VIRTUAL_HOST_A_ROUTE_TABLE,
					   "ROUTE_TABLE");
	if (!name)
		return refusal_set_missing(c->r, c->nest, L7MESH_VIRTUAL_HOST_A_NAME,
					   "NAME");
	dv = find_vhost(c, table, name);
	if (IS_ERR(dv))
		return PTR_ERR(dv);
	err = check_exists(c, dv, name);
	if (err)
		return err;
	if (c->cmd != L7MESH_CMD_DEL)
		return put_vhost(c, tb, dv);
	draft_del_vhost(c->d, dv);
	return 0;
}

/* Where a route is, or is to be. */
static int route_index(struct change *c, const struct nlattr *nla, u32 n)
{
	if (!nla && c->cmd != L7MESH_CMD_ADD)
		return refusal_set_missing(c->r, c->nest, L7MESH_ROUTE_A_INDEX,
					   "INDEX");
	c->key->index = nla ? nla_get_u32(nla) : n;
	if (c->key->index < n ||
	    (c->key->index == n && c->cmd == L7MESH_CMD_ADD))
		return 0;
	return refusal_set_attr(c->r, nla, -ENOENT,
				"the virtual host has %u routes", n);
}

static int parse_route(struct change *c, struct nlattr **tb, struct route *route,
		       struct route_parser *p)
{
	struct nlattr *match = tb[L7MESH_ROUTE_A_MATCH];
	struct nlattr *action = tb[L7MESH_ROUTE_A_ACTION];
	int err = 0;

	if (!action && c->cmd == L7MESH_CMD_ADD)
		return refusal_set_missing(c->r, c->nest, L7MESH_ROUTE_A_ACTION,
					   "ACTION");
	if (match)
		err = netlink_parse_match(&route->match, p, match, c->r);
	if (!err && action)
		err = netlink_parse_action(route, p, action, c->r);
	if (!err)
		err = netlink_parse_header_edit(&route->edit, &p->edit,
						tb[L7MESH_ROUTE_A_REQUEST_HEADERS],
						tb[L7MESH_ROUTE_A_RESPONSE_HEADERS],
						c->r);
	if (!err)
		err = policy_parse(&p->policies, &route->policies,
				   POLICY_OF_ROUTE, tb, NULL, c->r);
	if (!err && tb[L7MESH_ROUTE_A_HASH])
		err = netlink_parse_hash(&route->hash, p->hash,
					 tb[L7MESH_ROUTE_A_HASH], c->r);
	take_u32(&route->timeout, tb[L7MESH_ROUTE_A_TIMEOUT]);
	if (tb[L7MESH_ROUTE_A_PRIORITY])
		route->priority = nla_get_u32(tb[L7MESH_ROUTE_A_PRIORITY]);
	if (err)
		return err;
	if (!route_forwards(route))
		err = policy_check_unforwarded(&route->policies, tb, action, c->r);
	if (err)
		return err;
	c->r->attr = action ?: match ?: c->nest;
	return netlink_check_rewrite(route, c->r);
}

static int put_route(struct change *c, struct nlattr **tb,
		     struct draft_vhost *dv)
{
	struct route_parser *p = kvzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	struct route route = {};
	int err;

	if (!p)
		return refusal_set(c->r, -ENOMEM, "out of memory");
	if (c->cmd == L7MESH_CMD_SET)
		route = *draft_route(dv, c->key->index);
	err = parse_route(c, tb, &route, p);
	if (!err && c->cmd == L7MESH_CMD_SET)
		err = draft_set_route(c->d, dv, c->key->index, &route, c->r);
	else if (!err)
		err = draft_add_route(c->d, dv, c->key->index, &route, c->r);
	kvfree(p->clusters);
	kvfree(p->ops);
	policy_parse_end(&p->policies);
	kvfree(p->regexp);
	kvfree(p);
	return err;
}

static int change_route(struct change *c)
{
	struct nlattr *tb[L7MESH_ROUTE_A_MAX + 1];
	struct nlattr *table, *host;
	struct draft_vhost *dv;
	int err;

	err = netlink_parse(tb, L7MESH_ROUTE_A_MAX, c->nest,
			    netlink_route_policy, c->r);
	if (err)
		return err;
	table = tb[L7MESH_ROUTE_A_ROUTE_TABLE];
	host = tb[L7MESH_ROUTE_A_VIRTUAL_HOST];
	if (!table)
		return refusal_set_missing(c->r, c->nest, L7MESH_ROUTE_A_ROUTE_TABLE,
					   "ROUTE_TABLE");
	if (!host)
		return refusal_set_missing(c->r, c->nest, L7MESH_ROUTE_A_VIRTUAL_HOST,
					   "VIRTUAL_HOST");
	dv = find_vhost(c, table, host);
	if (IS_ERR(dv))
		return PTR_ERR(dv);
	if (!dv)
		return refusal_set_attr(c->r, host, -ENOENT,
					"there is no such virtual host");
	err = route_index(c, tb[L7MESH_ROUTE_A_INDEX], draft_nroutes(dv));
	if (err)
		return err;
	c->r->attr = tb[L7MESH_ROUTE_A_INDEX];
	if (c->cmd == L7MESH_CMD_DEL)
		return draft_del_route(c->d, dv, c->key->index, c->r);
	return put_route(c, tb, dv);
}

static int parse_except(struct splice_policy *p, const struct nlattr *list,
			struct refusal *r)
{
	struct nlattr *tb[L7MESH_SPLICE_EXCEPT_A_MAX + 1];
	const struct nlattr *item;
	int rem, err;

	p->nexcept = 0;
	nla_for_each_nested(item, list, rem) {
		if (p->nexcept == L7MESH_SPLICE_EXCEPT_MAX)
			return refusal_set_attr(r, item, -E2BIG,
						"more than "
						__stringify(L7MESH_SPLICE_EXCEPT_MAX)
						" exceptions");
		err = netlink_parse(tb, L7MESH_SPLICE_EXCEPT_A_MAX, item,
				    netlink_splice_except_policy, r);
		if (err)
			return err;
		if (!tb[L7MESH_SPLICE_EXCEPT_A_PORT])
			return refusal_set_missing(r, item,
						   L7MESH_SPLICE_EXCEPT_A_PORT,
						   "PORT");
		p->except[p->nexcept++] =
			nla_get_u16(tb[L7MESH_SPLICE_EXCEPT_A_PORT]);
	}
	return 0;
}

static int put_splice(struct change *c, struct nlattr **tb)
{
	struct splice_policy p = c->d->splice;
	int err;

	p.exists = true;
	if (tb[L7MESH_SPLICE_A_POLICY])
		p.policy = nla_get_u32(tb[L7MESH_SPLICE_A_POLICY]);
	if (tb[L7MESH_SPLICE_A_BYPASS_SHAPING])
		p.bypass_shaping =
			nla_get_u8(tb[L7MESH_SPLICE_A_BYPASS_SHAPING]);
	if (tb[L7MESH_SPLICE_A_EXCEPT]) {
		err = parse_except(&p, tb[L7MESH_SPLICE_A_EXCEPT], c->r);
		if (err)
			return err;
	}
	c->d->splice = p;
	return 0;
}

static int change_splice(struct change *c)
{
	struct nlattr *tb[L7MESH_SPLICE_A_MAX + 1];
	int err;

	err = netlink_parse(tb, L7MESH_SPLICE_A_MAX, c->nest,
			    netlink_splice_policy, c->r);
	if (!err)
		err = check_exists(c, c->d->splice.exists, c->nest);
	if (err)
		return err;
	if (c->cmd != L7MESH_CMD_DEL)
		return put_splice(c, tb);
	memset(&c->d->splice, 0, sizeof(c->d->splice));
	return 0;
}

static int put_workload(struct change *c, struct nlattr **tb, const void *old)
{
	struct workload_parser *p = kmalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	struct workload w = workload_spec(&c->key->name);
	int err;

	if (!p)
		return refusal_set(c->r, -ENOMEM, "out of memory");
	if (old)
		w = *(const struct workload *)old;
	err = workload_take(&w, p, tb, c->r);
	if (!err)
		err = draft_put(c->d, NAMED_WORKLOAD, &w.name, &w, c->r);
	kfree(p);
	return err;
}

static int put_authorization(struct change *c, struct nlattr **tb, const void *old)
{
	struct authorization a = {};
	struct authorization_parser p = {};
	int err;

	if (old)
		a = *(const struct authorization *)old;
	a.name = c->key->name;
	err = authorization_take(&a, &p, tb, c->r);
	if (!err)
		err = draft_put(c->d, NAMED_AUTHORIZATION, &a.name, &a, c->r);
	authorization_take_end(&p);
	return err;
}

/* A kind of objects that are not made of parts. */
struct whole {
	enum named_kind kind;
	int max;			/* of its attributes */
	u16 name;			/* which of them */
	const struct nla_policy *policy;
	/* @old: what is to be changed; NULL: nothing yet */
	int (*put)(struct change *c, struct nlattr **tb, const void *old);
};

static int change_whole(struct change *c, const struct whole *w)
{
	struct nlattr *tb[L7MESH_LISTENER_A_MAX + 1];
	const void *old;
	int err;

	err = netlink_parse(tb, w->max, c->nest, w->policy, c->r);
	if (!err)
		err = need_name(c, tb, w->name, "NAME", &c->key->name);
	if (err)
		return err;
	old = draft_find(c->d, w->kind, &c->key->name);
	err = check_exists(c, old, tb[w->name]);
	if (err)
		return err;
	if (c->cmd == L7MESH_CMD_DEL)
		return draft_del(c->d, w->kind, &c->key->name, c->r);
	return w->put(c, tb, old);
}

static int change_listener(struct change *c)
{
	static const struct whole whole = {
		NAMED_LISTENER, L7MESH_LISTENER_A_MAX, L7MESH_LISTENER_A_NAME,
		netlink_listener_policy, put_listener,
	};

	return change_whole(c, &whole);
}

static int change_workload(struct change *c)
{
	static const struct whole whole = {
		NAMED_WORKLOAD, L7MESH_WORKLOAD_A_MAX, L7MESH_WORKLOAD_A_NAME,
		netlink_workload_policy, put_workload,
	};

	BUILD_BUG_ON((int)L7MESH_WORKLOAD_A_MAX > (int)L7MESH_LISTENER_A_MAX);
	return change_whole(c, &whole);
}

static int change_authorization(struct change *c)
{
	static const struct whole whole = {
		NAMED_AUTHORIZATION, L7MESH_AUTHORIZATION_A_MAX,
		L7MESH_AUTHORIZATION_A_NAME, netlink_authorization_policy,
		put_authorization,
	};

	BUILD_BUG_ON((int)L7MESH_AUTHORIZATION_A_MAX > (int)L7MESH_LISTENER_A_MAX);
	return change_whole(c, &whole);
}

static const struct {
	enum l7mesh_kind kind;
	int (*change)(struct change *c);
} kinds[] = {
	[L7MESH_A_CLUSTER] = { L7MESH_KIND_CLUSTER, change_cluster },
	[L7MESH_A_ENDPOINT] = { L7MESH_KIND_ENDPOINT, change_endpoint },
	[L7MESH_A_LISTENER] = { L7MESH_KIND_LISTENER, change_listener },
	[L7MESH_A_ROUTE_TABLE] = { L7MESH_KIND_ROUTE_TABLE, change_route_table },
	[L7MESH_A_VIRTUAL_HOST] = { L7MESH_KIND_VIRTUAL_HOST,
				    change_virtual_host },
	[L7MESH_A_ROUTE] = { L7MESH_KIND_ROUTE, change_route },
	[L7MESH_A_SPLICE] = { L7MESH_KIND_SPLICE, change_splice },
	[L7MESH_A_WORKLOAD] = { L7MESH_KIND_WORKLOAD, change_workload },
	[L7MESH_A_AUTHORIZATION] = { L7MESH_KIND_AUTHORIZATION,
				     change_authorization },
};

int netlink_change(struct draft *d, u8 cmd, struct nlattr **attrs,
		   struct object_key *key, struct refusal *r)
{
	struct change c = { .d = d, .cmd = cmd, .key = key, .r = r };
	u16 type, found = 0;

	for (type = 0; type < ARRAY_SIZE(kinds); type++) {
		if (!kinds[type].change || !attrs[type])
			continue;
		if (found)
			return refusal_set_attr(r, attrs[type], -EINVAL,
						"one object at a time");
		found = type;
	}
	if (!found)
		return refusal_set(r, -EINVAL, "no object is given");
	c.nest = attrs[found];
	key->kind = kinds[found].kind;
	return kinds[found].change(&c);
}

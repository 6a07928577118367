// SPDX-License-Identifier: GPL-2.0
#include "lib/deadline.h"
#include "lib/objset.h"
#include "link/drain.h"
#include "mesh/mesh.h"
#include "netlink/netlink.h"

static int parse_listener(const struct snapshot *s, const struct nlattr *nest,
			  struct name_ref *name, struct refusal *r)
{
	struct nlattr *tb[L7MESH_LISTENER_A_NAME + 1];
	int err;

	err = netlink_parse(tb, L7MESH_LISTENER_A_NAME, nest,
			    netlink_listener_key_policy, r);
	if (err)
		return err;
	if (!tb[L7MESH_LISTENER_A_NAME])
		return refusal_set_missing(r, nest, L7MESH_LISTENER_A_NAME,
					   "NAME");
	err = attr_name(tb[L7MESH_LISTENER_A_NAME], name, r);
	if (err || objset_find(&s->listeners, name))
		return err;
	return refusal_set_attr(r, tb[L7MESH_LISTENER_A_NAME], -ENOENT,
				"there is no such listener");
}

static int parse_endpoint(const struct snapshot *s, const struct nlattr *nest,
			  struct endpoint **ep, struct refusal *r)
{
	struct nlattr *tb[L7MESH_ENDPOINT_A_PORT + 1];
	const struct nlattr *address;
	const struct cluster *c;
	struct address a;
	struct name_ref name;
	struct member *m;
	int err;

	err = netlink_parse(tb, L7MESH_ENDPOINT_A_PORT, nest,
			    netlink_endpoint_key_policy, r);
	if (err)
		return err;
	address = tb[L7MESH_ENDPOINT_A_ADDRESS];
	if (!tb[L7MESH_ENDPOINT_A_CLUSTER] || !address ||
	    !tb[L7MESH_ENDPOINT_A_PORT])
		return refusal_set_attr(r, nest, -EINVAL,
					"CLUSTER, ADDRESS and PORT are needed");
	err = attr_name(tb[L7MESH_ENDPOINT_A_CLUSTER], &name, r) ?:
	      netlink_address(&a, address, tb[L7MESH_ENDPOINT_A_PORT], r);
	if (err)
		return err;
	c = snapshot_cluster(s, &name);
	m = c ? cluster_member(c, &a) : NULL;
	if (!m)
		return refusal_set_attr(r, address, -ENOENT,
					"there is no such endpoint");
	*ep = m->ep;
	return 0;
}

/* What it is to be, before anybody looks for legs to close. */
static void mark_endpoint(struct endpoint *ep, u32 deadline, bool end)
{
	WRITE_ONCE(ep->drain_until, end ? 0 : deadline_or_none(deadline));
	WRITE_ONCE(ep->draining, !end);
}

static int drain(struct mesh_net *mn, const struct snapshot *s,
		 struct nlattr **attrs, struct refusal *r)
{
	const struct nlattr *listener = attrs[L7MESH_A_LISTENER];
	const struct nlattr *endpoint = attrs[L7MESH_A_ENDPOINT];
	const struct nlattr *deadline = attrs[L7MESH_A_DEADLINE];
	const struct nlattr *end = attrs[L7MESH_A_DRAIN_END];
	struct drain d = { .snapshot = s };
	struct name_ref name;
	int err = 0;

	if (listener && endpoint)
		return refusal_set_attr(r, endpoint, -EINVAL,
					"one object at a time");
	if (end && (!endpoint || deadline))
		return refusal_set_attr(r, end, -EINVAL,
					"DRAIN_END is for an endpoint, and without DEADLINE");
	if (deadline)
		d.deadline = nla_get_u32(deadline);
	if (listener) {
		err = parse_listener(s, listener, &name, r);
		d.listener = &name;
	} else if (endpoint) {
		err = parse_endpoint(s, endpoint, &d.ep, r);
	}
	if (err)
		return err;
	if (d.ep)
		mark_endpoint(d.ep, d.deadline, end);
	return end ? 0 : mesh_drain(mn, &d, r);
}

int netlink_drain(struct mesh_net *mn, struct nlattr **attrs, struct refusal *r)
{
	struct mesh *m = mesh_own_get(mn, r);
	struct snapshot *s;
	int err;

	if (IS_ERR(m))
		return PTR_ERR(m);
	if (!m)
		return attrs[L7MESH_A_LISTENER] || attrs[L7MESH_A_ENDPOINT] ?
		       refusal_set(r, -ENOENT, "there is no mesh") : 0;
	s = mesh_snapshot_get(m);
	err = drain(mn, s, attrs, r);
	snapshot_put(s);
	mesh_put(m);
	return err;
}

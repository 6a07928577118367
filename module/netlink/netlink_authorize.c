// SPDX-License-Identifier: GPL-2.0
/*
 * AUTHORIZE: what authorization says of a connection or a request that nobody makes, to a
 * workload that need not be on this node. Nobody is exempt, and no listener's options
 * matter: only policies are asked. Its source is taken for who it is said to be.
 */
#include <linux/mm.h>

#include "authz/authz_table.h"
#include "authz/authorization.h"
#include "authz/guard.h"
#include "authz/workload.h"
#include "http1/head.h"
#include "lib/objset.h"
#include "mesh/inbound.h"
#include "mesh/mesh.h"
#include "netlink/netlink.h"
#include "netlink/netlink_request.h"
#include "stream/routing.h"
#include "tls/hello.h"

struct question {
	struct snapshot *s;
	const struct workload *workload, *source;
	struct address peer, client, to;
	struct message *head;		/* NULL: a connection */
	struct span path;		/* of it; perhaps in ... */
	char *memory;
	struct span sni;		/* ->p NULL: nobody knows */
	struct hello hello;		/* has it */
	struct refusal *r;
};

static int find_workload(const struct question *q, const struct nlattr *nla,
			 const struct workload **w)
{
	struct name_ref name;
	int err = attr_name(nla, &name, q->r);

	if (err)
		return err;
	*w = objset_find(&q->s->workloads, &name);
	if (*w)
		return 0;
	return refusal_set_attr(q->r, nla, -ENOENT, "there is no such workload");
}

/* Given, or the first of a workload's; else it stays as it is. */
static int find_address(struct question *q, const struct nlattr *nla,
			const struct workload *w, struct address *a)
{
	if (nla)
		return netlink_address(a, nla, NULL, q->r);
	if (w && w->naddresses)
		*a = w->addresses[0];
	return 0;
}

static int find_addresses(struct question *q, struct nlattr **tb)
{
	struct nlattr *port = tb[L7MESH_AUTHORIZE_A_PORT];
	int err;

	err = find_address(q, tb[L7MESH_AUTHORIZE_A_SOURCE_ADDRESS], q->source, &q->peer) ?:
	      find_address(q, tb[L7MESH_AUTHORIZE_A_ADDRESS], q->workload, &q->to);
	q->client = q->peer;
	if (!err)
		err = find_address(q, tb[L7MESH_AUTHORIZE_A_CLIENT], NULL, &q->client);
	if (!err && port)
		q->to.port = htons(nla_get_u16(port));
	/* Who has an address is who has it, as with one that comes. */
	if (!err && !q->source && tb[L7MESH_AUTHORIZE_A_SOURCE_ADDRESS])
		q->source = authz_table_workload(q->s->authz, &q->peer);
	return err;
}

/* Understood as one that comes to a workload whose policies ask for paths. */
static int read_head(struct question *q, const struct nlattr *nla)
{
	struct http_options options = http_options_default;
	enum http1_result result = HTTP1_MORE;
	struct routing_refusal refusal;
	int n;

	if (!nla)
		return 0;
	q->sni = AUTHZ_NO_SNI;
	q->head = head_alloc(false, GFP_KERNEL_ACCOUNT);
	if (!q->head)
		return refusal_set(q->r, -ENOMEM, "out of memory");
	n = nla_len(nla) ? head_take(q->head, nla_data(nla), nla_len(nla),
				     GFP_KERNEL_ACCOUNT, &result) : 0;
	if (n < 0)
		return refusal_set(q->r, n, "out of memory");
	if (result != HTTP1_DONE || q->head->error)
		return refusal_set_attr(q->r, nla, -EINVAL, "this is no request's head");
	options.connect = L7MESH_CONNECT_FORWARD;
	path_rules_strict(&options.path);
	refusal = routing_check(&options, q->head);
	if (refusal.status)
		return refusal_set_attr(q->r, nla, -EINVAL,
					"such a request is answered %u in any case",
					refusal.status);
	q->path = inbound_path(q->head, GFP_KERNEL_ACCOUNT, &q->memory);
	return q->path.p ? 0 : refusal_set(q->r, -ENOMEM, "out of memory");
}

/* As one says it who is understood. */
static int take_server_name(struct question *q, const struct nlattr *nla)
{
	if (!nla)
		return 0;
	if (q->head)
		return refusal_set_attr(q->r, nla, -EINVAL,
					"SERVER_NAME is of TLS, and REQUEST_HEAD of HTTP: there can be one of them");
	if (!hello_ask_for(&q->hello, attr_span(nla)))
		return refusal_set_attr(q->r, nla, -EINVAL,
					"who asks for such a server is reset: it is no host's name in a certificate");
	q->sni = q->hello.name_len ? hello_name(&q->hello) : AUTHZ_NO_SNI;
	return 0;
}

static int ask(struct question *q, struct nlattr **tb, const struct nlattr *nest)
{
	int err;

	if (!tb[L7MESH_AUTHORIZE_A_WORKLOAD])
		return refusal_set_missing(q->r, nest, L7MESH_AUTHORIZE_A_WORKLOAD,
					   "WORKLOAD");
	err = find_workload(q, tb[L7MESH_AUTHORIZE_A_WORKLOAD], &q->workload);
	if (!err && tb[L7MESH_AUTHORIZE_A_SOURCE])
		err = find_workload(q, tb[L7MESH_AUTHORIZE_A_SOURCE], &q->source);
	if (!err)
		err = find_addresses(q, tb);
	return err ?: read_head(q, tb[L7MESH_AUTHORIZE_A_REQUEST_HEAD]) ?:
	       take_server_name(q, tb[L7MESH_AUTHORIZE_A_SERVER_NAME]);
}

static int put_answer(struct sk_buff *skb, const struct guard_decision *d,
		      const struct workload *source)
{
	return nla_put_u32(skb, L7MESH_A_VERDICT, d->verdict) ?:
	       (d->policy ? attr_put_span(skb, L7MESH_A_POLICY, d->policy->name.name) : 0) ?:
	       (source ? attr_put_span(skb, L7MESH_A_SOURCE, source->name.name) : 0) ?:
	       nla_put_u32(skb, L7MESH_A_IDENTITY_KIND, workload_identity_kind(source));
}

static int reply(struct netlink_request *q, const struct guard_decision *d,
		 const struct workload *source)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, &q->info, &l7mesh_family, 0,
				   L7MESH_CMD_AUTHORIZE);
	if (!header || put_answer(skb, d, source)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, &q->info);
}

/* By a guard of its own: the workload need not have one. */
static int decide(struct netlink_request *request, struct question *q)
{
	struct authz_request req = {
		.source = q->source,
		.source_kind = workload_identity_kind(q->source),
		.peer = &q->peer,
		.client = &q->client,
		.to = &q->to,
		.message = q->head,
		.path = q->path,
		.sni = q->sni,
	};
	struct guard_decision d;
	struct guard *g;
	int err;

	g = guard_make(q->s->account, (struct workload *)q->workload,
		       &q->s->authorizations, NULL, q->r);
	if (IS_ERR(g))
		return PTR_ERR(g);
	d = guard_decide(g, &req);
	err = reply(request, &d, q->source);
	guard_put(q->s->account, g);
	return err;
}

static int answer(struct netlink_request *request, struct mesh *m,
		  const struct nlattr *nest)
{
	struct nlattr *tb[L7MESH_AUTHORIZE_A_MAX + 1];
	struct question q = { .r = &request->r };
	int err;

	err = netlink_parse(tb, L7MESH_AUTHORIZE_A_MAX, nest, netlink_authorize_policy,
			    &request->r);
	if (err)
		return err;
	q.s = mesh_snapshot_get(m);
	err = ask(&q, tb, nest) ?: decide(request, &q);
	kfree(q.memory);
	message_free(q.head);
	snapshot_put(q.s);
	return err;
}

int netlink_authorize(struct netlink_request *q)
{
	const struct nlattr *nest = q->attrs[L7MESH_A_AUTHORIZE];
	struct mesh *m;
	int err;

	m = mesh_own_get(q->mn, &q->r);
	if (IS_ERR(m))
		return PTR_ERR(m);
	if (!nest)
		err = refusal_set_missing(&q->r, NULL, L7MESH_A_AUTHORIZE, "AUTHORIZE");
	else if (!m)
		err = refusal_set(&q->r, -ENOENT, "there is no mesh");
	else
		err = answer(q, m, nest);
	if (m)
		mesh_put(m);
	return err;
}

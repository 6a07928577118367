// SPDX-License-Identifier: GPL-2.0
/*
 * What authorization says of what is explained, where it leads to a workload that is bound.
 * As with AUTHORIZE nobody is exempt; and who asks is seen there as who he is, whatever
 * address the mesh has on the way.
 */
#include <linux/slab.h>

#include "authz/authz_table.h"
#include "authz/workload.h"
#include "http1/head.h"
#include "mesh/inbound.h"
#include "stream/explain.h"
#include "tls/hello.h"

static const struct guard *guard_at(const struct snapshot *s, const struct address *a)
{
	const struct workload *w = authz_table_workload(s->authz, a);

	return w && w->netns ? inbound_guard(s->authz, w->netns, a->port) : NULL;
}

/* Who asks; @peer: which address of his the workload sees, of its family. */
static const struct workload *source_of(const struct question *q, const struct snapshot *s,
					u16 family, struct address *peer)
{
	const struct workload *w;
	const struct guard *g;
	u32 i;

	*peer = q->source;
	if (!q->source_unsaid)
		return authz_table_workload(s->authz, &q->source);
	g = authz_table_guard(s->authz, q->netns);
	w = g ? g->workload : NULL;
	for (i = 0; w && i < w->naddresses; i++)
		if (w->addresses[i].family == family) {
			*peer = w->addresses[i];
			break;
		}
	return w;
}

/* Nobody asks within the workload's namespace. */
static int ask(struct explanation *e, const struct guard *g, struct authz_request *req)
{
	char *memory = NULL;

	if (req->source == g->workload)
		return 0;
	/* It is taken for who it is said to be. */
	req->source_kind = workload_identity_kind(req->source);
	if (req->message) {
		req->path = inbound_path(req->message, GFP_KERNEL, &memory);
		req->sni = AUTHZ_NO_SNI;
		if (!req->path.p)
			return -ENOMEM;
	}
	e->authz = (struct explained_authz){
		.workload = g->workload,
		.source = req->source,
		.decision = guard_decide(g, req),
		.request = req->message,
	};
	kfree(memory);
	return 0;
}

int explain_authz_listener(struct explanation *e, const struct snapshot *s)
{
	const struct question *q = e->question;
	const struct guard *g = guard_at(s, &q->original);
	struct address peer;
	struct authz_request req = {
		.peer = &peer,
		.client = &e->client,
		.to = &q->original,
		.message = e->head,
	};

	if (!g || !q->slot.listener->http.packets)
		return 0;
	/* What is not TLS to the listener, nobody knows what it is. */
	if (q->hello && e->table)
		req.sni = hello_name(q->hello);
	req.source = source_of(q, s, q->original.family, &peer);
	return ask(e, g, &req);
}

/* As the listener there understands it; NULL: it does not, or an error pointer. */
static struct message *read_forwarded(const struct explanation *e,
				      struct http_options *options)
{
	const struct out *head = &e->forwarded;
	struct message *m = head_alloc(false, GFP_KERNEL);
	enum http1_result result = HTTP1_MORE;
	int n = 0;

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->limits = routing_limits(options);
	if (!out_empty(head))
		n = head_take(m, head->data + head->off, head->len, GFP_KERNEL, &result);
	if (n >= 0 && result == HTTP1_DONE && !routing_check(options, m).status)
		return m;
	message_free(m);
	return n < 0 ? ERR_PTR(n) : NULL;
}

static int ask_request(struct explanation *e, const struct guard *g,
		       struct authz_request *req, struct http_options *options)
{
	struct message *m = read_forwarded(e, options);
	struct address client;
	int err;

	if (IS_ERR_OR_NULL(m))
		return PTR_ERR_OR_ZERO(m);
	client = routing_client(options, m, req->peer);
	req->client = &client;
	req->message = m;
	err = ask(e, g, req);
	message_free(m);
	return err;
}

int explain_authz_endpoint(struct explanation *e, const struct snapshot *s)
{
	const struct address *to = &e->ep->address;
	const struct guard *g = guard_at(s, to);
	const struct listener_slot *slot;
	struct http_options options;
	struct address peer;
	struct authz_request req = { .peer = &peer, .client = &peer, .to = to };

	if (!g)
		return 0;
	req.source = source_of(e->question, s, to->family, &peer);
	slot = listener_find(&s->index, to, &peer, NULL);
	if (!slot || !slot->listener->http.inbound)
		return ask(e, g, &req);
	if (e->question->hello && routing_tls_table(s, slot))
		req.sni = hello_name(e->question->hello);
	if (!listener_serves_http(slot->listener) || !e->head)
		return ask(e, g, &req);
	options = slot->listener->http;
	if (s->authz->has_paths)
		path_rules_strict(&options.path);
	return ask_request(e, g, &req, &options);
}

// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "link/client.h"
#include "mesh/inbound.h"
#include "stream/stream_priv.h"
#include "tls/hello.h"

/*
 * The server that a client asks for by TLS, as far as anybody knows: not of who has said
 * nothing that was looked at, and may say it later.
 */
static struct span sni_of(const struct stream *s, struct hello *hello)
{
	const struct message *m = s->request_head;

	if (!s->conn->relays)
		return AUTHZ_NO_SNI;
	if (s->opaque || !m->len || !hello_parse(m->text, hello))
		return (struct span){};
	return hello->name_len ? hello_name(hello) : AUTHZ_NO_SNI;
}

static bool ask(struct stream *s, struct run *run, const struct guard *g, struct span path)
{
	struct conn *c = s->conn;
	struct hello hello;
	struct address peer;
	struct authz_request req = {
		.peer = &peer,
		.client = client_of(s),
		.to = &c->original,
		.message = c->relays ? NULL : s->request_head,
		.path = path,
		.sni = sni_of(s, &hello),
	};
	const struct client_end end = { &peer, &c->original, &c->link };
	struct guard_decision d;
	bool allowed;

	link_peer(&c->link, &peer);
	inbound_source(s->snapshot->authz, &req);
	if (inbound_wants_proof(g, &req))
		inbound_prove(c->mesh, &req, &end, &c->source_netns);
	allowed = !inbound_denies(c->mesh, g, &req, &d) ||
		  inbound_exempt(c->mesh, g, &peer, req.to);
	if (!allowed)
		guard_count_refused(g, &d, req.message);
	run->left -= req.cost * COST_COMPARISON;
	return allowed;
}

/* What follows it would be HTTP/2, whose requests nobody asks for. */
static void refuse_h2c(struct stream *s)
{
	if (s->upgrade && span_eq_nocase(message_upgrade(s->request_head), SPAN("h2c")))
		s->upgrade = false;
}

static noinline bool authorize(struct stream *s, struct run *run, const struct guard *g)
{
	struct reply r = { .status = 403, .body = REPLY_FORBIDDEN };
	struct span path = {};
	char *memory = NULL;
	bool allowed;

	if (!s->conn->relays) {
		refuse_h2c(s);
		path = inbound_path(s->request_head, run_gfp(s, run), &memory);
		if (!path.p) {
			stream_refuse(s, run, STAT_REPLY_NO_MEMORY, 503);
			return false;
		}
	}
	allowed = ask(s, run, g, path);
	kfree(memory);
	if (!allowed)
		stream_reply(s, run, STAT_REPLY_FORBIDDEN, &r);
	return allowed;
}

bool stream_authorize(struct stream *s, struct run *run)
{
	const struct guard *g;

	if (likely(!s->snapshot->authz) || s->authorized)
		return true;
	g = conn_guard(s->conn, s->snapshot);
	s->authorized = !g || authorize(s, run, g);
	return s->authorized;
}

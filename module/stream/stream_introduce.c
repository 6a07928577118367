// SPDX-License-Identifier: GPL-2.0
/*
 * An endpoint is told who the client is. That is who is connected, or whom a PROXY header
 * of its own has named, but not whom a request's fields name: others may follow on the
 * same connection.
 */
#include "stream/stream_priv.h"
#include "upstream/introduction.h"

struct leg_client stream_leg_client(const struct stream *s,
				    const struct cluster *cluster)
{
	const struct conn *c = s->conn;
	const struct address *shown = s->try->hop ? s->try->hop_from : conn_shown(c);
	struct leg_client client = { .guest = s->try->hop };

	if (shown)
		client.shown = *shown;
	if (likely(!cluster->options.proxy_protocol))
		return client;
	client.named = c->source;
	client.named.port = c->source_port;
	client.to = c->said ? c->said->to : c->original;
	if (c->said && cluster->options.proxy_protocol == L7MESH_PROXY_PROTOCOL_V2)
		client.more = c->said->ident;
	return client;
}

/* An address of IPv4 as one of IPv6, if the other one is. */
static u16 put_address(const struct address *a, bool v6, u8 *to)
{
	struct in6_addr mapped = a->v6;

	if (v6 && a->family == AF_INET)
		ipv6_addr_set_v4mapped(a->v4, &mapped);
	memcpy(to, &mapped, sizeof(mapped));
	return ntohs(a->port);
}

int stream_introduce(const struct stream *s, const struct cluster *cluster, gfp_t gfp,
		     struct out *out)
{
	const struct leg_client client = stream_leg_client(s, cluster);
	const struct conn_source *said = s->conn->said;
	bool v6 = client.named.family == AF_INET6 || client.to.family == AF_INET6;
	struct proxy_header h = {
		.family = v6 ? PROXY_HEADER_V6 : PROXY_HEADER_V4,
		.tlvs_len = client.more ? said->len : 0,
	};

	if (likely(!leg_client_is_named(&client)))
		return 0;
	h.source_port = put_address(&client.named, v6, h.source);
	h.to_port = put_address(&client.to, v6, h.to);
	return introduction_write(cluster->options.proxy_protocol, &h,
				  client.more ? said->text : NULL, gfp, out);
}

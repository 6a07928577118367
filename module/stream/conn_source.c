// SPDX-License-Identifier: GPL-2.0
#include "stream/conn_source.h"

#include "lib/proxy_header.h"
#include "stream/stream_priv.h"

/* All but headers with TLVs are shorter. */
#define FIRST_ROOM	(256 - sizeof(struct conn_source))
static_assert(FIRST_ROOM >= PROXY_HEADER_V1_MAX);

static atomic64_t idents = ATOMIC64_INIT(0);

bool conn_source_expected(const struct conn *c, const struct listener *l)
{
	return l->http.proxy_protocol && policy_trusts(&l->policies, &c->source);
}

/* What is taken from memory for it. */
static u32 bytes_of(const struct conn_source *s)
{
	return s ? roundup_pow_of_two(struct_size(s, text, s->size)) : 0;
}

static void replace(struct conn *c, struct conn_source *s)
{
	quota_add(&c->hn->quota, (s64)bytes_of(s) - bytes_of(c->said));
	kfree(c->said);
	c->said = s;
}

void conn_source_free(struct conn *c)
{
	if (c->said)
		replace(c, NULL);
}

/* Room for so many bytes of a header; those that are there stay. */
static bool resize(struct conn *c, u32 size, gfp_t gfp)
{
	struct conn_source *s = kzalloc(struct_size(s, text, size), gfp);

	if (!s)
		return false;
	if (c->said) {
		*s = *c->said;
		memcpy(s->text, c->said->text, s->len);
	}
	s->size = size;
	replace(c, s);
	return true;
}

static bool make_room(struct conn *c, u32 size, gfp_t gfp)
{
	return !conn_quota_spent(c) && resize(c, size, gfp);
}

struct reading {
	struct conn_source *s;
	struct proxy_header header;
	enum proxy_header_result result;
};

/* What is looked at is a copy: the sender may change what it has sent. */
static int header_actor(read_descriptor_t *desc, struct sk_buff *skb,
			unsigned int off, size_t len)
{
	struct reading *r = desc->arg.data;
	struct conn_source *s = r->s;
	u32 n = min_t(size_t, len, s->size - s->len);

	if (r->result != PROXY_HEADER_MORE || !n ||
	    skb_copy_bits(skb, off, s->text + s->len, n))
		return 0;
	r->result = proxy_header_parse(s->text, s->len + n, &r->header);
	if (r->result == PROXY_HEADER_DONE)
		n = r->header.len - s->len;
	s->len += n;
	return n;
}

/* Reads until it is known what it is, or nothing is left. False: no memory. */
static bool read_header(struct conn *c, struct reading *r, gfp_t gfp)
{
	read_descriptor_t desc = { .arg.data = r, .count = 1 };
	u32 wanted = FIRST_ROOM;

	/* An earlier run may have learned how long it is, and found no more of it. */
	if (c->said && c->said->len) {
		proxy_header_parse(c->said->text, c->said->len, &r->header);
		wanted = max(wanted, r->header.len);
	}
	while (r->result == PROXY_HEADER_MORE && link_pending(&c->link) &&
	       !link_has_urgent(&c->link)) {
		if ((!c->said || c->said->size < wanted) && !make_room(c, wanted, gfp))
			return false;
		r->s = c->said;
		link_read(&c->link, &desc, header_actor);
		if (r->header.len <= r->s->size)
			break;
		wanted = r->header.len;
	}
	return true;
}

static void set_address(struct address *a, u8 family, const u8 *bytes, u16 port)
{
	struct in6_addr v6;
	__be32 v4;

	if (family == PROXY_HEADER_V4) {
		memcpy(&v4, bytes, sizeof(v4));
		address_set_v4(a, v4, htons(port));
	} else {
		memcpy(&v6, bytes, sizeof(v6));
		address_set_v6(a, &v6, htons(port));
	}
}

/* From here on this is the client. */
static void believe(struct conn *c, const struct proxy_header *h, gfp_t gfp)
{
	struct conn_source *s = c->said;

	stat_inc(c->mesh->stats, STAT_PROXY_HEADERS);
	if (h->family == PROXY_HEADER_NONE) {
		conn_source_free(c);
		return;
	}
	set_address(&c->source, h->family, h->source, 0);
	c->source_port = htons(h->source_port);
	c->source_len = address_host_text(&c->source, c->source_text);
	set_address(&s->to, h->family, h->to, h->to_port);
	s->len = proxy_header_keep_tlvs(s->text, h, s->text);
	if (s->len)
		s->ident = atomic64_inc_return(&idents);
	/* It stays as long as the connection. If there is no memory, so does all of it. */
	if (s->size > s->len + FIRST_ROOM)
		resize(c, s->len, gfp | __GFP_NOWARN);
}

static void refuse(struct conn *c, struct run *run, enum mesh_stat reason)
{
	stat_inc(c->mesh->stats, reason);
	stream_end(&c->stream, run, true);
}

/* It is not there yet: will it come? */
static void look_at_end(struct conn *c, struct run *run)
{
	bool begun = c->said && c->said->len;

	if (link_has_urgent(&c->link))
		refuse(c, run, STAT_PROXY_HEADER_MALFORMED);
	else if (begun && link_eof(&c->link))
		refuse(c, run, STAT_PROXY_HEADER_MALFORMED);
	else if (!begun && (link_eof(&c->link) ||
			    (READ_ONCE(c->draining) && !link_pending(&c->link))))
		stream_end(&c->stream, run, false);
}

/* Returns whether the client is known. */
static bool learn(struct conn *c, struct run *run)
{
	struct reading r = { .result = PROXY_HEADER_MORE };
	gfp_t gfp = run_gfp(&c->stream, run);

	if (!read_header(c, &r, gfp)) {
		refuse(c, run, STAT_DOWNSTREAM_NO_MEMORY);
		return false;
	}
	switch (r.result) {
	case PROXY_HEADER_DONE:
		believe(c, &r.header, gfp);
		return true;
	case PROXY_HEADER_MORE:
		look_at_end(c, run);
		return false;
	case PROXY_HEADER_ABSENT:
		refuse(c, run, STAT_PROXY_HEADER_ABSENT);
		return false;
	default:
		refuse(c, run, STAT_PROXY_HEADER_MALFORMED);
		return false;
	}
}

bool conn_source_learn(struct conn *c, struct run *run)
{
	struct mem_cgroup *old;
	bool known;

	if (!run->may_sleep) {
		run->defer = true;
		return false;
	}
	run->left -= COST_ROUND;
	old = payer_enter(c->payer);
	known = learn(c, run);
	payer_leave(c->payer, old);
	return known;
}

void conn_source_late(struct conn *c, struct run *run)
{
	refuse(c, run, STAT_PROXY_HEADER_TIMEOUT);
}

// SPDX-License-Identifier: GPL-2.0
#include "txn.h"

#include <errno.h>
#include <linux/l7mesh.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "message.h"
#include "util.h"

/* A batch is sent once it has so much; sockets take 200 KiB by default. */
#define BATCH_SIZE (64 * 1024)

static int request(struct nl *nl, uint8_t cmd, bool replace, nl_cb cb,
		   void *data, struct refusal *r)
{
	struct nlmsghdr *nlh;
	char buf[64];

	nlh = nl_prepare(nl, buf, cmd, NLM_F_ACK);
	if (replace)
		mnl_attr_put(nlh, L7MESH_A_REPLACE, 0, NULL);
	return nl_request(nl, nlh, cb, data, r);
}

int txn_begin(struct nl *nl, bool replace, struct refusal *r)
{
	return request(nl, L7MESH_CMD_TXN_BEGIN, replace, NULL, NULL, r);
}

static void take_generation(const struct nlmsghdr *nlh, void *data)
{
	*(uint64_t *)data = nl_u64(nl_attr(nlh, L7MESH_A_GENERATION));
}

int txn_commit(struct nl *nl, uint64_t *generation, struct refusal *r)
{
	return request(nl, L7MESH_CMD_TXN_COMMIT, false, take_generation,
		       generation, r);
}

int txn_abort(struct nl *nl, struct refusal *r)
{
	return request(nl, L7MESH_CMD_TXN_ABORT, false, NULL, NULL, r);
}

struct batch {
	uint8_t cmd;
	char *buf;
	size_t len;
	struct nlmsghdr *last;
	const struct object **objects;	/* by sequence number, from @first */
	uint32_t first;
	uint32_t count;
};

/* What the answers to a batch said so far. */
struct answers {
	uint32_t last;		/* the sequence number that is acknowledged */
	bool done;		/* the acknowledgment came */
	struct refusal first;	/* of those that came, by its request */
};

static void take_answer(struct answers *a, const struct nlmsghdr *nlh)
{
	struct refusal r;

	if (nlh->nlmsg_type != NLMSG_ERROR)
		return;
	refusal_read(&r, nlh);
	if (nlh->nlmsg_seq == a->last)
		a->done = true;
	if (r.code && (!a->first.code || r.seq < a->first.seq)) {
		refusal_free(&a->first);
		a->first = r;
	} else {
		refusal_free(&r);
	}
}

/*
 * The kernel has worked a batch off when sending it returns, so all answers are
 * there, but for those that overran the buffer. They are not in the batch's order:
 * what a request's form is refused for is found before what it says is looked at.
 */
static int read_answers(struct nl *nl, struct answers *a)
{
	int fd = mnl_socket_get_fd(nl->socket), len;
	const struct nlmsghdr *nlh;

	for (;;) {
		len = recv(fd, nl->buf, NL_BUF_SIZE, MSG_DONTWAIT);
		if (len < 0 && (errno == EINTR || errno == ENOBUFS))
			continue;
		if (len < 0)
			return errno == EAGAIN ? 0 : -1;
		for (nlh = (const void *)nl->buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len))
			take_answer(a, nlh);
	}
	return 0;
}

static int send_batch(struct nl *nl, struct batch *b,
		      const struct object **refused, struct refusal *r)
{
	struct answers a = { .first = REFUSAL_NONE };

	if (!b->len)
		return 0;
	b->last->nlmsg_flags |= NLM_F_ACK;
	a.last = b->last->nlmsg_seq;
	if (mnl_socket_sendto(nl->socket, b->buf, b->len) < 0 ||
	    read_answers(nl, &a)) {
		*r = REFUSAL_NONE;
		r->code = errno;
		return -1;
	}
	if (!a.first.code && !a.done)
		a.first.code = ENOBUFS;
	*r = a.first;
	if (a.first.code && a.first.seq - b->first < b->count)
		*refused = b->objects[a.first.seq - b->first];
	b->len = 0;
	b->count = 0;
	return a.first.code ? -1 : 0;
}

static int stage(struct nl *nl, struct batch *b, const struct object *o,
		 const struct object **refused, struct refusal *r)
{
	struct nlmsghdr *nlh;

	nlh = nl_prepare(nl, b->buf + b->len, b->cmd, 0);
	if (!message_put(nlh, o->kind, o->body)) {
		*r = REFUSAL_NONE;
		r->code = EMSGSIZE;
		*refused = o;
		return -1;
	}
	if (!b->count)
		b->first = nlh->nlmsg_seq;
	b->objects[b->count++] = o;
	b->last = nlh;
	b->len += MNL_ALIGN(nlh->nlmsg_len);
	return b->len < BATCH_SIZE ? 0 : send_batch(nl, b, refused, r);
}

static int stage_all(struct nl *nl, struct batch *b,
		     const struct config *config,
		     const struct object **refused, struct refusal *r)
{
	size_t i;

	for (i = 0; i < config->count; i++)
		if (stage(nl, b, &config->objects[i], refused, r))
			return -1;
	return send_batch(nl, b, refused, r);
}

int txn_stage(struct nl *nl, uint8_t cmd, const struct config *config,
	      const struct object **refused, struct refusal *r)
{
	struct batch b = { .cmd = cmd };
	int err;

	*refused = NULL;
	*r = REFUSAL_NONE;
	b.buf = xrealloc(NULL, BATCH_SIZE + MESSAGE_MAX);
	/* No request is shorter than its two headers. */
	b.objects = xrealloc(NULL, (BATCH_SIZE / 20 + 1) *
				   sizeof(b.objects[0]));
	err = stage_all(nl, &b, config, refused, r);
	free(b.buf);
	free(b.objects);
	return err;
}

char *txn_text(struct nl *nl, const struct object *o, const struct refusal *r)
{
	char *buf = xrealloc(NULL, MESSAGE_MAX), *text;
	struct nlmsghdr *nlh = nl_prepare(nl, buf, L7MESH_CMD_ADD, 0);

	message_put(nlh, o->kind, o->body);
	text = refusal_text(r, nlh);
	free(buf);
	return text;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink_dump, as its own files see it:
 *
 *	netlink_dump.c		the state of dumps, and all dumps but ...
 *	netlink_stats.c		STATS_GET
 *	netlink_explain.c	EXPLAIN
 */
#ifndef L7MESH_NETLINK_DUMP_PRIV_H
#define L7MESH_NETLINK_DUMP_PRIV_H

#include "netlink/netlink.h"
#include "netlink/netlink_request.h"

struct attached;
struct explaining;
struct splice_info;

/* How far a dump is: an object, and where in it. 0 is the object itself. */
struct cursor {
	u32 stage;
	u32 object;
	u32 part;	/* member or virtual host + 1 */
	u32 route;	/* + 1 */
};

struct dump {
	struct refusal *r;	/* the request's, while it is begun */
	u32 room;		/* that the largest message needs */
	struct mesh *mesh;	/* held; NULL: there is none, show nothing */
	struct snapshot *s;	/* held if mesh is */
	u32 kind;		/* GET: 0 is all */
	struct cursor at;
	const struct cluster *cluster;	/* MAGLEV_GET */
	struct maglev maglev;	/* its table */
	bool own_maglev;
	struct attached *attached;	/* ATTACHED_GET */
	struct splice_info *splices;	/* SPLICES_GET */
	struct explaining *explaining;	/* EXPLAIN */
	u32 n;
};

static inline struct dump *netlink_dump_of(struct netlink_callback *cb)
{
	return *(struct dump **)cb->ctx;
}

/* The dump of the namespace's mesh, or an error pointer. */
struct dump *netlink_new_dump(struct netlink_request *q);

/* What is returned of a dump that is begun: it, or if @err that, and it is freed. */
struct dump *netlink_begun(struct dump *d, int err);

/* netlink_explain.c; may be NULL */
void netlink_free_explaining(struct explaining *x);

static inline void *netlink_begin_message(struct sk_buff *skb,
					  struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &l7mesh_family, NLM_F_MULTI, cmd);
}

/* A message that fits is finished; of any other nothing is left. */
static inline int netlink_end_message(struct sk_buff *skb, void *header,
				      int err)
{
	if (err)
		genlmsg_cancel(skb, header);
	else
		genlmsg_end(skb, header);
	return err;
}

/* What dumpit answers: go on, done, or a message that fits nowhere. */
static inline int netlink_answer_dump(struct sk_buff *skb, int err)
{
	if (err && !skb->len)
		return err;
	return skb->len;
}

#endif

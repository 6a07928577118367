/* SPDX-License-Identifier: GPL-2.0 */
/*
 * authorization: a policy that says who may reach which workloads, and for what. Istio's
 * AuthorizationPolicy.
 *
 * Immutable and counted: snapshots and drafts hold it. It is one allocation: itself, the
 * attributes of its rules as they were given, which is what dumps tell, and what was made of
 * them, which points into these. Context: process, but for reading.
 */
#ifndef L7MESH_AUTHORIZATION_H
#define L7MESH_AUTHORIZATION_H

#include <linux/refcount.h>
#include "authz/authz_rule.h"

struct account;
struct authz_count;
struct nlattr;
struct refusal;
struct sk_buff;
struct workload;

struct authorization {
	refcount_t ref;
	size_t bytes;
	struct name_ref name;
	struct name_ref namespace;	/* empty: it is for all */
	struct span selector;		/* metadata that its workloads have */
	u8 action;			/* enum l7mesh_authorization_action */
	bool audit;			/* it only counts */
	bool cut;			/* it ends connections that it comes to forbid */
	struct span given;		/* the items of RULES */
	struct authz_rules rules;
	struct authz_count *count;	/* counted; NULL: it is no part of a snapshot */
};

/* What a specification that is being made points to, besides a message. */
struct authorization_parser {
	void *memory;
};

/**
 * authorization_take() - Change a specification by what a message says
 * @a: specification; points to the message and @p's memory afterwards
 * @p: zeroed; authorization_take_end() it whatever comes of it
 * @tb: the attributes of its nest
 * @r: refusal
 *
 * Return: 0 or a negative errno.
 */
int authorization_take(struct authorization *a, struct authorization_parser *p,
		       struct nlattr **tb, struct refusal *r);
void authorization_take_end(struct authorization_parser *p);

/* The attributes that make it, but for its name: 0 or -EMSGSIZE. */
int authorization_put_attrs(struct sk_buff *skb, const struct authorization *a);

/**
 * authorization_clone() - A policy of its own memory
 * @account: charged
 * @spec: what to copy; ref and bytes need not be set
 *
 * Return: one with one reference, or what account_new() says.
 */
struct authorization *authorization_clone(struct account *account,
					  const struct authorization *spec);

/**
 * authorization_finish() - Make it ready for a snapshot
 * @account: charged
 * @a: policy that nobody else has
 * @before: the one of that name which it replaces, or NULL: if it does the same, @a goes on
 *	counting where it was
 *
 * Return: 0, or what account_new() says.
 */
int authorization_finish(struct account *account, struct authorization *a,
			 const struct authorization *before);

/* Would replacing one by the other, of the same name, change nothing? */
bool authorization_equal(const struct authorization *a, const struct authorization *b);

/* Is it for this workload? */
bool authorization_selects(const struct authorization *a, const struct workload *w);

static inline struct authorization *authorization_get(struct authorization *a)
{
	refcount_inc(&a->ref);
	return a;
}

/* When no reader can see it any more; NULL is nothing. */
void authorization_put(struct account *account, struct authorization *a);

#endif

// SPDX-License-Identifier: GPL-2.0
#include "plan.h"

#include <errno.h>
#include <linux/l7mesh.h>
#include <stdlib.h>

#include "message.h"
#include "tree.h"
#include "txn.h"
#include "util.h"

/* A transaction is tried so often while others change the configuration meanwhile. */
#define ATTEMPTS_MAX 10

static void add(struct config *to, const json_t *endpoint)
{
	json_t *key = must(json_pack("{s:O, s:O, s:O}",
				     "cluster", get(endpoint, "cluster"),
				     "address", get(endpoint, "address"),
				     "port", get(endpoint, "port")));

	config_add(to, L7MESH_KIND_ENDPOINT, key, (struct mark){ 0 });
}

bool plan_make(struct plan *plan, const char *cluster, const json_t *there,
	       const json_t *wanted)
{
	json_t *endpoint;
	const char *key;

	*plan = (struct plan){ .cluster = cluster };
	json_object_foreach((json_t *)wanted, key, endpoint)
		if (!get(there, key))
			add(&plan->add, endpoint);
	json_object_foreach((json_t *)there, key, endpoint)
		if (!get(wanted, key))
			add(&plan->del, endpoint);
	return plan->add.count || plan->del.count;
}

void plan_free(struct plan *plan)
{
	config_free(&plan->add);
	config_free(&plan->del);
}

/* What somebody else did first: the configuration is another. */
static bool is_raced(const struct refusal *r)
{
	return r->code == EBUSY || r->code == ENOENT || r->code == EEXIST;
}

/* Takes over @r. */
static int refused(struct nl *nl, const struct object *o, struct refusal *r,
		   char **why)
{
	char *text, *label;
	int code = is_raced(r) ? EAGAIN : r->code;

	if (code != EAGAIN) {
		text = o ? txn_text(nl, o, r) : refusal_text(r, NULL);
		label = o ? object_label(o->kind, o->body) :
			    xstrdup("the transaction");
		*why = xasprintf("%s: the kernel refused: %s", label, text);
		free(label);
		free(text);
	}
	refusal_free(r);
	return code;
}

static int stage(struct nl *nl, const struct plan *plans, size_t n, char **why)
{
	const struct object *o = NULL;
	struct refusal r, ignored;
	size_t i;

	if (txn_begin(nl, false, &r))
		return refused(nl, NULL, &r, why);
	for (i = 0; i < n; i++) {
		if (!txn_stage(nl, L7MESH_CMD_ADD, &plans[i].add, &o, &r) &&
		    !txn_stage(nl, L7MESH_CMD_DEL, &plans[i].del, &o, &r))
			continue;
		if (txn_abort(nl, &ignored))
			refusal_free(&ignored);
		return refused(nl, o, &r, why);
	}
	return 0;
}

static int transact(struct nl *nl, const struct plan *plans, size_t n, char **why)
{
	struct refusal r = REFUSAL_NONE;
	uint64_t generation;
	int code, i;

	for (i = 0; i < ATTEMPTS_MAX; i++) {
		refusal_free(&r);
		code = stage(nl, plans, n, why);
		if (code)
			return code;
		if (!txn_commit(nl, &generation, &r))
			return 0;
		if (r.code != EBUSY)
			break;
	}
	return refused(nl, NULL, &r, why);
}

static int change_one(struct nl *nl, const struct plan *plan, char **why)
{
	uint8_t cmd = plan->add.count ? L7MESH_CMD_ADD : L7MESH_CMD_DEL;
	const struct object *o = plan->add.count ? plan->add.objects :
						   plan->del.objects;
	struct refusal r = REFUSAL_NONE;
	struct nlmsghdr *nlh;
	char buf[2048];

	nlh = nl_prepare(nl, buf, cmd, NLM_F_ACK);
	message_put(nlh, o->kind, o->body);
	if (!nl_request(nl, nlh, NULL, NULL, &r))
		return 0;
	return refused(nl, o, &r, why);
}

int plan_commit(struct nl *nl, const struct plan *plans, size_t n, char **why)
{
	if (n == 1 && plans->add.count + plans->del.count == 1)
		return change_one(nl, plans, why);
	return transact(nl, plans, n, why);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * txn: one transaction that stages many objects.
 *
 * Requests are sent in batches. Only the last of a batch asks to be
 * acknowledged, but every refusal is answered: so a batch costs one answer, and
 * the first refusal is found even if later ones overrun the socket's buffer.
 */
#ifndef MESHCTL_TXN_H
#define MESHCTL_TXN_H

#include "config.h"
#include "nl.h"

/*
 * All return 0, or -1 with @r filled. The transaction goes with the socket if it
 * is neither committed nor aborted.
 */
int txn_begin(struct nl *nl, bool replace, struct refusal *r);
int txn_commit(struct nl *nl, uint64_t *generation, struct refusal *r);
int txn_abort(struct nl *nl, struct refusal *r);

/*
 * ADD, or another command, of all objects in their order. If one is refused,
 * *@refused is it, and @r's attribute is named by txn_text().
 */
int txn_stage(struct nl *nl, uint8_t cmd, const struct config *config,
	      const struct object **refused, struct refusal *r);

/* refusal_text() for a staged object. Freed by the caller. */
char *txn_text(struct nl *nl, const struct object *o, const struct refusal *r);

#endif

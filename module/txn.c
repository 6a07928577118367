// SPDX-License-Identifier: GPL-2.0
/*
 * txn: see txn.h.
 */
#include <linux/err.h>
#include "account.h"
#include "mesh.h"
#include "txn.h"

struct txn *txn_find(struct mesh *m, const struct txn_owner *owner)
{
	struct txn *txn;

	lockdep_assert_held(&m->lock);
	list_for_each_entry(txn, &m->txns, list)
		if (txn->owner.portid == owner->portid &&
		    txn->owner.sk == owner->sk)
			return txn;
	return NULL;
}

int txn_begin(struct mesh *m, const struct txn_owner *owner, bool replace,
	      struct refusal *r)
{
	struct txn *txn;

	if (txn_find(m, owner))
		return refusal_set(r, -EBUSY,
				   "a transaction of this socket is open already");
	if (m->ntxns == TXNS_MAX)
		return refusal_set(r, -EBUSY, "%u transactions are open already",
				   TXNS_MAX);
	txn = account_new(m->account, sizeof(*txn));
	if (IS_ERR(txn))
		return account_refuse(r, PTR_ERR(txn));
	txn->owner = *owner;
	txn->generation = m->generation;
	draft_init(&txn->draft, mesh_snapshot_get(m), replace);
	list_add_tail(&txn->list, &m->txns);
	m->ntxns++;
	object_created(OBJECT_TXN);
	return 0;
}

void txn_end(struct mesh *m, struct txn *txn)
{
	lockdep_assert_held(&m->lock);
	list_del(&txn->list);
	m->ntxns--;
	draft_destroy(&txn->draft);
	account_free(m->account, txn, sizeof(*txn));
	object_destroyed(OBJECT_TXN);
}

void txn_drop_port(struct mesh *m, u32 portid)
{
	struct txn *txn, *next;

	list_for_each_entry_safe(txn, next, &m->txns, list)
		if (txn->owner.portid == portid)
			txn_end(m, txn);
}

void txn_drop_all(struct mesh *m)
{
	struct txn *txn, *next;

	list_for_each_entry_safe(txn, next, &m->txns, list)
		txn_end(m, txn);
}

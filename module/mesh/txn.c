// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include "lib/account.h"
#include "mesh/mesh.h"
#include "mesh/txn.h"

struct txn *txn_find(struct mesh *m, const struct txn_owner *owner)
{
	struct txn *txn;

	lockdep_assert_held(&m->lock);
	list_for_each_entry(txn, &m->txns.list, list)
		if (txn->owner.portid == owner->portid &&
		    txn->owner.sk == owner->sk && !READ_ONCE(txn->is_orphan))
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
	txn_drop_orphans(m);
	if (m->txns.n == TXNS_MAX)
		return refusal_set(r, -EBUSY, "%u transactions are open already",
				   TXNS_MAX);
	txn = account_new(m->account, sizeof(*txn));
	if (IS_ERR(txn))
		return account_refuse(m->account, r, PTR_ERR(txn));
	txn->owner = *owner;
	txn->generation = m->generation;
	draft_init(&txn->draft, mesh_snapshot_get(m), replace);
	spin_lock(&m->txns.lock);
	list_add_tail(&txn->list, &m->txns.list);
	m->txns.n++;
	spin_unlock(&m->txns.lock);
	stats_object_created(OBJECT_TXN);
	return 0;
}

void txn_end(struct mesh *m, struct txn *txn)
{
	lockdep_assert_held(&m->lock);
	spin_lock(&m->txns.lock);
	list_del(&txn->list);
	m->txns.n--;
	if (txn->is_orphan)
		atomic_dec(&m->txns.orphans);
	spin_unlock(&m->txns.lock);
	draft_destroy(&txn->draft);
	account_free(m->account, txn, sizeof(*txn));
	stats_object_destroyed(OBJECT_TXN);
}

/* The list's lock held. */
static bool orphan(struct txns *t, struct txn *txn)
{
	if (txn->is_orphan)
		return false;
	WRITE_ONCE(txn->is_orphan, true);
	atomic_inc(&t->orphans);
	return true;
}

bool txn_orphan(struct txns *t, u32 portid)
{
	struct txn *txn;
	bool any = false;

	spin_lock(&t->lock);
	list_for_each_entry(txn, &t->list, list)
		if (txn->owner.portid == portid)
			any |= orphan(t, txn);
	spin_unlock(&t->lock);
	/* Pairs with unlock() in mesh.c: we get the lock, or he sees the orphan. */
	smp_mb();
	return any;
}

bool txn_orphan_all(struct txns *t)
{
	struct txn *txn;
	bool any = false;

	spin_lock(&t->lock);
	list_for_each_entry(txn, &t->list, list)
		any |= orphan(t, txn);
	spin_unlock(&t->lock);
	smp_mb();	/* as above */
	return any;
}

void txn_drop_orphans(struct mesh *m)
{
	struct txn *txn, *next;

	if (!txn_has_orphans(&m->txns))
		return;
	list_for_each_entry_safe(txn, next, &m->txns.list, list)
		if (READ_ONCE(txn->is_orphan))
			txn_end(m, txn);
}

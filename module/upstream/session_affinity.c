// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/sort.h>
#include <linux/xxhash.h>

#include "lib/account.h"
#include "upstream/cluster.h"
#include "upstream/session_affinity.h"

/* Another seed than those of Maglev tables and rings. */
#define SEED	2

u64 session_affinity_id(const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];
	int len = address_text(address, text);

	return xxh64(text, len, SEED);
}

static int compare(const void *a, const void *b)
{
	const struct session_endpoint *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static size_t index_bytes(const struct roster *r)
{
	return r->n * sizeof(struct session_endpoint);
}

int session_affinity_index(struct account *account, struct roster *roster)
{
	struct session_endpoint *s = account_new(account, index_bytes(roster));
	const struct member_set *set;
	u32 i;

	if (IS_ERR(s))
		return PTR_ERR(s);
	roster->sessions = s;
	for (set = roster->sets; set < roster->sets + roster->nsets; set++) {
		for (i = 0; i < set->n; i++, s++) {
			s->ep = set->members[i].ep;
			s->id = session_affinity_id(&s->ep->address);
		}
		cond_resched();
	}
	sort(roster->sessions, roster->n, sizeof(*s), compare, NULL);
	return 0;
}

void session_affinity_free(struct account *account, struct roster *roster)
{
	account_free(account, roster->sessions, index_bytes(roster));
}

static struct endpoint *find(const struct roster *roster, u64 id)
{
	u32 low = 0, high = roster->n;

	while (low < high) {
		u32 middle = low + (high - low) / 2;
		const struct session_endpoint *s = &roster->sessions[middle];

		if (s->id == id)
			return s->ep;
		if (s->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* As hash_policy_cookie_text() writes it. */
static bool parse_id(struct span text, u64 *id)
{
	u32 i;

	if (text.len != COOKIE_VALUE_LEN)
		return false;
	for (*id = 0, i = 0; i < text.len; i++) {
		int digit = hex_digit(text.p[i]);

		if (digit < 0)
			return false;
		*id = *id << 4 | digit;
	}
	return true;
}

struct endpoint *session_affinity_find(const struct session_affinity *s,
				       const struct roster *roster,
				       const struct pick *pick)
{
	struct span value;
	u64 id;

	if (!hash_policy_find_cookie(pick, s->cookie.name, &value) ||
	    !parse_id(value, &id))
		return NULL;
	return find(roster, id);
}

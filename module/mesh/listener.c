// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <uapi/linux/l7mesh.h>
#include "lib/account.h"
#include "lib/pack.h"
#include "lib/refusal.h"
#include "lib/stats.h"
#include "mesh/snapshot.h"

static void pack_listener(struct packer *p, void *object)
{
	struct listener *l = object;

	pack_span(p, &l->name.name);
	pack_span(p, &l->route_table.name);
	pack_span(p, &l->tls_route_table.name);
	pack_span(p, &l->cluster.name);
	l->more = pack_array(p, l->more, l->nmore * sizeof(*l->more));
	l->from = pack_array(p, l->from, l->nfrom * sizeof(*l->from));
	parts_pack(p, &l->policies);
}

struct listener *listener_clone(struct account *account,
				const struct listener *spec)
{
	struct listener like = *spec, *l;
	int err;

	l = pack_clone(account, &like, sizeof(like), pack_listener, SIZE_MAX,
		       &like.bytes);
	if (IS_ERR(l))
		return l;
	refcount_set(&l->ref, 1);
	stats_object_created(OBJECT_LISTENER);
	err = parts_make(account, &l->policies);
	if (!err)
		return l;
	listener_put(account, l);
	return ERR_PTR(err);
}

void listener_put(struct account *account, struct listener *l)
{
	if (!l || !refcount_dec_and_test(&l->ref))
		return;
	parts_free(account, &l->policies);
	stats_object_destroyed(OBJECT_LISTENER);
	account_free(account, l, l->bytes);
}

bool listener_is_for(const struct listener *l, const struct address *client)
{
	u32 i;

	for (i = 0; i < l->nfrom; i++)
		if (network_has(&l->from[i], client->family, (const u8 *)&client->v6))
			return true;
	return !l->nfrom;
}

/* Where they are, and for whom. */
static bool same_places(const struct listener *a, const struct listener *b)
{
	u32 i;

	if (!address_eq(&a->address, &b->address) || a->port_end != b->port_end ||
	    a->nmore != b->nmore || a->nfrom != b->nfrom ||
	    strcmp(a->interface, b->interface))
		return false;
	for (i = 0; i < a->nmore; i++)
		if (!address_eq(&a->more[i], &b->more[i]))
			return false;
	for (i = 0; i < a->nfrom; i++)
		if (!network_equal(&a->from[i], &b->from[i]))
			return false;
	return true;
}

bool listener_equal(const struct listener *a, const struct listener *b)
{
	return same_places(a, b) &&
	       a->protocol == b->protocol && a->has_proxy == b->has_proxy &&
	       address_eq(&a->proxy, &b->proxy) &&
	       span_eq(a->route_table.name, b->route_table.name) &&
	       span_eq(a->tls_route_table.name, b->tls_route_table.name) &&
	       span_eq(a->cluster.name, b->cluster.name) &&
	       http_options_equal(&a->http, &b->http) &&
	       parts_equal(&a->policies, &b->policies);
}

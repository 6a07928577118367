// SPDX-License-Identifier: GPL-2.0
#include "lib/parts.h"

#include "lib/pack.h"

void parts_pack(struct packer *p, struct parts *parts)
{
	struct part *list = pack_array(p, parts->list,
				       parts->n * sizeof(*list));
	u32 i;

	parts->list = list;
	for (i = 0; i < parts->n; i++) {
		const struct part_ops *ops = list[i].ops;

		list[i].data = pack_array(p, list[i].data, ops->size);
		if (ops->pack)
			ops->pack(p, list[i].data);
	}
}

static void free_first(struct account *account, const struct part *list, u32 n)
{
	while (n--)
		if (list[n].ops->free)
			list[n].ops->free(account, list[n].data);
}

int parts_make(struct account *account, struct parts *parts)
{
	u32 i;
	int err = 0;

	for (i = 0; i < parts->n; i++) {
		const struct part *part = &parts->list[i];

		if (part->ops->make)
			err = part->ops->make(account, part->data);
		if (err)
			break;
	}
	if (!err)
		return 0;
	free_first(account, parts->list, i);
	parts->n = 0;
	return err;
}

void parts_free(struct account *account, const struct parts *parts)
{
	free_first(account, parts->list, parts->n);
}

bool parts_equal(const struct parts *a, const struct parts *b)
{
	u32 i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (a->list[i].ops != b->list[i].ops ||
		    !a->list[i].ops->equal(a->list[i].data, b->list[i].data))
			return false;
	return true;
}

// SPDX-License-Identifier: GPL-2.0
#include "lib/attr.h"

#include "lib/objset.h"
#include "lib/refusal.h"

int attr_parse(struct nlattr **tb, int max, const struct nlattr *nest,
	       struct refusal *r)
{
	const struct nlattr *nla;
	int rem, err;

	err = nla_parse_nested(tb, max, nest, NULL, NULL);
	if (err)
		return refusal_set_attr(r, nest, err, "malformed attributes");
	nla_for_each_nested(nla, nest, rem)
		if (tb[nla_type(nla)] != nla)
			return refusal_set_attr(r, nla, -EINVAL,
						"the attribute is there twice");
	return 0;
}

static bool name_valid(struct span s)
{
	u32 i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e)
			return false;
	return s.len;
}

int attr_name(const struct nlattr *nla, struct name_ref *name,
	      struct refusal *r)
{
	struct span s = attr_span(nla);

	if (!name_valid(s))
		return refusal_set_attr(r, nla, -EINVAL,
					"a name is printable ASCII without space");
	*name = name_ref(s);
	return 0;
}

u32 attr_count(const struct nlattr *list)
{
	const struct nlattr *item;
	u32 n = 0;
	int rem;

	nla_for_each_nested(item, list, rem)
		n++;
	return n;
}

int attr_statuses(const struct nlattr *nla, const u16 **status, u32 *n,
		  struct refusal *r)
{
	u32 i;

	if (nla_len(nla) % sizeof(**status))
		return refusal_set_attr(r, nla, -EINVAL,
					"a status has two bytes");
	*status = nla_data(nla);
	*n = nla_len(nla) / sizeof(**status);
	for (i = 0; i < *n; i++)
		if ((*status)[i] < 100 || (*status)[i] > 599)
			return refusal_set_attr(r, nla, -EINVAL,
						"%u is not a status of 100 to 599",
						(*status)[i]);
	return 0;
}

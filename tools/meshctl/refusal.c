// SPDX-License-Identifier: GPL-2.0
#include "refusal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "util.h"

static void read_attr(struct refusal *r, const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);
	const char *text = mnl_attr_get_payload(attr);

	switch (mnl_attr_get_type(attr)) {
	case NLMSGERR_ATTR_MSG:
		free(r->message);
		r->message = xasprintf("%.*s", (int)strnlen(text, len), text);
		break;
	case NLMSGERR_ATTR_OFFS:
		r->offset = len == 4 ? (long)mnl_attr_get_u32(attr) : -1;
		break;
	case NLMSGERR_ATTR_MISS_TYPE:
		r->missing = len == 4 ? (int)mnl_attr_get_u32(attr) : -1;
		break;
	case NLMSGERR_ATTR_MISS_NEST:
		r->nest = len == 4 ? (long)mnl_attr_get_u32(attr) : 0;
		break;
	}
}

/* Where the attributes begin that follow the error: after the request's copy. */
static size_t error_size(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type == NLMSG_DONE)
		return sizeof(int);
	if (nlh->nlmsg_flags & NLM_F_CAPPED)
		return sizeof(*error);
	return sizeof(*error) + error->msg.nlmsg_len - NLMSG_HDRLEN;
}

void refusal_read(struct refusal *r, const struct nlmsghdr *nlh)
{
	size_t size = mnl_nlmsg_get_payload_len(nlh);
	const struct nlattr *attr;

	*r = REFUSAL_NONE;
	r->seq = nlh->nlmsg_seq;
	if (size < sizeof(int))
		return;
	r->code = -*(const int *)mnl_nlmsg_get_payload(nlh);
	if (nlh->nlmsg_type == NLMSG_ERROR && size < sizeof(struct nlmsgerr))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || error_size(nlh) > size)
		return;
	mnl_attr_for_each(attr, nlh, error_size(nlh))
		read_attr(r, attr);
}

void refusal_free(struct refusal *r)
{
	free(r->message);
	*r = REFUSAL_NONE;
}

static const char *words(int code)
{
	switch (code) {
	case EPERM:
		return "not permitted: it takes CAP_NET_ADMIN over the "
		       "namespace, and an attached one is not asked";
	case EBUSY:
		return "the configuration was changed by somebody else "
		       "meanwhile";
	default:
		return strerror(code);
	}
}

char *refusal_text(const struct refusal *r, const struct nlmsghdr *request)
{
	const char *message = r->message ? r->message : words(r->code);
	char *name = NULL, *text;

	if (request && r->missing >= 0)
		name = message_name(request, r->nest, r->missing);
	else if (request && r->offset > 0)
		name = message_name(request, r->offset, -1);
	if (!name)
		return xstrdup(message);
	text = xasprintf("%s: %s%s", name, r->missing >= 0 && !r->message ?
			 "missing: " : "", message);
	free(name);
	return text;
}

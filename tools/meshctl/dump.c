// SPDX-License-Identifier: GPL-2.0
#include "dump.h"

#include <errno.h>
#include <stdlib.h>

#include "message.h"
#include "meshctl.h"
#include "util.h"

/* A configuration that changes faster than it can be read is given up on. */
#define ATTEMPTS_MAX 20

int dump_retry(struct nl *nl, struct nlmsghdr *request, nl_cb cb,
	       void (*reset)(void *data), void *data)
{
	struct refusal r;
	char *text;
	int i;

	for (i = 0; i < ATTEMPTS_MAX; i++) {
		reset(data);
		request->nlmsg_seq = ++nl->seq;
		if (!nl_request(nl, request, cb, data, &r))
			return STATUS_OK;
		if (r.code != EINTR)
			break;
	}
	reset(data);
	text = r.code == EINTR ?
	       xstrdup("the configuration changes all the time") :
	       refusal_text(&r, request);
	complain("the kernel refused: %s", text);
	free(text);
	refusal_free(&r);
	return STATUS_KERNEL;
}

static void take_object(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	const struct schema *schema = message_object(nlh, &attr);
	struct config *config = data;
	json_t *body;

	if (!schema)
		return;
	body = message_get(attr, schema);
	schema_fill(schema, body);
	config_add(config, schema->kind, body, (struct mark){ 0 });
}

static void reset_config(void *data)
{
	config_free(data);
}

int dump_config(struct nl *nl, struct config *config)
{
	return dump_kind(nl, L7MESH_KIND_UNSPEC, config);
}

int dump_kind(struct nl *nl, enum l7mesh_kind kind, struct config *config)
{
	struct nlmsghdr *request;
	char buf[64];

	*config = (struct config){ 0 };
	request = nl_prepare(nl, buf, L7MESH_CMD_GET, NLM_F_DUMP);
	if (kind != L7MESH_KIND_UNSPEC)
		mnl_attr_put_u32(request, L7MESH_A_KIND, kind);
	return dump_retry(nl, request, take_object, reset_config, config);
}

int dump_open(struct config *config)
{
	struct nl nl;
	int status = nl_open(&nl);

	if (status)
		return status;
	status = dump_config(&nl, config);
	nl_close(&nl);
	return status;
}

static void reset_list(void *data)
{
	json_t **list = data;

	json_decref(*list);
	*list = must(json_array());
}

int dump_show(const struct ctl *ctl, const struct dump_list *d)
{
	struct nlmsghdr *request;
	json_t *list = NULL;
	char buf[64];
	struct nl nl;
	int status = nl_open(&nl);

	if (status)
		return status;
	request = nl_prepare(&nl, buf, d->cmd, NLM_F_DUMP);
	status = dump_retry(&nl, request, d->take, reset_list, &list);
	if (!status)
		status = d->complete(&nl, list);
	nl_close(&nl);
	if (status) {
		json_decref(list);
		return status;
	}
	if (ctl->json) {
		json_print(list);
		return STATUS_OK;
	}
	d->print(list);
	json_decref(list);
	return STATUS_OK;
}

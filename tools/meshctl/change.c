// SPDX-License-Identifier: GPL-2.0
/*
 * change: add, set, del one object; splice; flush.
 */
#include <errno.h>
#include <linux/l7mesh.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "meshctl.h"
#include "nl.h"
#include "util.h"
#include "words.h"

static void print_usage(const char *command)
{
	int kind;

	complain("usage: meshctl %s KIND ...", command);
	for (kind = 1; kind <= L7MESH_KIND_MAX; kind++)
		fprintf(stderr, "  meshctl %s %s\n", command,
			words_usage(kind));
}

static int send_object(uint8_t cmd, const struct schema *schema,
		       const json_t *body)
{
	char *buf = xrealloc(NULL, MESSAGE_MAX);
	struct nlmsghdr *nlh;
	struct nl nl;
	int status = nl_open(&nl);

	if (!status) {
		nlh = nl_prepare(&nl, buf, cmd, NLM_F_ACK);
		if (message_put(nlh, schema->kind, body)) {
			status = nl_do(&nl, nlh, NULL, NULL);
		} else {
			complain("the %s is too large: its names and values "
				 "may take %d bytes together", schema->name,
				 MESSAGE_OBJECT_MAX);
			status = STATUS_USAGE;
		}
		nl_close(&nl);
	}
	free(buf);
	return status;
}

/* SET, or ADD if there is none; again if it came or went in between. */
static int put_splice(struct nl *nl, const json_t *body)
{
	static const uint8_t cmds[] = { L7MESH_CMD_SET, L7MESH_CMD_ADD,
					L7MESH_CMD_SET };
	struct refusal r = REFUSAL_NONE;
	struct nlmsghdr *nlh;
	char buf[2048], *text;
	size_t i;

	for (i = 0; i < sizeof(cmds); i++) {
		refusal_free(&r);
		nlh = nl_prepare(nl, buf, cmds[i], NLM_F_ACK);
		message_put(nlh, L7MESH_KIND_SPLICE, body);
		if (!nl_request(nl, nlh, NULL, NULL, &r))
			return STATUS_OK;
		if (r.code != (cmds[i] == L7MESH_CMD_SET ? ENOENT : EEXIST))
			break;
	}
	text = refusal_text(&r, nlh);
	complain("the kernel refused: %s", text);
	free(text);
	refusal_free(&r);
	return STATUS_KERNEL;
}

int cmd_splice(const struct ctl *ctl, int argc, char **argv)
{
	const struct schema *schema = schema_of(L7MESH_KIND_SPLICE);
	json_t *body;
	struct nl nl;
	int status;

	(void)ctl;
	if (argc == 1) {
		complain("usage: meshctl %s",
			 words_usage(L7MESH_KIND_SPLICE));
		return STATUS_USAGE;
	}
	body = words_parse(schema, WORDS_SET, argc - 1, argv + 1);
	if (!body)
		return STATUS_USAGE;
	status = nl_open(&nl);
	if (!status) {
		status = put_splice(&nl, body);
		nl_close(&nl);
	}
	json_decref(body);
	return status;
}

static int change(uint8_t cmd, enum words_mode mode, int argc, char **argv)
{
	const struct schema *schema = argc > 1 ? schema_named(argv[1]) : NULL;
	json_t *body;
	int status;

	if (argc > 1 && !schema)
		complain("\"%s\" is not one of cluster, endpoint, listener, "
			 "route_table, virtual_host, route, splice, workload, "
			 "authorization", argv[1]);
	if (!schema || (argc == 2 && schema->kind != L7MESH_KIND_SPLICE)) {
		print_usage(argv[0]);
		return STATUS_USAGE;
	}
	body = words_parse(schema, mode, argc - 2, argv + 2);
	if (!body)
		return STATUS_USAGE;
	status = send_object(cmd, schema, body);
	json_decref(body);
	return status;
}

int cmd_add(const struct ctl *ctl, int argc, char **argv)
{
	(void)ctl;
	return change(L7MESH_CMD_ADD, WORDS_ADD, argc, argv);
}

int cmd_set(const struct ctl *ctl, int argc, char **argv)
{
	(void)ctl;
	return change(L7MESH_CMD_SET, WORDS_SET, argc, argv);
}

int cmd_del(const struct ctl *ctl, int argc, char **argv)
{
	(void)ctl;
	return change(L7MESH_CMD_DEL, WORDS_DEL, argc, argv);
}

int cmd_flush(const struct ctl *ctl, int argc, char **argv)
{
	struct nl nl;
	int status;

	(void)ctl;
	if (argc > 1) {
		complain("usage: meshctl %s", argv[0]);
		return STATUS_USAGE;
	}
	status = nl_open(&nl);
	if (status)
		return status;
	status = nl_command(&nl, L7MESH_CMD_FLUSH, NLM_F_ACK, NULL, NULL);
	nl_close(&nl);
	return status;
}

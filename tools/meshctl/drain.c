// SPDX-License-Identifier: GPL-2.0
/*
 * drain: end HTTP connections, all of them, those of a listener, or those to an
 * endpoint.
 */
#include <linux/l7mesh.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "meshctl.h"
#include "nl.h"
#include "util.h"
#include "value.h"
#include "words.h"

#define USAGE "usage: meshctl drain [listener NAME | endpoint CLUSTER " \
	      "ADDRESS:PORT] [deadline TIME]\n" \
	      "       meshctl drain endpoint CLUSTER ADDRESS:PORT end"

static const struct field deadline_field = {
	.name = "deadline", .type = FIELD_DURATION, .min = 1,
	.max = 24 * 60 * 60 * 1000,
};

/* What the words say. */
struct order {
	const struct schema *schema;	/* listener, endpoint or NULL */
	json_t *key;
	uint32_t deadline;
	bool end;
};

/* Returns how many words name an object, or -1 if they are wrong. */
static int take_object(struct order *o, int argc, char **argv)
{
	int n;

	if (!argc || (strcmp(argv[0], "listener") && strcmp(argv[0], "endpoint")))
		return 0;
	o->schema = schema_named(argv[0]);
	n = o->schema->kind == L7MESH_KIND_ENDPOINT ? 3 : 2;
	if (argc < n) {
		complain(USAGE);
		return -1;
	}
	o->key = words_parse(o->schema, WORDS_DEL, n - 1, argv + 1);
	return o->key ? n : -1;
}

static bool take_deadline(struct order *o, const char *text)
{
	char *why = NULL;
	json_t *value = value_parse(&deadline_field, text, strlen(text), &why);

	if (!value)
		complain("deadline: %s", why);
	else
		o->deadline = duration_ms(value);
	free(why);
	json_decref(value);
	return value;
}

static bool take_order(struct order *o, int argc, char **argv)
{
	int n = take_object(o, argc, argv);

	if (n < 0)
		return false;
	argc -= n;
	argv += n;
	if (argc == 2 && !strcmp(argv[0], "deadline"))
		return take_deadline(o, argv[1]);
	o->end = argc == 1 && !strcmp(argv[0], "end") && o->schema &&
		 o->schema->kind == L7MESH_KIND_ENDPOINT;
	if (!argc || o->end)
		return true;
	complain(USAGE);
	return false;
}

static int send_order(const struct order *o)
{
	char buf[4096];
	struct nlmsghdr *nlh;
	struct nl nl;
	int status = nl_open(&nl);

	if (status)
		return status;
	nlh = nl_prepare(&nl, buf, L7MESH_CMD_DRAIN, NLM_F_ACK);
	if (o->key)
		message_put(nlh, o->schema->kind, o->key);
	if (o->deadline)
		mnl_attr_put_u32(nlh, L7MESH_A_DEADLINE, o->deadline);
	if (o->end)
		mnl_attr_put(nlh, L7MESH_A_DRAIN_END, 0, NULL);
	status = nl_do(&nl, nlh, NULL, NULL);
	nl_close(&nl);
	return status;
}

int cmd_drain(const struct ctl *ctl, int argc, char **argv)
{
	struct order o = { .schema = NULL };
	int status = STATUS_USAGE;

	(void)ctl;
	if (take_order(&o, argc - 1, argv + 1))
		status = send_order(&o);
	json_decref(o.key);
	return status;
}

// SPDX-License-Identifier: GPL-2.0
#include "attached.h"

#include <linux/l7mesh.h>
#include <stdlib.h>
#include <unistd.h>

#include "dump.h"
#include "netns.h"
#include "table.h"
#include "util.h"
#include "value.h"

static int change(uint8_t cmd, int argc, char **argv)
{
	struct nlmsghdr *request;
	char buf[64];
	struct nl nl;
	int fd, status;

	if (argc != 2) {
		complain("usage: meshctl %s NETNS|PID", argv[0]);
		return STATUS_USAGE;
	}
	fd = netns_open(argv[1]);
	if (fd < 0)
		return STATUS_USAGE;
	status = nl_open(&nl);
	if (!status) {
		request = nl_prepare(&nl, buf, cmd, NLM_F_ACK);
		mnl_attr_put_u32(request, L7MESH_A_NETNS_FD, fd);
		status = nl_do(&nl, request, NULL, NULL);
		nl_close(&nl);
	}
	close(fd);
	return status;
}

int cmd_attach(const struct ctl *ctl, int argc, char **argv)
{
	(void)ctl;
	return change(L7MESH_CMD_ATTACH, argc, argv);
}

int cmd_detach(const struct ctl *ctl, int argc, char **argv)
{
	(void)ctl;
	return change(L7MESH_CMD_DETACH, argc, argv);
}

static void take_attached(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *nest = nl_attr(nlh, L7MESH_A_ATTACHED);
	uint64_t inode, cookie;
	json_t **list = data;

	if (!nest)
		return;
	inode = nl_u64(nl_nested(nest, L7MESH_ATTACHED_A_INODE));
	cookie = nl_u64(nl_nested(nest, L7MESH_ATTACHED_A_COOKIE));
	json_array_append_new(*list, must(json_pack("{s:I, s:I}", "inode",
						    (json_int_t)inode, "cookie",
						    (json_int_t)cookie)));
}

/* Adds what the file system knows of each. */
static void add_names(json_t *list)
{
	json_t *scan = netns_scan(), *item;
	const json_t *known, *inode;
	size_t i;

	json_array_foreach(list, i, item) {
		inode = json_object_get(item, "inode");
		known = netns_known(scan, json_integer_value(inode));
		if (known)
			json_object_update(item, (json_t *)known);
	}
	json_decref(scan);
}

static char *joined(const json_t *list)
{
	char *text = xstrdup(""), *more, *one;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		one = value_text(item);
		more = xasprintf("%s%s%s", text, i ? "," : "", one);
		free(one);
		free(text);
		text = more;
	}
	if (*text)
		return text;
	free(text);
	return xstrdup("-");
}

static void print_table(const json_t *list)
{
	static const char *const headings[] = { "NAMES", "INODE", "COOKIE",
						"PIDS", NULL };
	const json_t *item;
	struct table t;
	size_t i;

	table_init(&t, headings);
	json_array_foreach(list, i, item) {
		table_add(&t, joined(json_object_get(item, "names")));
		table_add(&t, value_text(json_object_get(item, "inode")));
		table_add(&t, value_text(json_object_get(item, "cookie")));
		table_add(&t, joined(json_object_get(item, "pids")));
	}
	table_print(&t);
}

int attached_show(const struct ctl *ctl)
{
	return dump_show(ctl, &(struct dump_list){
		.cmd = L7MESH_CMD_ATTACHED_GET,
		.take = take_attached,
		.complete = add_names,
		.print = print_table,
	});
}

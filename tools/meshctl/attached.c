// SPDX-License-Identifier: GPL-2.0
#include "attached.h"

#include <errno.h>
#include <linux/l7mesh.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump.h"
#include "message.h"
#include "netns.h"
#include "table.h"
#include "text.h"
#include "tree.h"
#include "util.h"
#include "value.h"

static int ask_of(struct nl *nl, uint8_t cmd, int fd)
{
	struct nlmsghdr *request;
	char buf[64];

	request = nl_prepare(nl, buf, cmd, NLM_F_ACK);
	mnl_attr_put_u32(request, L7MESH_A_NETNS_FD, fd);
	return nl_do(nl, request, NULL, NULL);
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

/* What the file system knows of each. */
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

/* The names of the workloads that are bound, each by its namespace. */
static void add_workloads(json_t *list, const struct config *workloads)
{
	const json_t *netns;
	json_t *item;
	size_t i, j;

	json_array_foreach(list, i, item) {
		for (j = 0; j < workloads->count; j++) {
			netns = get(workloads->objects[j].body, "netns");
			if (netns && json_equal(netns, get(item, "cookie")))
				copy(item, "workload",
				     workloads->objects[j].body, "name");
		}
	}
}

static int complete(struct nl *nl, json_t *list)
{
	struct config workloads;
	int status = dump_kind(nl, L7MESH_KIND_WORKLOAD, &workloads);

	if (status)
		return status;
	add_names(list);
	add_workloads(list, &workloads);
	config_free(&workloads);
	return STATUS_OK;
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
						"PIDS", "WORKLOAD", NULL };
	const json_t *item;
	struct table t;
	size_t i;

	table_init(&t, headings);
	json_array_foreach(list, i, item) {
		table_add(&t, joined(json_object_get(item, "names")));
		table_add(&t, value_text(json_object_get(item, "inode")));
		table_add(&t, value_text(json_object_get(item, "cookie")));
		table_add(&t, joined(json_object_get(item, "pids")));
		table_add(&t, get(item, "workload") ?
			  value_text(get(item, "workload")) : xstrdup("-"));
	}
	table_print(&t);
}

int attached_show(const struct ctl *ctl)
{
	return dump_show(ctl, &(struct dump_list){
		.cmd = L7MESH_CMD_ATTACHED_GET,
		.take = take_attached,
		.complete = complete,
		.print = print_table,
	});
}

/* ---- binding ---- */

static bool is_there(const struct config *workloads, const char *name)
{
	size_t i;

	for (i = 0; i < workloads->count; i++)
		if (is(workloads->objects[i].body, "name", name))
			return true;
	return false;
}

/* Complains if there is no such workload. */
static int check_workload(struct nl *nl, const char *name)
{
	struct config workloads;
	int status = dump_kind(nl, L7MESH_KIND_WORKLOAD, &workloads);

	if (!status && !is_there(&workloads, name)) {
		complain("there is no workload \"%s\"", name);
		status = STATUS_KERNEL;
	}
	config_free(&workloads);
	return status;
}

struct search {
	uint64_t inode;
	uint64_t cookie;
};

static void take_cookie(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *nest = nl_attr(nlh, L7MESH_A_ATTACHED);
	struct search *s = data;

	if (nest && nl_u64(nl_nested(nest, L7MESH_ATTACHED_A_INODE)) == s->inode)
		s->cookie = nl_u64(nl_nested(nest, L7MESH_ATTACHED_A_COOKIE));
}

static void reset_cookie(void *data)
{
	((struct search *)data)->cookie = 0;
}

/* The cookie of a namespace that is attached; 0, with an error printed, if not. */
static uint64_t cookie_of(struct nl *nl, int fd)
{
	struct search s = { 0 };
	struct nlmsghdr *request;
	struct stat st;
	char buf[64];

	if (fstat(fd, &st)) {
		complain("the namespace: %s", strerror(errno));
		return 0;
	}
	s.inode = st.st_ino;
	request = nl_prepare(nl, buf, L7MESH_CMD_ATTACHED_GET, NLM_F_DUMP);
	if (dump_retry(nl, request, take_cookie, reset_cookie, &s))
		return 0;
	if (!s.cookie)
		complain("somebody has detached the namespace again");
	return s.cookie;
}

static int bind_workload(struct nl *nl, int fd, const char *name)
{
	uint64_t cookie = cookie_of(nl, fd);
	struct nlmsghdr *request;
	char buf[1024];
	json_t *body;
	int status;

	if (!cookie)
		return STATUS_KERNEL;
	body = must(json_pack("{s:s, s:I}", "name", name, "netns",
			      (json_int_t)cookie));
	request = nl_prepare(nl, buf, L7MESH_CMD_SET, NLM_F_ACK);
	message_put(request, L7MESH_KIND_WORKLOAD, body);
	status = nl_do(nl, request, NULL, NULL);
	json_decref(body);
	return status;
}

static int attach(int fd, const char *workload)
{
	struct nl nl;
	int status = nl_open(&nl);

	if (status)
		return status;
	status = workload ? check_workload(&nl, workload) : STATUS_OK;
	if (!status)
		status = ask_of(&nl, L7MESH_CMD_ATTACH, fd);
	if (!status && workload)
		status = bind_workload(&nl, fd, workload);
	nl_close(&nl);
	return status;
}

int cmd_attach(const struct ctl *ctl, int argc, char **argv)
{
	const char *workload = NULL, *allowed = NULL;
	int fd, status;

	(void)ctl;
	if (argc == 4 && !strcmp(argv[2], "workload")) {
		workload = argv[3];
		allowed = text_check_name(workload, strlen(workload));
	} else if (argc != 2) {
		complain("usage: meshctl attach NETNS|PID [workload NAME]");
		return STATUS_USAGE;
	}
	if (allowed) {
		complain("the name of a workload is %s", allowed);
		return STATUS_USAGE;
	}
	fd = netns_open(argv[1]);
	if (fd < 0)
		return STATUS_USAGE;
	status = attach(fd, workload);
	close(fd);
	return status;
}

int cmd_detach(const struct ctl *ctl, int argc, char **argv)
{
	struct nl nl;
	int fd, status;

	(void)ctl;
	if (argc != 2) {
		complain("usage: meshctl detach NETNS|PID");
		return STATUS_USAGE;
	}
	fd = netns_open(argv[1]);
	if (fd < 0)
		return STATUS_USAGE;
	status = nl_open(&nl);
	if (!status) {
		status = ask_of(&nl, L7MESH_CMD_DETACH, fd);
		nl_close(&nl);
	}
	close(fd);
	return status;
}

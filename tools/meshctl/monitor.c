// SPDX-License-Identifier: GPL-2.0
/*
 * monitor: one line for each change, until it is interrupted.
 *
 * A line is the command that would make the change, "add endpoint ...", or
 * "changed generation 7" after a transaction. With -j it is a JSON object.
 */
#include <errno.h>
#include <linux/l7mesh.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "meshctl.h"
#include "nl.h"
#include "util.h"
#include "words.h"

static void print_object(const struct ctl *ctl, const char *event,
			 const struct schema *schema,
			 const struct nlattr *attr)
{
	json_t *body = message_get(attr, schema);

	if (ctl->json) {
		json_print_line(json_pack("{s:s, s:s, s:O}", "event", event,
					  "kind", schema->name, "object",
					  body));
	} else {
		printf("%s ", event);
		/* What is set to its default was something else before. */
		words_print(stdout, schema, body, !strcmp(event, "set"));
		putchar('\n');
	}
	json_decref(body);
}

static void print_generation(const struct ctl *ctl, const struct nlmsghdr *nlh)
{
	json_int_t generation = nl_u64(nl_attr(nlh, L7MESH_A_GENERATION));

	if (ctl->json)
		json_print_line(json_pack("{s:s, s:I}", "event", "changed",
					  "generation", generation));
	else
		printf("changed generation %" JSON_INTEGER_FORMAT "\n",
		       generation);
}

static void print_event(const struct ctl *ctl, const struct nlmsghdr *nlh)
{
	static const char *const events[] = {
		[L7MESH_CMD_ADD] = "add",
		[L7MESH_CMD_SET] = "set",
		[L7MESH_CMD_DEL] = "del",
	};
	uint8_t cmd = nl_cmd(nlh);
	const struct schema *schema;
	const struct nlattr *attr;

	schema = message_object(nlh, &attr);
	if (cmd == L7MESH_CMD_CHANGED)
		print_generation(ctl, nlh);
	else if (schema && cmd < sizeof(events) / sizeof(events[0]) &&
		 events[cmd])
		print_object(ctl, events[cmd], schema, attr);
	fflush(stdout);
}

/* Events came faster than they were read: whoever mirrors must read all anew. */
static void print_lost(const struct ctl *ctl)
{
	if (ctl->json)
		json_print_line(json_pack("{s:s}", "event", "lost"));
	else
		puts("lost");
	fflush(stdout);
}

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* Without SA_RESTART: a signal ends the wait. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int read_events(const struct ctl *ctl, struct nl *nl)
{
	const struct nlmsghdr *nlh;
	int len;

	while (!stopped && !ferror(stdout)) {
		len = mnl_socket_recvfrom(nl->socket, nl->buf, NL_BUF_SIZE);
		if (len < 0 && errno == ENOBUFS)
			print_lost(ctl);
		if (len < 0 && (errno == ENOBUFS || errno == EINTR))
			continue;
		if (len < 0) {
			complain("netlink socket: %s", strerror(errno));
			return STATUS_KERNEL;
		}
		for (nlh = (const void *)nl->buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len))
			if (nlh->nlmsg_type == nl->family)
				print_event(ctl, nlh);
	}
	return STATUS_OK;
}

int cmd_monitor(const struct ctl *ctl, int argc, char **argv)
{
	struct nl nl;
	int status;

	if (argc > 1) {
		complain("usage: meshctl %s", argv[0]);
		return STATUS_USAGE;
	}
	status = nl_open(&nl);
	if (status)
		return status;
	catch_signals();
	status = nl_join(&nl);
	if (!status)
		status = read_events(ctl, &nl);
	nl_close(&nl);
	return status;
}

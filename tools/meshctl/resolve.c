// SPDX-License-Identifier: GPL-2.0
/*
 * resolve: keeps the endpoints of clusters that have a name what its addresses are,
 * until it is interrupted.
 *
 * The kernel's configuration says which clusters these are: it is read again whenever
 * it changes. An address that is new is added before one that is gone is removed.
 */
#include <errno.h>
#include <linux/l7mesh.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "meshctl.h"
#include "resolved.h"
#include "tree.h"
#include "util.h"
#include "value.h"

/* The configuration is read no more often, whatever the events. */
#define LOOK_MS 200
/* After a refusal; the change may be possible again then. */
#define AGAIN_MS 1000

struct resolve {
	const struct ctl *ctl;
	struct nl nl;
	struct nl events;
	struct names names;
	int64_t look;		/* when to read the configuration again; 0: need not */
	bool failed;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* ---- what is done is said ---- */

static void say_change(const struct resolve *s, bool added, const json_t *endpoint)
{
	json_t *body = must(json_object());
	char *key;

	if (s->ctl->json) {
		set_text(body, "event", added ? "add" : "del");
		copy(body, "cluster", endpoint, "cluster");
		copy(body, "address", endpoint, "address");
		copy(body, "port", endpoint, "port");
		json_print_line(json_incref(body));
	} else {
		key = object_key(L7MESH_KIND_ENDPOINT, endpoint);
		printf("%s endpoint %s\n", added ? "add" : "del", key);
		free(key);
	}
	fflush(stdout);
	json_decref(body);
}

static void say_error(struct resolve *s, const struct name *name)
{
	const char *error = names_error(name);

	s->failed |= !!error;
	if (!error)
		return;
	if (!s->ctl->json) {
		complain("cluster %s: %s: %s", name->cluster,
			 object_get(name->dns, "name"), error);
		return;
	}
	json_print_line(must(json_pack("{s:s, s:s, s:s, s:s}", "event", "failed",
				       "cluster", name->cluster, "name",
				       object_get(name->dns, "name"), "reason",
				       error)));
	fflush(stdout);
}

/* ---- changes ---- */

/* Somebody else may have done it already, or taken the cluster away. */
static bool is_done(uint8_t cmd, int code)
{
	return code == ENOENT || (cmd == L7MESH_CMD_ADD && code == EEXIST);
}

static void change(struct resolve *s, uint8_t cmd, const json_t *endpoint)
{
	struct refusal r = REFUSAL_NONE;
	struct nlmsghdr *nlh;
	char buf[2048], *text, *key;
	json_t *body;

	body = must(json_pack("{s:O, s:O, s:O}",
			      "cluster", get(endpoint, "cluster"),
			      "address", get(endpoint, "address"),
			      "port", get(endpoint, "port")));
	nlh = nl_prepare(&s->nl, buf, cmd, NLM_F_ACK);
	message_put(nlh, L7MESH_KIND_ENDPOINT, body);
	json_decref(body);
	if (!nl_request(&s->nl, nlh, NULL, NULL, &r)) {
		say_change(s, cmd == L7MESH_CMD_ADD, endpoint);
		return;
	}
	if (!is_done(cmd, r.code)) {
		text = refusal_text(&r, nlh);
		key = object_key(L7MESH_KIND_ENDPOINT, endpoint);
		complain("endpoint %s: the kernel refused: %s", key, text);
		free(key);
		free(text);
		s->look = names_now() + AGAIN_MS;
		s->failed = true;
	}
	refusal_free(&r);
}

/* Takes over @endpoint. */
static void put(json_t *set, json_t *endpoint)
{
	char *key = socket_text(endpoint);

	json_object_set_new(set, key, endpoint);
	free(key);
}

static json_t *wanted_of(const struct name *name)
{
	json_t *set = must(json_object());
	const json_t *item;
	size_t i;

	json_array_foreach(name->addresses, i, item)
		put(set, resolved_endpoint(name, json_string_value(item)));
	return set;
}

/* Those that follow their cluster, @at. */
static json_t *endpoints_of(const struct config *config, size_t at)
{
	json_t *set = must(json_object());

	while (++at < config->count &&
	       config->objects[at].kind == L7MESH_KIND_ENDPOINT)
		put(set, json_incref(config->objects[at].body));
	return set;
}

/* The endpoints of a cluster become the addresses. */
static void reconcile(struct resolve *s, const struct name *name,
		      const struct config *config, size_t at)
{
	json_t *wanted, *there, *endpoint;
	const char *key;

	if (!name->addresses)
		return;
	wanted = wanted_of(name);
	there = endpoints_of(config, at);
	json_object_foreach(wanted, key, endpoint)
		if (!get(there, key))
			change(s, L7MESH_CMD_ADD, endpoint);
	json_object_foreach(there, key, endpoint)
		if (!get(wanted, key))
			change(s, L7MESH_CMD_DEL, endpoint);
	json_decref(wanted);
	json_decref(there);
}

/* Reads the configuration: clusters come and go, and endpoints are put right. */
static int look(struct resolve *s)
{
	json_t *clusters = must(json_object()), *addresses;
	struct config config;
	struct name *name;
	const json_t *body;
	int status;
	size_t i;

	s->look = 0;
	status = dump_config(&s->nl, &config);
	for (i = 0; !status && i < config.count; i++) {
		body = config.objects[i].body;
		if (config.objects[i].kind != L7MESH_KIND_CLUSTER ||
		    !resolved_is(body))
			continue;
		addresses = resolved_addresses(&config, i);
		name = names_add(&s->names, object_get(body, "name"),
				 get(body, "dns"), addresses);
		json_object_set_new(clusters, name->cluster, json_true());
		reconcile(s, name, &config, i);
		json_decref(addresses);
	}
	if (!status) {
		names_keep(&s->names, clusters);
		config_free(&config);
	}
	json_decref(clusters);
	return status;
}

/* ---- the service ---- */

static void look_by(struct resolve *s, int64_t when)
{
	if (!s->look || when < s->look)
		s->look = when;
}

/* Whatever changed, and whatever was lost. */
static bool read_events(struct resolve *s)
{
	int fd = mnl_socket_get_fd(s->events.socket);

	while (recv(fd, s->events.buf, NL_BUF_SIZE, MSG_DONTWAIT) >= 0 ||
	       errno == ENOBUFS)
		look_by(s, names_now() + LOOK_MS);
	if (errno == EAGAIN || errno == EINTR)
		return true;
	complain("netlink socket: %s", strerror(errno));
	return false;
}

/* Answers that came; is there anything to do? */
static void take_answers(struct resolve *s)
{
	struct name *name;
	size_t i;

	for (i = 0; i < s->names.count; i++) {
		name = s->names.list[i];
		if (!name->fresh)
			continue;
		name->fresh = false;
		say_error(s, name);
		if (name->changed)
			look_by(s, names_now());
		name->changed = false;
	}
}

static int serve(struct resolve *s)
{
	int fd = mnl_socket_get_fd(s->events.socket), status = STATUS_OK;
	int64_t until;
	fd_set fds;

	while (!stopped && !status && !ferror(stdout)) {
		until = names_ask(&s->names);
		take_answers(s);
		if (s->look && s->look < until)
			until = s->look;
		FD_ZERO(&fds);
		FD_SET(fd, &fds);
		names_wait(&s->names, &fds, fd, until);
		if (FD_ISSET(fd, &fds) && !read_events(s))
			return STATUS_KERNEL;
		take_answers(s);
		if (s->look && s->look <= names_now())
			status = look(s);
	}
	return status;
}

static int once(struct resolve *s)
{
	int status;

	if (!names_ask_all(&s->names))
		return STATUS_OK;
	take_answers(s);
	status = look(s);
	return status ? status : s->failed ? STATUS_KERNEL : STATUS_OK;
}

static int run(struct resolve *s, bool only_once)
{
	int status = only_once ? STATUS_OK : nl_join(&s->events);

	if (!status)
		status = look(s);
	if (!status)
		status = only_once ? once(s) : serve(s);
	return status;
}

/* They are let in by waits alone, which they end: none comes just before one. */
static void catch_signals(struct names *names)
{
	static sigset_t before;
	struct sigaction action = { .sa_handler = stop };
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &before);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	names->signals = &before;
}

int cmd_resolve(const struct ctl *ctl, int argc, char **argv)
{
	bool only_once = argc == 2 && !strcmp(argv[1], "--once");
	struct resolve s = { .ctl = ctl };
	int status;

	if (argc > 1 && !only_once) {
		complain("usage: meshctl resolve [--once]");
		return STATUS_USAGE;
	}
	status = nl_open(&s.nl);
	if (status)
		return status;
	status = nl_open(&s.events);
	if (!status) {
		names_init(&s.names);
		catch_signals(&s.names);
		status = run(&s, only_once);
		names_free(&s.names);
		nl_close(&s.events);
	}
	nl_close(&s.nl);
	return status;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * resolve: keeps the endpoints of clusters that have a name what its addresses are,
 * until it is interrupted.
 *
 * The kernel's configuration says which clusters these are: it is read again whenever
 * it changes. What changes is one transaction. If it is refused each cluster is changed
 * by itself, and one that cannot be keeps the endpoints that it has.
 */
#include <errno.h>
#include <linux/l7mesh.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "meshctl.h"
#include "plan.h"
#include "resolved.h"
#include "tree.h"
#include "util.h"
#include "value.h"

/* The configuration is read no more often, whatever the events. */
#define LOOK_MS 200
/* With --once: while others change the configuration all the time. */
#define LOOKS_MAX 10
/* After a refusal the change may be possible again: later and later. */
#define AGAIN_MS 1000
#define AGAIN_MAX_MS (60 * 1000)

struct resolve {
	const struct ctl *ctl;
	struct nl nl;
	struct nl events;
	struct names names;
	json_t *said;		/* by cluster: what is wrong, by kind, and is said already */
	int64_t look;		/* when to read the configuration again; 0: need not */
	int64_t again;		/* ms, to the next try of what is refused; 0: nothing is */
	bool refused;		/* so is any of what was to change */
	bool raced;		/* it was changed by others meanwhile */
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

static void print_trouble(const struct resolve *s, const char *kind,
			  const struct name *name, const char *why)
{
	const char *what = object_get(name->dns, "name");

	if (s->ctl->json)
		json_print_line(json_pack("{s:s, s:s, s:s, s:s}", "event", kind,
					  "cluster", name->cluster, "name", what,
					  "reason", why));
	else
		complain("cluster %s: %s: %s", name->cluster, what, why);
}

/* Said once, until it is something else; @why NULL: there is none of the kind. */
static void say_trouble(struct resolve *s, const char *kind,
			const struct name *name, const char *why)
{
	json_t *said = get(s->said, name->cluster);

	if (!said) {
		said = must(json_object());
		json_object_set_new(s->said, name->cluster, said);
	}
	if (why && !is(said, kind, why))
		print_trouble(s, kind, name, why);
	if (why)
		set_text(said, kind, why);
	else
		json_object_del(said, kind);
}

/* Of clusters that are gone nothing is known. */
static void forget_said(struct resolve *s, const json_t *clusters)
{
	json_t *said = must(json_object()), *value;
	const char *cluster;

	json_object_foreach(s->said, cluster, value)
		if (get(clusters, cluster))
			json_object_set(said, cluster, value);
	json_decref(s->said);
	s->said = said;
}

/* An answer is of use in part, or not at all. */
static void say_answer(struct resolve *s, const struct name *name)
{
	bool failed = names_failed(name);
	char *why = names_trouble(name);

	say_trouble(s, "failed", name, failed ? why : NULL);
	say_trouble(s, "warning", name, failed ? NULL : why);
	s->failed |= failed;
	free(why);
}

/* ---- changes ---- */

/* A cluster with a name, and what is to be done to its endpoints. */
struct task {
	struct name *name;
	struct plan plan;
};

static void say_done(struct resolve *s, const struct task *task)
{
	size_t i;

	for (i = 0; i < task->plan.add.count; i++)
		say_change(s, true, task->plan.add.objects[i].body);
	for (i = 0; i < task->plan.del.count; i++)
		say_change(s, false, task->plan.del.objects[i].body);
	say_trouble(s, "refused", task->name, NULL);
}

static void look_by(struct resolve *s, int64_t when)
{
	if (!s->look || when < s->look)
		s->look = when;
}

/* 0, or as plan_commit(). */
static int commit(struct resolve *s, const struct task *tasks, size_t n, char **why)
{
	struct plan *plans = xrealloc(NULL, n * sizeof(*plans));
	size_t i;
	int code;

	for (i = 0; i < n; i++)
		plans[i] = tasks[i].plan;
	code = plan_commit(&s->nl, plans, n, why);
	free(plans);
	for (i = 0; !code && i < n; i++)
		say_done(s, &tasks[i]);
	if (code == EAGAIN) {
		s->raced = true;
		look_by(s, names_now() + LOOK_MS);
	}
	return code;
}

static void commit_one(struct resolve *s, const struct task *task)
{
	char *why = NULL, *text;
	int code = commit(s, task, 1, &why);

	if (code && code != EAGAIN) {
		text = xasprintf("%s; its endpoints stay as they are", why);
		say_trouble(s, "refused", task->name, text);
		free(text);
		s->refused = true;
		s->failed = true;
	}
	free(why);
}

/* Who cannot be changed keeps no other from it. */
static void commit_all(struct resolve *s, const struct task *tasks, size_t n)
{
	char *why = NULL;
	int code = 0;
	size_t i;

	if (n > 1)
		code = commit(s, tasks, n, &why);
	free(why);
	if (n == 1 || (code && code != EAGAIN))
		for (i = 0; i < n; i++)
			commit_one(s, &tasks[i]);
}

static json_t *wanted_of(const struct name *name)
{
	json_t *set = must(json_object()), *endpoint;
	const json_t *item;
	char *key;
	size_t i;

	json_array_foreach(name->addresses, i, item) {
		endpoint = resolved_endpoint(name, json_string_value(item));
		key = socket_text(endpoint);
		json_object_set_new(set, key, endpoint);
		free(key);
	}
	return set;
}

/* Are there endpoints of a cluster, @at, that are not its name's, or the reverse? */
static bool make_task(struct task *task, struct name *name,
		      const struct config *config, size_t at)
{
	json_t *wanted, *there;
	bool differs;

	if (!name->addresses)
		return false;
	wanted = wanted_of(name);
	there = resolved_endpoints(config, at);
	task->name = name;
	differs = plan_make(&task->plan, name->cluster, there, wanted);
	json_decref(wanted);
	json_decref(there);
	return differs;
}

/* The name of a cluster, @at, of the configuration. */
static struct name *name_of(struct resolve *s, const struct config *config,
			    size_t at)
{
	const json_t *body = config->objects[at].body;
	json_t *addresses = resolved_addresses(config, at);
	struct name *name = names_add(&s->names, object_get(body, "name"),
				      get(body, "dns"), addresses);

	json_decref(addresses);
	return name;
}

static void put_right(struct resolve *s, const struct config *config)
{
	json_t *clusters = must(json_object());
	struct task *tasks = NULL;
	struct name *name;
	size_t i, n = 0;

	for (i = 0; i < config->count; i++) {
		if (config->objects[i].kind != L7MESH_KIND_CLUSTER ||
		    !resolved_is(config->objects[i].body))
			continue;
		name = name_of(s, config, i);
		json_object_set_new(clusters, name->cluster, json_true());
		tasks = xrealloc(tasks, (n + 1) * sizeof(*tasks));
		n += make_task(&tasks[n], name, config, i);
	}
	commit_all(s, tasks, n);
	while (n)
		plan_free(&tasks[--n].plan);
	free(tasks);
	names_keep(&s->names, clusters);
	forget_said(s, clusters);
	json_decref(clusters);
}

static void try_again(struct resolve *s)
{
	if (!s->refused) {
		s->again = 0;
		return;
	}
	s->again = s->again ? 2 * s->again : AGAIN_MS;
	if (s->again > AGAIN_MAX_MS)
		s->again = AGAIN_MAX_MS;
	look_by(s, names_now() + s->again);
}

/* Reads the configuration: clusters come and go, and endpoints are put right. */
static int look(struct resolve *s)
{
	struct config config;
	int status;

	s->look = 0;
	s->raced = false;
	s->refused = false;
	status = dump_config(&s->nl, &config);
	if (status)
		return status;
	put_right(s, &config);
	config_free(&config);
	try_again(s);
	return STATUS_OK;
}

/* ---- the service ---- */

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
		say_answer(s, name);
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
	int status, i = 0;

	if (!names_ask_all(&s->names))
		return STATUS_OK;
	take_answers(s);
	do
		status = look(s);
	while (!status && s->raced && ++i < LOOKS_MAX);
	s->failed |= s->raced;
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
		s.said = must(json_object());
		catch_signals(&s.names);
		status = run(&s, only_once);
		names_free(&s.names);
		json_decref(s.said);
		nl_close(&s.events);
	}
	nl_close(&s.nl);
	return status;
}

// SPDX-License-Identifier: GPL-2.0
#include "names.h"

#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tree.h"
#include "util.h"
#include "value.h"

/* Names that are asked for at one time: what small resolvers bear. */
#define ASKED_MAX 50

/* Of one server, each time; it grows with each. */
#define TIMEOUT_MS 2000
#define TRIES 3

#define DAY_MS (24 * 60 * 60 * 1000)

int64_t names_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

void names_init(struct names *names)
{
	*names = (struct names){ .index = must(json_object()) };
}

static void name_free(struct name *name)
{
	free(name->cluster);
	json_decref(name->dns);
	json_decref(name->lookups[0].addresses);
	json_decref(name->lookups[1].addresses);
	free(name->lookups[0].why);
	free(name->lookups[1].why);
	json_decref(name->addresses);
	free(name);
}

/* Questions that are not answered are: that they were cancelled. */
static void close_channel(struct names *names)
{
	if (names->channel)
		ares_destroy(names->channel);
	names->channel = NULL;
}

void names_free(struct names *names)
{
	size_t i;

	close_channel(names);
	for (i = 0; i < names->count; i++)
		name_free(names->list[i]);
	free(names->list);
	json_decref(names->index);
}

static uint32_t refresh_of(const struct name *name)
{
	return duration_ms(get(name->dns, "refresh"));
}

static void seed(struct name *name, const json_t *current)
{
	const char *address;
	struct lookup *lookup;
	const json_t *item;
	size_t i;

	json_array_foreach(current, i, item) {
		address = json_string_value(item);
		lookup = &name->lookups[!!strchr(address, ':')];
		if (!lookup->addresses)
			lookup->addresses = must(json_object());
		json_object_set_new(lookup->addresses, address, json_true());
	}
	if (json_is_true(get(name->dns, "logical")) && json_array_size(current))
		name->addresses = json_incref((json_t *)current);
}

struct name *names_add(struct names *names, const char *cluster, json_t *dns,
		       const json_t *current)
{
	size_t i = names->count;
	struct name *name;

	if (get(names->index, cluster)) {
		i = number(names->index, cluster);
		if (json_equal(names->list[i]->dns, dns))
			return names->list[i];
		/* Nobody may answer one that is gone. */
		close_channel(names);
		name_free(names->list[i]);
	} else {
		names->list = xrealloc(names->list,
				       ++names->count * sizeof(*names->list));
		set_number(names->index, cluster, i);
	}
	name = xrealloc(NULL, sizeof(*name));
	*name = (struct name){
		.names = names, .cluster = xstrdup(cluster),
		.dns = json_incref(dns), .due = names_now(),
	};
	seed(name, current);
	names->list[i] = name;
	return name;
}

void names_keep(struct names *names, const json_t *clusters)
{
	size_t i = 0;

	while (i < names->count) {
		if (get(clusters, names->list[i]->cluster)) {
			i++;
			continue;
		}
		close_channel(names);
		json_object_del(names->index, names->list[i]->cluster);
		name_free(names->list[i]);
		names->list[i] = names->list[--names->count];
		if (i < names->count)
			set_number(names->index, names->list[i]->cluster, i);
	}
}

/* ---- answers ---- */

static bool is_there(const json_t *list, const char *address)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (!strcmp(json_string_value(item), address))
			return true;
	return false;
}

/* One, the same as before if that is still right. */
static json_t *one_of(const struct name *name, json_t *all)
{
	const char *before = json_string_value(json_array_get(name->addresses, 0));
	json_t *one = json_array_get(all, 0);

	if (before && (!one || is_there(all, before)))
		one = json_array_get(name->addresses, 0);
	one = must(one ? json_pack("[O]", one) : json_array());
	json_decref(all);
	return one;
}

static int compare(const void *a, const void *b)
{
	json_t *const *x = a, *const *y = b;

	return strcmp(json_string_value(*x), json_string_value(*y));
}

/* Servers turn the order of their answers, which changes nothing. */
static json_t *sorted(json_t *all)
{
	size_t n = json_array_size(all), i;
	json_t **list = xrealloc(NULL, (n + 1) * sizeof(*list));

	for (i = 0; i < n; i++)
		list[i] = json_incref(json_array_get(all, i));
	qsort(list, n, sizeof(*list), compare);
	json_array_clear(all);
	for (i = 0; i < n; i++)
		json_array_append_new(all, list[i]);
	free(list);
	return all;
}

/* Which families count: both, one, or the other if the first has none. */
static void choose(const struct name *name, bool *take)
{
	const char *family = object_get(name->dns, "family");
	bool has[2];
	int i;

	for (i = 0; i < 2; i++)
		has[i] = json_object_size(name->lookups[i].addresses);
	take[0] = strcmp(family, "ipv6") &&
		  (strcmp(family, "ipv6_first") || !has[1]);
	take[1] = strcmp(family, "ipv4") &&
		  (strcmp(family, "ipv4_first") || !has[0]);
}

static bool is_asked(const struct name *name, int i)
{
	return strcmp(object_get(name->dns, "family"), i ? "ipv4" : "ipv6");
}

static bool is_failed(const struct lookup *lookup)
{
	return lookup->error || lookup->useless;
}

/* All questions are answered. */
static void finish(struct name *name)
{
	json_t *all = must(json_array()), *value;
	bool take[2], any = false, failed = false;
	const char *address;
	int i;

	choose(name, take);
	for (i = 0; i < 2; i++) {
		any |= is_asked(name, i) && name->lookups[i].addresses;
		failed |= is_asked(name, i) && is_failed(&name->lookups[i]);
		json_object_foreach(take[i] ? name->lookups[i].addresses : NULL,
				    address, value)
			json_array_append_new(all, json_text(address,
							     strlen(address)));
	}
	name->due = names_now() + refresh_of(name);
	/* RFC 8767, 4: an answer that claims years is believed for a day. */
	if (!failed && name->ttl > refresh_of(name))
		name->due = names_now() +
			    (name->ttl < DAY_MS ? name->ttl : DAY_MS);
	name->fresh = true;
	if (!any) {
		json_decref(all);
		return;
	}
	all = json_is_true(get(name->dns, "logical")) ? one_of(name, all) :
							sorted(all);
	name->changed |= !name->addresses || !json_equal(name->addresses, all);
	json_decref(name->addresses);
	name->addresses = all;
}

/* Who answers so, as lists of unwanted names do, keeps no other cluster out. */
static void leave_out(struct lookup *lookup, const json_t *address,
		      const char *unfit)
{
	if (!lookup->unfit++)
		lookup->why = xasprintf("the answer %s is %s",
					json_string_value(address), unfit);
}

/* An address instead of a name is answered whatever family is asked for. */
static void take_node(struct lookup *lookup, json_t *addresses,
		      const struct ares_addrinfo_node *node)
{
	bool ipv6 = lookup == &lookup->name->lookups[1];
	struct address a = { .len = ipv6 ? 16 : 4 };
	const char *unfit;
	json_t *address;

	if (node->ai_family != (ipv6 ? AF_INET6 : AF_INET))
		return;
	if (ipv6)
		memcpy(a.bytes, &((const struct sockaddr_in6 *)node->ai_addr)->sin6_addr,
		       a.len);
	else
		memcpy(a.bytes, &((const struct sockaddr_in *)node->ai_addr)->sin_addr,
		       a.len);
	address = address_json(a.bytes, a.len);
	unfit = address_unfit(&a);
	if (unfit)
		leave_out(lookup, address, unfit);
	else
		json_object_set_new(addresses, json_string_value(address),
				    json_true());
	json_decref(address);
}

/* As Envoy has it, that there is no such name is an answer. */
static bool is_answer(int status)
{
	return status == ARES_SUCCESS || status == ARES_ENODATA ||
	       status == ARES_ENOTFOUND;
}

static void take_answer(struct lookup *lookup, const struct ares_addrinfo *result)
{
	const struct ares_addrinfo_node *node = result ? result->nodes : NULL;
	json_t *addresses = must(json_object());
	struct name *name = lookup->name;

	for (; node; node = node->ai_next) {
		take_node(lookup, addresses, node);
		if (name->ttl < 0 || node->ai_ttl * 1000ll < name->ttl)
			name->ttl = node->ai_ttl * 1000ll;
	}
	lookup->useless = lookup->unfit && !json_object_size(addresses);
	if (lookup->useless) {
		json_decref(addresses);
		return;
	}
	json_decref(lookup->addresses);
	lookup->addresses = addresses;
}

static void answered(void *arg, int status, int timeouts,
		     struct ares_addrinfo *result)
{
	struct lookup *lookup = arg;
	struct name *name = lookup->name;

	(void)timeouts;
	free(lookup->why);
	lookup->why = NULL;
	lookup->unfit = 0;
	lookup->useless = false;
	lookup->error = is_answer(status) ? 0 : status;
	if (is_answer(status))
		take_answer(lookup, result);
	if (result)
		ares_freeaddrinfo(result);
	if (--name->asked)
		return;
	name->names->asked--;
	/* It is to be asked anew. */
	if (status != ARES_EDESTRUCTION)
		finish(name);
}

bool names_failed(const struct name *name)
{
	int i;

	for (i = 0; i < 2; i++)
		if (is_asked(name, i) && !is_failed(&name->lookups[i]))
			return false;
	return true;
}

/* Of one family; NULL: nothing. Freed by the caller. */
static char *trouble_of(const struct name *name, int i)
{
	const struct lookup *lookup = &name->lookups[i];

	if (!is_asked(name, i))
		return NULL;
	if (lookup->error)
		return xstrdup(ares_strerror(lookup->error));
	if (!lookup->unfit)
		return NULL;
	return lookup->unfit == 1 ? xstrdup(lookup->why) :
	       xasprintf("%s, and %zu more can be no endpoints", lookup->why,
			 lookup->unfit - 1);
}

/* The family is said where only one of two has it. */
char *names_trouble(const struct name *name)
{
	char *v4 = trouble_of(name, 0), *v6 = trouble_of(name, 1), *text;

	if (!is_asked(name, 0) || !is_asked(name, 1) || (v4 && v6 && !strcmp(v4, v6)))
		text = v4 || v6 ? xstrdup(v4 ?: v6) : NULL;
	else if (v4 && v6)
		text = xasprintf("IPv4: %s; IPv6: %s", v4, v6);
	else
		text = v4 || v6 ? xasprintf("%s: %s", v4 ? "IPv4" : "IPv6",
					    v4 ?: v6) : NULL;
	free(v4);
	free(v6);
	return text;
}

/* ---- questions ---- */

/* A new one reads resolv.conf again. */
static void open_channel(struct names *names)
{
	struct ares_options options = { .timeout = TIMEOUT_MS, .tries = TRIES };
	int status;

	if (names->channel)
		return;
	status = ares_init_options(&names->channel, &options,
				   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
	if (status == ARES_ENOMEM)
		must(NULL);
	if (status)
		names->channel = NULL;
}

/* Answers may come before this returns. */
static void ask(struct name *name)
{
	static const struct ares_addrinfo_hints hints[] = {
		{ .ai_flags = ARES_AI_NOSORT, .ai_family = AF_INET,
		  .ai_socktype = SOCK_STREAM },
		{ .ai_flags = ARES_AI_NOSORT, .ai_family = AF_INET6,
		  .ai_socktype = SOCK_STREAM },
	};
	struct names *names = name->names;
	int i;

	open_channel(names);
	if (!names->channel) {
		name->lookups[0].error = ARES_ENOTINITIALIZED;
		name->lookups[1].error = ARES_ENOTINITIALIZED;
		finish(name);
		return;
	}
	names->asked++;
	name->ttl = -1;
	name->asked = is_asked(name, 0) + is_asked(name, 1);
	for (i = 0; i < 2; i++) {
		name->lookups[i].name = name;
		if (is_asked(name, i))
			ares_getaddrinfo(names->channel,
					 object_get(name->dns, "name"), NULL,
					 &hints[i], answered, &name->lookups[i]);
	}
}

int64_t names_ask(struct names *names)
{
	int64_t now = names_now(), next = now + DAY_MS;
	struct name *name;
	size_t i;

	for (i = 0; i < names->count; i++) {
		name = names->list[i];
		if (name->asked || (names->once && name->fresh))
			continue;
		/* The others' turn comes with the answers. */
		if (name->due <= now && names->asked < ASKED_MAX)
			ask(name);
		if (!name->asked && name->due > now && name->due < next)
			next = name->due;
	}
	return next;
}

/* The time of a wait, no longer than c-ares allows. */
static struct timeval timeout_of(struct names *names, int64_t until)
{
	int64_t ms = until - names_now();
	struct timeval most, result;

	ms = ms < 0 ? 0 : ms > DAY_MS ? DAY_MS : ms;
	most = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	return names->channel ? *ares_timeout(names->channel, &most, &result) :
				most;
}

bool names_wait(struct names *names, fd_set *others, int max, int64_t until)
{
	struct timeval left = timeout_of(names, until);
	struct timespec timeout = { left.tv_sec, left.tv_usec * 1000 };
	fd_set reads = *others, writes;
	int n, fds = 0;

	FD_ZERO(&writes);
	if (names->channel)
		fds = ares_fds(names->channel, &reads, &writes);
	n = pselect((fds > max + 1 ? fds : max + 1), &reads, &writes, NULL,
		    &timeout, names->signals);
	if (n < 0) {
		FD_ZERO(others);
		return errno != EINTR;
	}
	if (names->channel)
		ares_process(names->channel, &reads, &writes);
	for (n = 0; n <= max; n++)
		if (FD_ISSET(n, others) && !FD_ISSET(n, &reads))
			FD_CLR(n, others);
	if (!names->asked)
		close_channel(names);
	return true;
}

bool names_ask_all(struct names *names)
{
	size_t i, left;
	fd_set none;

	names->once = true;
	do {
		names_ask(names);
		FD_ZERO(&none);
		if (names->asked &&
		    !names_wait(names, &none, -1, names_now() + DAY_MS))
			return false;
		for (left = i = 0; i < names->count; i++)
			left += !names->list[i]->fresh;
	} while (left);
	return true;
}

// SPDX-License-Identifier: GPL-2.0
/* GEP-1742, GEP-1731, GEP-1619. */
#include "gateway_priv.h"

#include <stdlib.h>

#include "text.h"
#include "value.h"

/* GEP-2257: "1h30m", "500ms"; false if it is none. */
static bool duration_of(const char *text, uint64_t *ms)
{
	static const struct { const char *unit; uint32_t ms; } units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
	};
	unsigned long n;
	size_t i, len;
	char *end;

	*ms = 0;
	do {
		n = strtoul(text, &end, 10);
		if (end == text || end - text > 5)
			return false;
		for (i = 0; i < 4; i++) {
			len = strlen(units[i].unit);
			if (!strncmp(end, units[i].unit, len) &&
			    (!end[len] || strchr("0123456789", end[len])))
				break;
		}
		if (i == 4)
			return false;
		*ms += n * units[i].ms;
		text = end + len;
	} while (*text);
	return *ms <= 24 * 3600000;
}

/* A rule that is being imported. */
struct rule {
	struct import *imp;
	const json_t *rule;
	size_t index;
};

static void fail(const struct rule *r, const char *what, const char *why)
{
	char *field = xasprintf("spec.rules[%zu].%s", r->index, what);

	gateway_fail(r->imp, REASON_UNSUPPORTED_VALUE, field, "%s", why);
	free(field);
}

/* In ms; 0 if there is none. */
static uint64_t time_of(const struct rule *r, const char *key, const char *inner)
{
	const char *text = object_get(get(r->rule, key), inner);
	char *what, *why;
	uint64_t ms;

	if (!*text)
		return 0;
	if (duration_of(text, &ms))
		return ms;
	what = xasprintf("%s.%s", key, inner);
	why = xasprintf("\"%s\" is not a duration of up to a day", text);
	fail(r, what, why);
	free(what);
	free(why);
	return 0;
}

static void set_time(json_t *to, const char *key, uint64_t ms)
{
	if (ms)
		json_object_set_new(to, key, duration_json(ms));
}

static bool is_retried(const json_t *rule)
{
	const json_t *retry = get(rule, "retry");

	return retry && (!get(retry, "attempts") || number(retry, "attempts"));
}

static char *codes_of(const struct rule *r)
{
	char *text = xstrdup(""), *more;
	const json_t *item;
	size_t i;

	json_array_foreach(get(get(r->rule, "retry"), "codes"), i, item) {
		if (atoi(json_string_value(item)) < 400 ||
		    atoi(json_string_value(item)) > 599)
			fail(r, "retry.codes", "a status from 400 to 599 is needed");
		more = xasprintf("%s%s%s", text, i ? "," : "",
				 json_string_value(item));
		free(text);
		text = more;
	}
	return text;
}

/* Connections that fail are tried again whatever the codes are. */
static void set_retry(const struct rule *r, json_t *route, uint64_t try_timeout)
{
	json_t *to = must(json_object());
	char *codes = codes_of(r);

	set_text(to, "on", "connect_failure,reset");
	if (*codes)
		set_text(to, "status", codes);
	copy(to, "num_retries", get(r->rule, "retry"), "attempts");
	set_time(to, "per_try_timeout", try_timeout);
	set_time(to, "backoff", time_of(r, "retry", "backoff"));
	json_object_set_new(route, "retry", to);
	free(codes);
}

/* With one try the shorter of the two holds. 0 is none. */
static void set_times(const struct rule *r, json_t *route)
{
	uint64_t request = time_of(r, "timeouts", "request");
	uint64_t try_timeout = time_of(r, "timeouts", "backendRequest");

	if (is_retried(r->rule))
		set_retry(r, route, try_timeout);
	else if (try_timeout && (!request || try_timeout < request))
		request = try_timeout;
	set_time(route, "timeout", request);
}

/* json_null() if the rule has none; NULL if it can be no cluster's. */
static json_t *session_of(const struct rule *r)
{
	const json_t *session = get(r->rule, "sessionPersistence");
	bool permanent = is(get(session, "cookieConfig"), "lifetimeType",
			    "Permanent");
	uint64_t ms = time_of(r, "sessionPersistence", "absoluteTimeout");
	const char *name = object_get(session, "sessionName");
	json_t *to;

	if (!session)
		return json_null();
	if (*name && text_check_token(name, strlen(name))) {
		fail(r, "sessionPersistence.sessionName", "is no cookie's name");
		return NULL;
	}
	if (permanent != !!ms)
		fail(r, "sessionPersistence.absoluteTimeout",
		     "goes with a lifetimeType of Permanent, which needs it");
	to = must(json_object());
	set_text(to, "cookie", *name ? name : "session");
	if (ms)
		set_number(to, "ttl", ms / 1000 + !!(ms % 1000));
	set_text(to, "path", "/");
	return to;
}

/* Affinity is the cluster's: all rules that use it must want what the first wanted. */
static void note_session(const struct rule *r, const char *cluster,
			 json_t *session)
{
	const json_t *known = get(r->imp->sessions, cluster);

	if (!known)
		json_object_set(r->imp->sessions, cluster, session);
	else if (!json_equal(known, session))
		fail(r, "sessionPersistence", "another rule for this Service has "
		     "another, or none, which cannot be carried over");
}

static void set_session(const struct rule *r, const json_t *action)
{
	json_t *session = session_of(r);
	const json_t *item;
	size_t i;

	if (!session)
		return;
	if (get(action, "cluster"))
		note_session(r, object_get(action, "cluster"), session);
	if (get(action, "weighted_clusters") && json_is_object(session))
		fail(r, "sessionPersistence", "of several backends cannot be "
		     "carried over");
	json_array_foreach(get(action, "weighted_clusters"), i, item)
		note_session(r, object_get(item, "name"), session);
	json_decref(session);
}

void gateway_times(struct import *imp, json_t *route, const json_t *rule,
		   size_t index)
{
	const struct rule r = { imp, rule, index };

	set_times(&r, route);
	set_session(&r, get(route, "action"));
}

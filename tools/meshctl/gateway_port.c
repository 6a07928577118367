// SPDX-License-Identifier: GPL-2.0
/*
 * Services' ports: which ports of their Pods speak HTTP, by what Istio's protocol
 * selection goes by: appProtocol, else the beginning of a port's name.
 *
 * Nothing is guessed: of a port that nobody says anything of, and of one that speaks
 * what the engine does not, connections are asked for, and no requests.
 */
#include "gateway_priv.h"

#include <ctype.h>
#include <stdlib.h>

#include "ports.h"

/*
 * Of how many ports of a namespace's Pods is looked at what its Services say: each may
 * select each.
 */
#define SAID_MAX 200000

enum speech {
	SPEECH_UNSAID,
	SPEECH_BYTES,
	SPEECH_HTTP,
	SPEECH_LATER,		/* HTTP that is not there yet */
};

static const struct {
	const char *word;
	enum speech speech;
} words[] = {
	{ "http", SPEECH_HTTP }, { "http2", SPEECH_LATER }, { "grpc", SPEECH_LATER },
	{ "https", SPEECH_BYTES }, { "tls", SPEECH_BYTES }, { "tcp", SPEECH_BYTES },
	{ "mongo", SPEECH_BYTES }, { "mysql", SPEECH_BYTES },
	{ "redis", SPEECH_BYTES },
};

/* Kubernetes' own words, of appProtocol alone. */
static const struct {
	const char *text, *word;
} aliases[] = {
	{ "kubernetes.io/ws", "http" }, { "kubernetes.io/h2c", "http2" },
	{ "kubernetes.io/wss", "https" },
};

/* "HTTP-admin": what is before the dash, in any case. */
static enum speech speech_of_text(const char *text)
{
	size_t len = strcspn(text, "-"), i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len &&
		    !strncasecmp(words[i].word, text, len))
			return words[i].speech;
	return SPEECH_UNSAID;
}

static const char *text_of(const json_t *port)
{
	return object_get(port, *object_get(port, "appProtocol") ? "appProtocol" :
								   "name");
}

static enum speech speech_of(const json_t *port)
{
	const char *text = text_of(port);
	size_t i;

	if (!gateway_is_tcp(port))
		return SPEECH_UNSAID;
	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (is(port, "appProtocol", aliases[i].text))
			text = aliases[i].word;
	return speech_of_text(text);
}

/* ---- Pods ---- */

/* What a Service's port is at a Pod; 0: it has none of the name. */
static json_int_t target_of(const json_t *pod, const json_t *port)
{
	const char *text = object_get(port, "targetPort");

	if (!*text)
		return number(port, "port");
	return isdigit((unsigned char)*text) ? atoi(text) : gateway_pod_port(pod, text);
}

/* Can what is made of it have names, at each of the workload's addresses? */
static bool has_room(const json_t *workload, json_int_t port)
{
	const json_t *address;
	char *socket, *name;
	bool good = true;
	json_t *at;
	size_t i;

	json_array_foreach(get(workload, "addresses"), i, address) {
		at = must(json_pack("{s:O, s:I}", "address", address, "port", port));
		socket = socket_text(at);
		name = ports_listener_name(object_get(workload, "name"), socket);
		good &= strlen(name) <= L7MESH_NAME_MAX;
		free(name);
		free(socket);
		json_decref(at);
	}
	return good;
}

static void add_port(struct import *imp, json_t *workload, json_int_t port,
		     const char *field)
{
	size_t n = json_array_size(get(workload, "addresses"));
	json_t *ports = get(workload, "ports");

	if (!has_room(workload, port)) {
		gateway_fail(imp, REASON_INVALID, field,
			     "%s has too long a name for it to be http",
			     object_get(workload, "name"));
		return;
	}
	if (imp->places + n > PORTS_PLACES_MAX) {
		gateway_fail(imp, REASON_INVALID, field,
			     "more than %d ports of addresses are http: from here on none is",
			     PORTS_PLACES_MAX);
		return;
	}
	imp->places += n;
	if (!ports) {
		ports = must(json_array());
		json_object_set_new(workload, "ports", ports);
	}
	json_array_append_new(ports, must(json_pack("{s:I, s:s}", "port", port,
						    "protocol", "http")));
}

/* A Service's port, whose field is @field. */
struct said {
	const json_t *port;
	const char *field;
	enum speech speech;
	bool differs;		/* from what an older one says of a Pod's port */
};

static void say(struct import *imp, struct said *s, const json_t *pod)
{
	const json_t *body = get(pod, "body"), *before;
	json_int_t port = target_of(pod, s->port);
	char *name, *key;

	if (!port)
		return;
	name = gateway_name(manifest_namespace(body), manifest_name(body), "");
	key = xasprintf("%s %" JSON_INTEGER_FORMAT, name, port);
	before = get(imp->spoken, key);
	if (before) {
		s->differs |= json_integer_value(before) != s->speech;
	} else {
		set_number(imp->spoken, key, s->speech);
		if (s->speech == SPEECH_HTTP)
			add_port(imp, get(imp->workloads, name), port, s->field);
	}
	free(key);
	free(name);
}

/* ---- Services ---- */

static bool may_say(struct import *imp, const struct said *s)
{
	const char *own = manifest_namespace(imp->at->body);
	json_int_t n = number(imp->said, own);

	set_number(imp->said, own, n + (n < SAID_MAX));
	if (n == SAID_MAX)
		gateway_fail(imp, REASON_INVALID, s->field,
			     "of more than %d ports of Pods something is said in the namespace: from here on none is http",
			     SAID_MAX);
	return n < SAID_MAX;
}

static void say_of_pods(struct import *imp, struct said *s, json_t *labels)
{
	const char *own = manifest_namespace(imp->at->body);
	const json_t *pod;
	bool any = false;
	size_t i;

	json_array_foreach(gateway_pods(imp, own, labels), i, pod) {
		if (!gateway_has_labels(pod, labels))
			continue;
		if (!may_say(imp, s))
			return;
		say(imp, s, pod);
		any = true;
	}
	if (s->differs)
		gateway_remark(imp, s->field, "an older Service says something else of "
			       "the port of a Pod, and is believed");
	else if (any && s->speech == SPEECH_LATER)
		gateway_remark(imp, s->field, "such HTTP is not there yet: policies are "
			       "asked for connections, and not for requests");
}

static void import_ports(struct import *imp)
{
	const json_t *spec = get(imp->at->body, "spec"), *port;
	json_t *labels = get(spec, "selector");
	struct said s;
	char *field;
	size_t i;

	json_array_foreach(get(spec, "ports"), i, port) {
		field = xasprintf("spec.ports[%zu]", i);
		s = (struct said){ port, field, speech_of(port), false };
		if (s.speech != SPEECH_UNSAID)
			say_of_pods(imp, &s, labels);
		free(field);
	}
}

void gateway_ports(struct import *imp)
{
	const json_t *spec = get(imp->at->body, "spec");

	/* Without a selector it selects nothing; nor does another name for a host. */
	if (!imp->at->broken && json_object_size(get(spec, "selector")) &&
	    !is(spec, "type", "ExternalName"))
		import_ports(imp);
	gateway_report_problems(imp);
}

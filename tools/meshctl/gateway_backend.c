// SPDX-License-Identifier: GPL-2.0
#include "gateway_priv.h"

#include <stdlib.h>

#include "value.h"

bool gateway_is_tcp(const json_t *service_port)
{
	return !*object_get(service_port, "protocol") ||
	       is(service_port, "protocol", "TCP");
}

static const json_t *service_port(const json_t *service, json_int_t number_)
{
	const json_t *port;
	size_t i;

	json_array_foreach(get2(service, "spec", "ports"), i, port)
		if (number(port, "port") == number_ && gateway_is_tcp(port))
			return port;
	return NULL;
}

/* The port of an EndpointSlice that has a Service port's name. */
static json_int_t slice_port(const json_t *slice, const char *name)
{
	const json_t *port;
	size_t i;

	json_array_foreach(get(slice, "ports"), i, port)
		if (is(port, "name", name))
			return number(port, "port");
	return 0;
}

/* The endpoints of a Service so far, and which they are, as keys. */
struct found {
	json_t *endpoints;
	json_t *seen;
};

/*
 * Slices may say the same twice: while controllers move endpoints between them they do.
 * What can be no endpoint is left out, as one that is not ready.
 */
static void add_endpoint(struct found *f, const char *address, json_int_t port)
{
	json_t *endpoint;
	struct address a;
	char *key;

	if (!address_parse(address, &a) || gateway_special(&a))
		return;
	endpoint = must(json_pack("{s:o, s:I}", "address",
				  address_json(a.bytes, a.len), "port", port));
	key = socket_text(endpoint);
	if (!get(f->seen, key))
		json_array_append(f->endpoints, endpoint);
	json_object_set_new(f->seen, key, endpoint);
	free(key);
}

static void add_slice(struct found *f, const json_t *slice, const char *name)
{
	json_int_t port = slice_port(slice, name);
	const json_t *endpoint, *ready, *first;
	size_t i;

	json_array_foreach(get(slice, "endpoints"), i, endpoint) {
		ready = get2(endpoint, "conditions", "ready");
		/* Of several addresses any one does: the first is taken. */
		first = json_array_get(get(endpoint, "addresses"), 0);
		if (port && first && !json_is_false(ready))
			add_endpoint(f, json_string_value(first), port);
	}
}

static json_t *endpoints_of(const struct import *imp, const char *namespace,
			    const char *service, const char *port)
{
	struct found f = { must(json_array()), must(json_object()) };
	const json_t *item;
	size_t i;

	json_array_foreach(manifests_of(imp->m, MANIFEST_ENDPOINT_SLICE, namespace,
					service), i, item)
		add_slice(&f, imp->m->list[json_integer_value(item)].body, port);
	json_decref(f.seen);
	return f.endpoints;
}

static bool grants(const json_t *grant, const char *kind, const char *from,
		   const char *service)
{
	const json_t *item;
	bool allowed = false;
	size_t i;

	json_array_foreach(get2(grant, "spec", "from"), i, item)
		allowed |= is(item, "group", GATEWAY_GROUP) &&
			   is(item, "kind", kind) &&
			   is(item, "namespace", from);
	if (!allowed)
		return false;
	json_array_foreach(get2(grant, "spec", "to"), i, item)
		if (is(item, "group", "") && is(item, "kind", "Service") &&
		    (!get(item, "name") || is(item, "name", service)))
			return true;
	return false;
}

static bool is_granted(const struct import *imp, const char *namespace,
		       const char *service)
{
	const char *from = manifest_namespace(imp->at->body);
	const json_t *item;
	size_t i;

	if (!strcmp(from, namespace))
		return true;
	json_array_foreach(manifests_of(imp->m, MANIFEST_REFERENCE_GRANT, namespace,
					""), i, item)
		if (grants(imp->m->list[json_integer_value(item)].body,
			   manifest_kind(imp->at), from, service))
			return true;
	return false;
}

/* Who passes bytes on may pass on any. */
static bool speaks(const struct import *imp, const json_t *port)
{
	return imp->at->kind != MANIFEST_HTTP_ROUTE ||
	       !*object_get(port, "appProtocol") ||
	       is(port, "appProtocol", "http") ||
	       is(port, "appProtocol", "kubernetes.io/ws");
}

char *gateway_cluster(struct import *imp, const json_t *ref, const char *field)
{
	const char *namespace = namespace_of(imp, ref);
	const char *name = object_get(ref, "name");
	const json_t *service, *port;
	char *cluster;

	if (!refers_to(ref, "", "Service")) {
		gateway_fail(imp, REASON_INVALID_KIND, field,
			     "only a Service can be carried over");
		return NULL;
	}
	/* Who may not refer to it is not told whether it is there. */
	if (!is_granted(imp, namespace, name)) {
		gateway_fail(imp, REASON_REF_NOT_PERMITTED, field,
			     "no ReferenceGrant of namespace %s allows it",
			     namespace);
		return NULL;
	}
	service = manifest_find(imp->m, MANIFEST_SERVICE, namespace, name);
	port = service ? service_port(service, number(ref, "port")) : NULL;
	if (!service)
		gateway_fail(imp, REASON_BACKEND_NOT_FOUND, field,
			     "there is no Service %s/%s", namespace, name);
	else if (!port)
		gateway_fail(imp, REASON_BACKEND_NOT_FOUND, field,
			     "Service %s/%s has no port %lld", namespace, name,
			     (long long)number(ref, "port"));
	if (!port)
		return NULL;
	if (!speaks(imp, port)) {
		gateway_fail(imp, REASON_UNSUPPORTED_PROTOCOL, field,
			     "appProtocol %s cannot be carried over",
			     object_get(port, "appProtocol"));
		return NULL;
	}
	cluster = gateway_table(namespace, name, number(port, "port"));
	if (!get(imp->clusters, cluster))
		json_object_set_new(imp->clusters, cluster,
				    endpoints_of(imp, namespace, name,
						 object_get(port, "name")));
	return cluster;
}

// SPDX-License-Identifier: GPL-2.0
#include "manifest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "manifest_priv.h"
#include "util.h"

/* A name of DNS: labels of letters, digits and hyphens. */
static bool is_dns_name(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (isalnum((unsigned char)s[i]))
			continue;
		if ((s[i] != '-' && s[i] != '.') || !i || i + 1 == len ||
		    s[i - 1] == '.' || (s[i] == '.' && s[i - 1] == '-') ||
		    (s[i] == '-' && s[i + 1] == '.'))
			return false;
	}
	return len && len <= 253;
}

const char *manifest_check_dns(const char *s, size_t len)
{
	return is_dns_name(s, len) ? NULL :
	       "a name of DNS: up to 253 letters, digits, hyphens and dots";
}

/* Gateway API knows no other wildcard, and no address. */
static const char *check_hostname(const char *s, size_t len)
{
	bool wild = len > 2 && s[0] == '*' && s[1] == '.';

	if (is_dns_name(s + 2 * wild, len - 2 * wild) &&
	    (wild || strspn(s, "0123456789.") < len))
		return NULL;
	return "a host name, perhaps behind *., without port";
}

/*
 * Names of what is made of manifests begin with the namespace and a slash: with one of
 * its own it would be two namespaces.
 */
static const char *check_namespace(const char *s, size_t len)
{
	if (is_dns_name(s, len) && len <= 63 && !memchr(s, '.', len))
		return NULL;
	return "up to 63 letters, digits and hyphens";
}

/* What all of them have. */
static const char *check_annotation(const char *s, size_t len)
{
	(void)s;
	(void)len;
	return NULL;
}

static const struct field annotations_fields[] = {
	{ .name = MANIFEST_DRY_RUN, .type = FIELD_STRING,
	  .check = check_annotation },
};

OPEN(annotations, "annotations");

static const struct field metadata_fields[] = {
	NAME("name"),
	{ .name = "namespace", .type = FIELD_STRING, .check = check_namespace,
	  .fallback = "default" },
	MAP("labels"), NEST("annotations", annotations),
	{ .name = "creationTimestamp", .type = FIELD_STRING,
	  .flags = FIELD_NULL, .check = text_check_value },
};

const struct schema manifest_metadata = {
	.name = "metadata", .open = true, FIELDS(metadata_fields),
};

/* ---- Gateway ---- */

static const char *const protocols[] = { "HTTP", "TLS", "TCP", NULL };
static const char *const tls_modes[] = { "Terminate", "Passthrough", NULL };
static const char *const routes_from[] = { "Same", "All", NULL };
static const char *const route_kinds[] = { "HTTPRoute", "TLSRoute", "TCPRoute",
					   NULL };

static const struct field namespaces_fields[] = {
	ENUM("from", routes_from, "Same"),
};

SCHEMA(namespaces, "namespaces");

static const struct field allowed_kind_fields[] = {
	TEXT("group"), ENUM("kind", route_kinds, "HTTPRoute"),
};

SCHEMA(allowed_kind, "route kind");

static const struct field allowed_fields[] = {
	NEST("namespaces", namespaces), LIST("kinds", allowed_kind),
};

SCHEMA(allowed, "allowed routes");

static const struct field tls_fields[] = {
	ENUM("mode", tls_modes, "Terminate"), ANY("certificateRefs"),
	ANY("options"),
};

SCHEMA(tls, "tls");

/* What Gateway API has its API server check, and what is not there yet. */
static void check_listener(const struct scope *scope, const json_t *body)
{
	const char *protocol = object_get(body, "protocol");
	const json_t *tls = json_object_get(body, "tls");

	if (!strcmp(protocol, "TLS") && !manifest_wrong(tls) &&
	    strcmp(object_get(tls, "mode"), "Passthrough"))
		scope_problem(scope, tls ? "tls" : "protocol",
			      "mode Terminate is not there yet; Passthrough is");
	if (strcmp(protocol, "TLS") && *protocol && tls)
		scope_problem(scope, "tls", "not allowed with protocol %s",
			      protocol);
	if (!strcmp(protocol, "TCP") && json_object_get(body, "hostname"))
		scope_problem(scope, "hostname",
			      "not allowed with protocol TCP");
}

static const struct field gateway_listener_fields[] = {
	NAME("name"),
	{ .name = "hostname", .type = FIELD_STRING, .flags = FIELD_LOWER,
	  .check = check_hostname },
	{ .name = "port", .type = FIELD_U16, .flags = FIELD_REQUIRED,
	  .min = 1, .max = UINT16_MAX },
	{ .name = "protocol", .type = FIELD_ENUM, .flags = FIELD_REQUIRED,
	  .names = protocols },
	NEST("tls", tls), NEST("allowedRoutes", allowed),
};

static const struct schema gateway_listener = {
	.name = "listener", .rule = check_listener,
	FIELDS(gateway_listener_fields),
};

static const struct field gateway_address_fields[] = {
	{ .name = "type", .type = FIELD_STRING, .check = text_check_value,
	  .fallback = "IPAddress" },
	TEXT("value"),
};

SCHEMA(gateway_address, "address");

static const struct field gateway_spec_fields[] = {
	ANY("gatewayClassName"), ANY("infrastructure"),
	LIST("listeners", gateway_listener),
	LIST("addresses", gateway_address),
};

SCHEMA(gateway_spec, "spec");

static const struct field gateway_status_fields[] = {
	LIST("addresses", gateway_address),
};

OPEN(gateway_status, "status");

static const struct field gateway_fields[] = {
	TEXT("apiVersion"), TEXT("kind"), METADATA, SPEC(gateway_spec),
	NEST("status", gateway_status),
};

static const struct schema gateway = {
	.name = "Gateway", .kind = (enum l7mesh_kind)MANIFEST_GATEWAY,
	FIELDS(gateway_fields),
};

/* ---- what all routes have ---- */

static const struct field parent_fields[] = {
	TEXT("group"), TEXT("kind"), TEXT("namespace"), NAME("name"),
	TEXT("sectionName"), PORT("port"),
};

SCHEMA(parent, "parent");

#define HOSTNAMES	{ .name = "hostnames", .type = FIELD_LIST,	\
			  .flags = FIELD_EMPTY | FIELD_LOWER,		\
			  .check = check_hostname }
#define WEIGHT		{ .name = "weight", .type = FIELD_U32,		\
			  .max = L7MESH_WEIGHT_MAX, .fallback = "1" }

/* ---- HTTPRoute ---- */

static const char *const match_types[] = { "Exact", "RegularExpression", NULL };
static const char *const path_types[] = { "Exact", "PathPrefix",
					  "RegularExpression", NULL };
static const char *const path_changes[] = { "ReplaceFullPath",
					    "ReplacePrefixMatch", NULL };
static const char *const schemes[] = { "http", "https", NULL };
static const char *const filter_types[] = {
	"RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect",
	"URLRewrite", "RequestMirror", "CORS", NULL,
};

static const struct field path_fields[] = {
	ENUM("type", path_types, "PathPrefix"),
	{ .name = "value", .type = FIELD_STRING, .check = text_check_value,
	  .fallback = "/" },
};

SCHEMA(path, "path");

static const struct field value_fields[] = {
	ENUM("type", match_types, "Exact"), NAME("name"), TEXT("value"),
};

SCHEMA(value, "match");

static const struct field match_fields[] = {
	NEST("path", path), LIST("headers", value), LIST("queryParams", value),
	{ .name = "method", .type = FIELD_STRING, .check = text_check_token },
};

SCHEMA(match, "match");

static const struct field header_fields[] = {
	NAME("name"), TEXT("value"),
};

SCHEMA(header, "header");

static const struct field modifier_fields[] = {
	LIST("set", header), LIST("add", header), TEXTS("remove"),
};

SCHEMA(modifier, "modifier");

static const struct field path_change_fields[] = {
	ENUM("type", path_changes, NULL),
	TEXT("replaceFullPath"), TEXT("replacePrefixMatch"),
};

SCHEMA(path_change, "path");

static const struct field redirect_fields[] = {
	ENUM("scheme", schemes, NULL), TEXT("hostname"),
	NEST("path", path_change), PORT("port"),
	{ .name = "statusCode", .type = FIELD_U16, .min = 301, .max = 308,
	  .fallback = "302" },
};

SCHEMA(redirect, "redirect");

static const struct field rewrite_fields[] = {
	TEXT("hostname"), NEST("path", path_change),
};

SCHEMA(rewrite, "rewrite");

static const struct field mirror_ref_fields[] = {
	TEXT("group"), TEXT("kind"), NAME("name"), TEXT("namespace"),
	PORT("port"),
};

SCHEMA(mirror_ref, "backend");

static const struct field fraction_fields[] = {
	NUMBER("numerator", 1000000),
	{ .name = "denominator", .type = FIELD_U32, .min = 1, .max = 1000000,
	  .fallback = "100" },
};

SCHEMA(fraction, "fraction");

static const struct field mirror_fields[] = {
	{ .name = "backendRef", .type = FIELD_NEST, .flags = FIELD_REQUIRED,
	  .sub = &mirror_ref },
	NUMBER("percent", 100), NEST("fraction", fraction),
};

SCHEMA(mirror, "mirror");

static const struct field cors_fields[] = {
	TEXTS("allowOrigins"), TEXTS("allowMethods"), TEXTS("allowHeaders"),
	TEXTS("exposeHeaders"), NUMBER("maxAge", 86400),
	BOOLEAN("allowCredentials", "false"),
};

SCHEMA(cors, "cors");

static const struct field filter_fields[] = {
	{ .name = "type", .type = FIELD_ENUM, .flags = FIELD_REQUIRED,
	  .names = filter_types },
	NEST("requestHeaderModifier", modifier),
	NEST("responseHeaderModifier", modifier),
	NEST("requestRedirect", redirect), NEST("urlRewrite", rewrite),
	NEST("requestMirror", mirror), NEST("cors", cors),
};

SCHEMA(filter, "filter");

static const struct field backend_fields[] = {
	TEXT("group"), TEXT("kind"), NAME("name"), TEXT("namespace"),
	PORT("port"), WEIGHT, LIST("filters", filter),
};

SCHEMA(backend, "backend");

static const struct field timeouts_fields[] = {
	TEXT("request"), TEXT("backendRequest"),
};

SCHEMA(timeouts, "timeouts");

static const struct field retry_fields[] = {
	NUMBERS("codes"), NUMBER("attempts", L7MESH_RETRIES_MAX),
	TEXT("backoff"),
};

SCHEMA(retry, "retry");

static const char *const session_types[] = { "Cookie", NULL };

static const char *const lifetimes[] = { "Session", "Permanent", NULL };

static const struct field cookie_fields[] = {
	ENUM("lifetimeType", lifetimes, "Session"),
};

SCHEMA(cookie, "cookie");

static const struct field session_fields[] = {
	TEXT("sessionName"), TEXT("absoluteTimeout"),
	ENUM("type", session_types, "Cookie"), NEST("cookieConfig", cookie),
};

SCHEMA(session, "session persistence");

static const struct field rule_fields[] = {
	ANY("name"), LIST("matches", match), LIST("filters", filter),
	LIST("backendRefs", backend), NEST("timeouts", timeouts),
	NEST("retry", retry), NEST("sessionPersistence", session),
};

SCHEMA(rule, "rule");

static const struct field http_route_spec_fields[] = {
	LIST("parentRefs", parent), HOSTNAMES, LIST("rules", rule),
};

SCHEMA(http_route_spec, "spec");

static const struct field http_route_fields[] = {
	TEXT("apiVersion"), TEXT("kind"), METADATA, SPEC(http_route_spec),
	ANY("status"),
};

static const struct schema http_route = {
	.name = "HTTPRoute", .kind = (enum l7mesh_kind)MANIFEST_HTTP_ROUTE,
	FIELDS(http_route_fields),
};

/* ---- TLSRoute, TCPRoute ---- */

static const struct field plain_backend_fields[] = {
	TEXT("group"), TEXT("kind"), NAME("name"), TEXT("namespace"),
	PORT("port"), WEIGHT,
};

SCHEMA(plain_backend, "backend");

static const struct field plain_rule_fields[] = {
	ANY("name"), LIST("backendRefs", plain_backend),
};

SCHEMA(plain_rule, "rule");

static const struct field tls_route_spec_fields[] = {
	LIST("parentRefs", parent), HOSTNAMES, LIST("rules", plain_rule),
};

SCHEMA(tls_route_spec, "spec");

static const struct field tls_route_fields[] = {
	TEXT("apiVersion"), TEXT("kind"), METADATA, SPEC(tls_route_spec),
	ANY("status"),
};

static const struct schema tls_route = {
	.name = "TLSRoute", .kind = (enum l7mesh_kind)MANIFEST_TLS_ROUTE,
	FIELDS(tls_route_fields),
};

static const struct field tcp_route_spec_fields[] = {
	LIST("parentRefs", parent), LIST("rules", plain_rule),
};

SCHEMA(tcp_route_spec, "spec");

static const struct field tcp_route_fields[] = {
	TEXT("apiVersion"), TEXT("kind"), METADATA, SPEC(tcp_route_spec),
	ANY("status"),
};

static const struct schema tcp_route = {
	.name = "TCPRoute", .kind = (enum l7mesh_kind)MANIFEST_TCP_ROUTE,
	FIELDS(tcp_route_fields),
};

/* ---- Service, EndpointSlice ---- */

static const struct field service_port_fields[] = {
	TEXT("name"), PORT("port"), TEXT("protocol"), TEXT("appProtocol"),
	MANIFEST_TARGET("targetPort"),
};

OPEN(service_port, "port");

static const struct field service_spec_fields[] = {
	TEXT("clusterIP"), TEXTS("clusterIPs"), LIST("ports", service_port),
	MAP("selector"), TEXT("type"),
};

OPEN(service_spec, "spec");

static const struct field ingress_fields[] = {
	TEXT("ip"),
};

OPEN(ingress, "ingress");

static const struct field load_balancer_fields[] = {
	LIST("ingress", ingress),
};

OPEN(load_balancer, "load balancer");

static const struct field service_status_fields[] = {
	NEST("loadBalancer", load_balancer),
};

OPEN(service_status, "status");

static const struct field service_fields[] = {
	TEXT("apiVersion"), TEXT("kind"), METADATA, SPEC(service_spec),
	NEST("status", service_status),
};

static const struct schema service = {
	.name = "Service", .kind = (enum l7mesh_kind)MANIFEST_SERVICE,
	FIELDS(service_fields),
};

static const char *const families[] = { "IPv4", "IPv6", NULL };

static const struct field conditions_fields[] = {
	BOOLEAN("ready", "true"),
};

OPEN(conditions, "conditions");

static const struct field slice_endpoint_fields[] = {
	TEXTS("addresses"), NEST("conditions", conditions),
};

OPEN(slice_endpoint, "endpoint");

static const struct field slice_fields[] = {
	TEXT("apiVersion"), TEXT("kind"), METADATA,
	{ .name = "addressType", .type = FIELD_ENUM, .flags = FIELD_REQUIRED,
	  .names = families },
	LIST("ports", service_port), LIST("endpoints", slice_endpoint),
};

static const struct schema slice = {
	.name = "EndpointSlice", .kind = (enum l7mesh_kind)MANIFEST_ENDPOINT_SLICE,
	FIELDS(slice_fields),
};

/* ---- ReferenceGrant ---- */

static const struct field grant_from_fields[] = {
	TEXT("group"), NAME("kind"), NAME("namespace"),
};

SCHEMA(grant_from, "from");

static const struct field grant_to_fields[] = {
	TEXT("group"), NAME("kind"), TEXT("name"),
};

SCHEMA(grant_to, "to");

static const struct field grant_spec_fields[] = {
	LIST("from", grant_from), LIST("to", grant_to),
};

SCHEMA(grant_spec, "spec");

static const struct field grant_fields[] = {
	TEXT("apiVersion"), TEXT("kind"), METADATA, SPEC(grant_spec),
	ANY("status"),
};

static const struct schema grant = {
	.name = "ReferenceGrant", .kind = (enum l7mesh_kind)MANIFEST_REFERENCE_GRANT,
	FIELDS(grant_fields),
};

/* ---- what nothing can be made of ---- */

static void refuse(const struct scope *scope, const json_t *body)
{
	scope_problem(scope, "kind", "a %s cannot be carried over",
		      json_string_value(json_object_get(body, "kind")));
}

static const struct field other_fields[] = {
	TEXT("kind"), NEST("metadata", manifest_metadata),
};

static const struct schema other = {
	.name = "manifest", .kind = (enum l7mesh_kind)MANIFEST_OTHER,
	.open = true, .rule = refuse, FIELDS(other_fields),
};

static bool is_listed(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (!strcmp(*list, text))
			return true;
	return false;
}

/* By kind; of these versions, which are any if there are none. */
static const struct {
	const struct schema *schema;
	const char *const *versions;
} kinds[] = {
	[MANIFEST_GATEWAY] = { .schema = &gateway },
	[MANIFEST_HTTP_ROUTE] = { .schema = &http_route },
	[MANIFEST_TLS_ROUTE] = { .schema = &tls_route },
	[MANIFEST_TCP_ROUTE] = { .schema = &tcp_route },
	[MANIFEST_SERVICE] = { .schema = &service },
	[MANIFEST_ENDPOINT_SLICE] = { .schema = &slice },
	[MANIFEST_REFERENCE_GRANT] = { .schema = &grant },
	[MANIFEST_AUTHORIZATION_POLICY] = {
		&manifest_authorization_policy,
		NAMES("security.istio.io/v1", "security.istio.io/v1beta1") },
	[MANIFEST_PEER_AUTHENTICATION] = {
		&manifest_peer_authentication,
		NAMES("security.istio.io/v1", "security.istio.io/v1beta1") },
	[MANIFEST_NETWORK_POLICY] = {
		&manifest_network_policy, NAMES("networking.k8s.io/v1") },
	[MANIFEST_POD] = { &manifest_pod, NAMES("v1") },
	[MANIFEST_WORKLOAD_ENTRY] = {
		&manifest_workload_entry,
		NAMES("networking.istio.io/v1", "networking.istio.io/v1beta1",
		      "networking.istio.io/v1alpha3") },
};

/* Groups of which a kind that is not known is an error. */
static const char *const groups[] = {
	"gateway.networking.", "security.istio.io/",
};

static const struct schema *schema_of_kind(const char *kind,
					   const char *api_version)
{
	static const char *const ignored[] = { "GatewayClass", NULL };
	size_t i;

	for (i = MANIFEST_GATEWAY; i < MANIFEST_OTHER; i++)
		if (!strcmp(kinds[i].schema->name, kind) &&
		    (!kinds[i].versions ||
		     is_listed(kinds[i].versions, api_version)))
			return kinds[i].schema;
	if (is_listed(ignored, kind))
		return NULL;
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (!strncmp(api_version, groups[i], strlen(groups[i])))
			return &other;
	return NULL;
}

/* How many problems are those of parts that can be left out. */
static size_t within(const json_t *body)
{
	static const char *const parts[] = { "rules", "listeners" };
	const json_t *spec = json_object_get(body, "spec"), *part;
	size_t sum = 0, i, k;

	for (i = 0; i < 2; i++)
		json_array_foreach(json_object_get(spec, parts[i]), k, part)
			sum += manifest_wrong(part);
	return sum;
}

/* Where the manifests of a file go. */
struct target {
	struct manifests *m;
	const char *file;
};

static void take(void *arg, const struct object *o, struct problems *p)
{
	const struct target *target = arg;
	struct manifests *m = target->m;
	struct manifest *made;

	m->list = xrealloc(m->list, (m->count + 1) * sizeof(*m->list));
	made = &m->list[m->count++];
	*made = (struct manifest){
		.file = load_name(target->file), .mark = o->mark,
		.kind = (enum manifest_kind)o->kind, .body = o->body,
	};
	if (!p->count)
		return;
	made->problems = xrealloc(NULL, sizeof(*p));
	*made->problems = *p;
	made->broken = within(o->body) < p->count;
	p->count = 0;
}

/* Prints what is wrong with any of the manifests from @first on. */
static bool report(struct manifests *m, size_t first)
{
	bool any = false;

	for (; first < m->count; first++)
		if (m->list[first].problems)
			any |= problems_report(m->list[first].problems);
	return any;
}

/* What is looked for by other manifests, see manifests_of(). */
static const char *sought_as(const struct manifest *m)
{
	if (m->kind == MANIFEST_ENDPOINT_SLICE)
		return object_get(json_object_get(json_object_get(m->body, "metadata"),
						  "labels"),
				  "kubernetes.io/service-name");
	return m->kind == MANIFEST_REFERENCE_GRANT ? "" : manifest_name(m->body);
}

/* No name has a space. */
static char *index_key(enum manifest_kind kind, const char *namespace,
		       const char *name)
{
	return xasprintf("%d %s %s", kind, namespace, name);
}

static void refuse_second(struct manifest *m)
{
	const struct path path = { NULL, "metadata.name", -1 };

	if (!m->problems) {
		m->problems = xrealloc(NULL, sizeof(*m->problems));
		*m->problems = (struct problems){ .file = m->file };
	}
	problem(m->problems, m->mark, &path, "there is another %s of this name",
		manifest_kind(m));
	m->broken = true;
}

/* Is there one of a name? Of others several are looked for together. */
static bool is_one(enum manifest_kind kind)
{
	return kind != MANIFEST_ENDPOINT_SLICE &&
	       kind != MANIFEST_REFERENCE_GRANT && kind != MANIFEST_OTHER;
}

static void index_all(struct manifests *m)
{
	struct manifest *one;
	json_t *list;
	char *key;
	size_t i;

	m->index = must(json_object());
	for (i = 0; i < m->count; i++) {
		one = &m->list[i];
		if (one->broken)
			continue;
		key = index_key(one->kind, manifest_namespace(one->body),
				sought_as(one));
		list = json_object_get(m->index, key);
		if (list && is_one(one->kind))
			refuse_second(one);
		else if (!list)
			json_object_set_new(m->index, key, list = must(json_array()));
		json_array_append_new(list, must(json_integer(i)));
		free(key);
	}
}

bool manifests_load(struct manifests *m, char *const *files, size_t n, bool strict)
{
	struct target target = { .m = m };
	bool good = true, read, wrong;
	size_t i, first;

	*m = (struct manifests){ 0 };
	for (i = 0; i < n; i++) {
		first = m->count;
		target.file = files[i];
		read = load_manifests(files[i], schema_of_kind, take, &target);
		wrong = (strict || !read) && report(m, first);
		good &= read && !wrong;
	}
	index_all(m);
	return good;
}

void manifests_free(struct manifests *m)
{
	struct manifest *last;

	while (m->count) {
		last = &m->list[--m->count];
		json_decref(last->body);
		if (last->problems)
			problems_drop(last->problems);
		free(last->problems);
	}
	free(m->list);
	m->list = NULL;
	json_decref(m->index);
	m->index = NULL;
}

const char *manifest_kind(const struct manifest *m)
{
	return m->kind == MANIFEST_OTHER ? object_get(m->body, "kind") :
						 kinds[m->kind].schema->name;
}

size_t manifest_wrong(const json_t *mapping)
{
	return json_integer_value(json_object_get(mapping, LOAD_PROBLEMS));
}

const char *manifest_name(const json_t *body)
{
	return object_get(json_object_get(body, "metadata"), "name");
}

const char *manifest_namespace(const json_t *body)
{
	return object_get(json_object_get(body, "metadata"), "namespace");
}

char *manifest_label(const struct manifest *m)
{
	return xasprintf("%s %s/%s", manifest_kind(m), manifest_namespace(m->body),
			 manifest_name(m->body));
}

const json_t *manifests_of(const struct manifests *m, enum manifest_kind kind,
			   const char *namespace, const char *name)
{
	char *key = index_key(kind, namespace, name);
	const json_t *list = json_object_get(m->index, key);

	free(key);
	return list;
}

const json_t *manifest_find(const struct manifests *m, enum manifest_kind kind,
			    const char *namespace, const char *name)
{
	const json_t *list = manifests_of(m, kind, namespace, name);

	return list ? m->list[json_integer_value(json_array_get(list, 0))].body :
		      NULL;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Kubernetes' NetworkPolicy (networking.k8s.io/v1), as far as the mesh's policies can
 * say the same.
 */
#include "manifest_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text_match.h"
#include "util.h"

/* ---- selectors ---- */

static const char *const operators[] = { "In", "NotIn", "Exists", "DoesNotExist",
					 NULL };

static const struct field expression_fields[] = {
	NAME("key"),
	{ .name = "operator", .type = FIELD_ENUM, .flags = FIELD_REQUIRED,
	  .names = operators },
	TEXTS("values"),
};

static bool is_in(const json_t *expression)
{
	return !strcmp(object_get(expression, "operator"), "In");
}

static void check_pod_expression(const struct scope *scope, const json_t *body)
{
	if (!is_in(body) || json_array_size(json_object_get(body, "values")) != 1)
		scope_problem(scope, NULL, "only In with one value can be carried over");
}

static const struct schema pod_expression = {
	.name = "expression", .rule = check_pod_expression,
	FIELDS(expression_fields),
};

static const struct field pod_selector_fields[] = {
	MAP("matchLabels"), LIST("matchExpressions", pod_expression),
};

SCHEMA(pod_selector, "selector");

static void check_namespace_expression(const struct scope *scope,
				       const json_t *body)
{
	if (!is_in(body) || strcmp(object_get(body, "key"), MANIFEST_NAMESPACE))
		scope_problem(scope, NULL, "only " MANIFEST_NAMESPACE
			      " In names can be carried over");
}

static const struct schema namespace_expression = {
	.name = "expression", .rule = check_namespace_expression,
	FIELDS(expression_fields),
};

static const struct field namespace_selector_fields[] = {
	MAP("matchLabels"), LIST("matchExpressions", namespace_expression),
};

static void check_namespaces(const struct scope *scope, const json_t *body)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(body, "matchLabels"), key, value)
		if (strcmp(key, MANIFEST_NAMESPACE))
			scope_problem(scope, "matchLabels", "only "
				      MANIFEST_NAMESPACE " can be carried over");
}

static const struct schema namespace_selector = {
	.name = "selector", .rule = check_namespaces,
	FIELDS(namespace_selector_fields),
};

/* ---- peers ---- */

static const struct field block_fields[] = {
	{ .name = "cidr", .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_ip_block },
	{ .name = "except", .type = FIELD_LIST, .flags = FIELD_EMPTY,
	  .check = text_check_ip_block },
};

SCHEMA(block, "block");

static const struct field peer_fields[] = {
	NEST("ipBlock", block), NEST("namespaceSelector", namespace_selector),
	NEST("podSelector", pod_selector),
};

static void check_peer(const struct scope *scope, const json_t *body)
{
	bool selects = json_object_get(body, "namespaceSelector") ||
		       json_object_get(body, "podSelector");

	if (json_object_get(body, "ipBlock") && selects)
		scope_problem(scope, "ipBlock", "not allowed with selectors");
	validate_authorization_source(scope, body);
}

static const struct schema peer = {
	.name = "peer", .rule = check_peer, FIELDS(peer_fields),
};

/* ---- ports ---- */

static const char *const protocols[] = { "TCP", "UDP", "SCTP", NULL };

const char *manifest_check_port(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len && isdigit((unsigned char)s[i]);)
		i++;
	if (i < len ? !text_check_name(s, len) :
		      !text_check_port(s, len) && (len > 1 || s[0] != '0'))
		return NULL;
	return "a port, 1 to 65535, or the name of one";
}

static const struct field port_fields[] = {
	ENUM("protocol", protocols, "TCP"),
	MANIFEST_TARGET("port"),
	PORT("endPort"),
};

static void check_range(const struct scope *scope, const json_t *body)
{
	const json_t *last = json_object_get(body, "endPort");
	const char *text = object_get(body, "port");
	json_int_t n;

	if (!last)
		return;
	n = json_integer_value(last) - atoi(text) + 1;
	if (!isdigit((unsigned char)*text) || n < 1)
		scope_problem(scope, "endPort", "goes with a port that is not above it");
	else if (n > MANIFEST_RANGE_MAX)
		scope_problem(scope, "endPort",
			      "%lld ports cannot be carried over; up to %d can",
			      (long long)n, MANIFEST_RANGE_MAX);
}

static const struct schema port = {
	.name = "port", .rule = check_range, FIELDS(port_fields),
};

/* ---- NetworkPolicy ---- */

static const struct field ingress_fields[] = {
	LIST("from", peer), LIST("ports", port),
};

SCHEMA(ingress, "rule");

static const struct field egress_fields[] = {
	ANY("to"), ANY("ports"),
};

SCHEMA(egress, "rule");

static const char *check_type(const char *s, size_t len)
{
	return (len == 7 && !memcmp(s, "Ingress", len)) ||
	       (len == 6 && !memcmp(s, "Egress", len)) ? NULL :
	       "Ingress or Egress";
}

static const struct field network_spec_fields[] = {
	NEST("podSelector", pod_selector),
	{ .name = "policyTypes", .type = FIELD_LIST, .flags = FIELD_EMPTY,
	  .check = check_type },
	LIST("ingress", ingress), LIST("egress", egress),
};

SCHEMA(network_spec, "spec");

static const struct field network_policy_fields[] = {
	TEXT("apiVersion"), TEXT("kind"), METADATA, NEST("spec", network_spec),
	ANY("status"),
};

const struct schema manifest_network_policy = {
	.name = "NetworkPolicy", .kind = (enum l7mesh_kind)MANIFEST_NETWORK_POLICY,
	FIELDS(network_policy_fields),
};

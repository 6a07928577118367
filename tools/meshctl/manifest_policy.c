// SPDX-License-Identifier: GPL-2.0
/*
 * Istio's AuthorizationPolicy and PeerAuthentication (security.istio.io/v1).
 *
 * Empty lists, where Istio has none, are refused by it, too: they would be as good as
 * none, which matches everything.
 */
#include "manifest_priv.h"

#include <string.h>

#include "text_match.h"
#include "value.h"

#define MATCHES(n, of)	{ .name = (n), .type = FIELD_LIST, .check = (of) }
#define SOME(n, of)	{ .name = (n), .type = FIELD_LIST, .sub = &(of) }
#define NEEDED(n, of)	{ .name = (n), .type = FIELD_NEST,		\
			  .flags = FIELD_REQUIRED, .sub = &(of) }

static const struct field selector_fields[] = {
	MAP("matchLabels"),
};

SCHEMA(selector, "selector");

/* ---- AuthorizationPolicy ---- */

/* "cart", of the policy's namespace, or "shop/cart". */
static const char *check_account(const char *s, size_t len)
{
	const char *slash = memchr(s, '/', len);
	size_t namespace = slash ? (size_t)(slash - s) : 0;
	size_t skip = slash ? namespace + 1 : 0;

	if (!text_check_name(s, len) && !memchr(s, '*', len) &&
	    (!slash || namespace) && skip < len &&
	    !memchr(s + skip, '/', len - skip))
		return NULL;
	return "ACCOUNT or NAMESPACE/ACCOUNT";
}

static const struct field source_fields[] = {
	MATCHES("principals", text_check_principal),
	MATCHES("notPrincipals", text_check_principal),
	MATCHES("serviceAccounts", check_account),
	MATCHES("notServiceAccounts", check_account),
	MATCHES("namespaces", text_check_name),
	MATCHES("notNamespaces", text_check_name),
	MATCHES("ipBlocks", text_check_ip_block),
	MATCHES("notIpBlocks", text_check_ip_block),
	MATCHES("remoteIpBlocks", text_check_ip_block),
	MATCHES("notRemoteIpBlocks", text_check_ip_block),
};

/* Istio refuses accounts beside what they are made of. */
static void check_source(const struct scope *scope, const json_t *body)
{
	static const char *const accounts[] = { "serviceAccounts",
						"notServiceAccounts" };
	static const char *const others[] = { "principals", "notPrincipals",
					      "namespaces", "notNamespaces" };
	size_t i, k;

	validate_authorization_source(scope, body);
	for (i = 0; i < 2; i++)
		for (k = 0; k < 4; k++)
			if (json_object_get(body, accounts[i]) &&
			    json_object_get(body, others[k]))
				scope_problem(scope, accounts[i],
					      "not allowed with %s", others[k]);
}

static const struct schema source = {
	.name = "source", .rule = check_source, FIELDS(source_fields),
	.not_yet = NAMES("requestPrincipals", "notRequestPrincipals"),
};

static const struct field from_fields[] = {
	NEEDED("source", source),
};

SCHEMA(from, "from");

static const struct field operation_fields[] = {
	MATCHES("hosts", text_check_host_match),
	MATCHES("notHosts", text_check_host_match),
	MATCHES("ports", text_check_port),
	MATCHES("notPorts", text_check_port),
	MATCHES("methods", text_check_method_match),
	MATCHES("notMethods", text_check_method_match),
	MATCHES("paths", text_check_path_match),
	MATCHES("notPaths", text_check_path_match),
};

static const struct schema operation = {
	.name = "operation", .rule = validate_authorization_operation,
	FIELDS(operation_fields),
};

static const struct field to_fields[] = {
	NEEDED("operation", operation),
};

SCHEMA(to, "to");

static const struct field when_fields[] = {
	{ .name = "key", .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_condition_key },
	MATCHES("values", text_check_condition_value),
	MATCHES("notValues", text_check_condition_value),
};

static const struct schema when = {
	.name = "condition", .rule = validate_istio_condition,
	FIELDS(when_fields),
};

static const struct field rule_fields[] = {
	SOME("from", from), SOME("to", to), SOME("when", when),
};

SCHEMA(rule, "rule");

static const struct field target_fields[] = {
	TEXT("kind"),
};

OPEN(target, "target");

static const struct field authorization_fields[] = {
	NEST("selector", selector), TEXT("action"), ANY("provider"),
	LIST("rules", rule), NEST("targetRef", target),
	LIST("targetRefs", target),
};

static bool is_action(const char *action)
{
	return !strcmp(action, "ALLOW") || !strcmp(action, "DENY") ||
	       !strcmp(action, "AUDIT");
}

/*
 * Not by the tables of the schema: what becomes of a policy that cannot be carried over
 * depends on what these say.
 */
static void check_authorization(const struct scope *scope, const json_t *body)
{
	static const char *const targets[] = { "targetRef", "targetRefs" };
	const char *action = object_get(body, "action");
	size_t i;

	if (!strcmp(action, "CUSTOM"))
		scope_problem(scope, "action", "CUSTOM is not there yet");
	else if (*action && !is_action(action))
		scope_problem(scope, "action", "not one of ALLOW, DENY, AUDIT");
	for (i = 0; i < 2; i++)
		if (json_object_get(body, targets[i]))
			scope_problem(scope, targets[i],
				      "Gateways and waypoints are not there yet; workloads are, by selector");
}

static const struct schema authorization_spec = {
	.name = "spec", .rule = check_authorization,
	FIELDS(authorization_fields),
};

static const struct field authorization_policy_fields[] = {
	TEXT("apiVersion"), TEXT("kind"), METADATA,
	NEST("spec", authorization_spec), ANY("status"),
};

const struct schema manifest_authorization_policy = {
	.name = "AuthorizationPolicy",
	.kind = (enum l7mesh_kind)MANIFEST_AUTHORIZATION_POLICY,
	FIELDS(authorization_policy_fields),
};

/* ---- PeerAuthentication: what asks for no certificate ---- */

static const char *const modes[] = { "UNSET", "DISABLE", "PERMISSIVE", NULL };

static const struct field mtls_fields[] = {
	{ .name = "mode", .type = FIELD_ENUM, .names = modes,
	  .not_yet = NAMES("STRICT") },
};

SCHEMA(mtls, "mtls");

static const struct field peer_fields[] = {
	NEST("selector", selector), NEST("mtls", mtls),
};

static const struct schema peer_spec = {
	.name = "spec", .not_yet = NAMES("portLevelMtls"), FIELDS(peer_fields),
};

static const struct field peer_authentication_fields[] = {
	TEXT("apiVersion"), TEXT("kind"), METADATA, NEST("spec", peer_spec),
	ANY("status"),
};

const struct schema manifest_peer_authentication = {
	.name = "PeerAuthentication",
	.kind = (enum l7mesh_kind)MANIFEST_PEER_AUTHENTICATION,
	FIELDS(peer_authentication_fields),
};

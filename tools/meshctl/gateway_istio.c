// SPDX-License-Identifier: GPL-2.0
/*
 * AuthorizationPolicies. The mesh's policies are theirs, with the names of fields as the
 * mesh writes them.
 *
 * What cannot be carried over of one is an error, and closed: a rule matches nothing if
 * the policy allows, and everything if it denies; a policy is for its whole namespace if
 * it is not known for whom it is. CUSTOM asks somebody who is not there: it denies.
 */
#include "gateway_priv.h"

#include <ctype.h>
#include <stdlib.h>

/* "notIpBlocks": "not_ip_blocks". Freed by the caller. */
static char *in_snakes(const char *name)
{
	char *text = xrealloc(NULL, 2 * strlen(name) + 1), *to = text;

	for (; *name; name++) {
		if (isupper((unsigned char)*name))
			*to++ = '_';
		*to++ = tolower((unsigned char)*name);
	}
	*to = '\0';
	return text;
}

/* "cart" or "shop/cart", of whatever trust domain: the end of an identity. */
static json_t *principals_of(const struct import *imp, const json_t *accounts)
{
	const char *own = manifest_namespace(imp->at->body), *text, *slash;
	json_t *list = must(json_array()), *account;
	char *principal;
	size_t i;

	json_array_foreach(accounts, i, account) {
		text = json_string_value(account);
		slash = strchr(text, '/');
		if (slash)
			principal = xasprintf("*/ns/%.*s/sa/%s",
					      (int)(slash - text), text, slash + 1);
		else
			principal = xasprintf("*/ns/%s/sa/%s", own, text);
		json_array_append_new(list, json_text(principal, strlen(principal)));
		free(principal);
	}
	return list;
}

/* A source, an operation or a condition. */
static json_t *part_of(const struct import *imp, const json_t *given)
{
	json_t *part = must(json_object()), *value;
	const char *key;
	char *name;

	json_object_foreach((json_t *)given, key, value) {
		if (!strcmp(key, "serviceAccounts")) {
			json_object_set_new(part, "principals",
					    principals_of(imp, value));
			continue;
		}
		if (!strcmp(key, "notServiceAccounts")) {
			json_object_set_new(part, "not_principals",
					    principals_of(imp, value));
			continue;
		}
		name = in_snakes(key);
		json_object_set(part, name, value);
		free(name);
	}
	return part;
}

/* @wrapper: the key that Istio has around each; NULL: none. */
static void set_parts(const struct import *imp, json_t *made, const json_t *rule,
		      const char *key, const char *wrapper)
{
	json_t *list = must(json_array());
	const json_t *item;
	size_t i;

	json_array_foreach(get(rule, key), i, item)
		json_array_append_new(list, part_of(imp, wrapper ?
						    get(item, wrapper) : item));
	set_list(made, key, list);
}

static json_t *rule_of(const struct import *imp, const json_t *rule)
{
	json_t *made = must(json_object());

	set_parts(imp, made, rule, "from", "source");
	set_parts(imp, made, rule, "to", "operation");
	set_parts(imp, made, rule, "when", NULL);
	return made;
}

static json_t *rules_of(const struct import *imp, const json_t *rules, bool denies)
{
	json_t *list = must(json_array());
	const json_t *rule;
	size_t i;

	json_array_foreach(rules, i, rule) {
		if (!manifest_wrong(rule))
			json_array_append_new(list, rule_of(imp, rule));
		else if (denies)
			json_array_append_new(list, must(json_object()));
	}
	return list;
}

/* What is made of it. */
struct kind {
	const char *action;	/* the mesh's */
	size_t explained;	/* things wrong that are no matter, or seen to */
	bool known;		/* its rules say when */
	bool unsure;		/* nobody knows for whom it is */
	bool targets;		/* what has no policies yet */
};

static struct kind kind_of(const json_t *spec)
{
	const char *action = object_get(spec, "action");

	if (!spec)
		return (struct kind){ "deny", .explained = 1 };
	if (!*action || !strcmp(action, "ALLOW"))
		return (struct kind){ "allow", .known = true };
	if (!strcmp(action, "AUDIT"))
		return (struct kind){ "audit", .known = true };
	if (!strcmp(action, "DENY"))
		return (struct kind){ "deny", .known = true };
	return (struct kind){ "deny", .explained = 1,
			      .known = !strcmp(action, "CUSTOM") };
}

/* If anything is wrong but its rules and what it does, nobody knows for whom it is. */
static struct kind judge(const json_t *body)
{
	const json_t *spec = get(body, "spec"), *rule;
	size_t targets = !!get(spec, "targetRef") + !!get(spec, "targetRefs"), i;
	struct kind kind = { "allow", .known = true };

	if (spec || manifest_wrong(body))
		kind = kind_of(spec);
	json_array_foreach(get(spec, "rules"), i, rule)
		kind.explained += manifest_wrong(rule);
	kind.targets = targets;
	kind.unsure = manifest_wrong(body) > kind.explained;
	kind.known &= manifest_wrong(body) <= kind.explained + targets;
	return kind;
}

/* As Go reads a boolean. */
static bool is_dry_run(struct import *imp)
{
	static const char *const words[] = { "1", "t", "T", "TRUE", "true", "True",
					     "0", "f", "F", "FALSE", "false",
					     "False" };
	const json_t *notes = get2(imp->at->body, "metadata", "annotations");
	const char *text = object_get(notes, MANIFEST_DRY_RUN);
	size_t i;

	if (!get(notes, MANIFEST_DRY_RUN))
		return false;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i], text))
			return i < sizeof(words) / sizeof(words[0]) / 2;
	gateway_fail(imp, REASON_INVALID, "metadata.annotations." MANIFEST_DRY_RUN,
		     "not true or false; it is not one");
	return false;
}

/* Whose workloads it is for; NULL: all. */
static const char *namespace_for(const struct import *imp, const struct kind *kind)
{
	const char *own = manifest_namespace(imp->at->body);

	return strcmp(own, imp->root) || kind->targets ? own : NULL;
}

static json_t *rules_for(const struct import *imp, const struct kind *kind)
{
	bool denies = !strcmp(kind->action, "deny");

	if (!denies && kind->unsure)
		return must(json_array());
	if (denies && !kind->known)
		return must(json_pack("[{}]"));
	return rules_of(imp, get2(imp->at->body, "spec", "rules"), denies);
}

static json_t *policy_of(struct import *imp, const struct kind *kind,
			 const char *selector)
{
	const json_t *body = imp->at->body;
	char *name = gateway_name(manifest_namespace(body), manifest_name(body), "");
	const char *namespace = namespace_for(imp, kind);
	json_t *policy = must(json_pack("{s:s}", "name", name));

	free(name);
	if (namespace)
		set_text(policy, "namespace", namespace);
	if (!kind->unsure && *selector)
		set_text(policy, "selector", selector);
	set_text(policy, "action", kind->action);
	if (is_dry_run(imp) && strcmp(kind->action, "audit"))
		set_bool(policy, "audit", true);
	json_object_set_new(policy, "rules", rules_for(imp, kind));
	return policy;
}

static void add_policy(struct import *imp, json_t *policy, const struct kind *kind)
{
	json_t *given = get(get2(imp->at->body, "spec", "selector"), "matchLabels");
	json_t *labels = kind->unsure || !given ? must(json_object()) :
						  json_incref(given);

	gateway_policy_add(imp, policy);
	if (is(policy, "action", "allow") && !get(policy, "audit"))
		gateway_note_allow(imp, policy, labels);
	json_decref(labels);
}

void gateway_istio(struct import *imp)
{
	const json_t *body = imp->at->body;
	struct kind kind = judge(body);
	char *selector;

	if (gateway_policy_is_named(imp)) {
		selector = gateway_policy_selector(imp,
						   get(get2(body, "spec", "selector"),
						       "matchLabels"),
						   "spec.selector.matchLabels");
		kind.unsure |= !selector;
		add_policy(imp, policy_of(imp, &kind, selector), &kind);
		free(selector);
	}
	gateway_report_problems(imp);
}

void gateway_peer(struct import *imp)
{
	gateway_report_problems(imp);
}

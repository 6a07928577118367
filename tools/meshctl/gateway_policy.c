// SPDX-License-Identifier: GPL-2.0
#include "gateway_priv.h"

#include <stdlib.h>

#include "load.h"
#include "text.h"

bool gateway_policy_is_named(struct import *imp)
{
	const json_t *body = imp->at->body;
	char *label = manifest_label(imp->at);
	bool good = *manifest_name(body) && !get(imp->policy_names, label) &&
		    !manifest_wrong(get(body, "metadata"));

	json_object_set_new(imp->policy_names, label, json_true());
	imp->lost |= !good;
	free(label);
	return good;
}

/* A pair behind those of @text, which it takes over; NULL: they are not so. */
static char *add_label(char *text, const char *key, const char *value)
{
	char *pair = xasprintf("%s=%s", key, value), *both = NULL;

	/* With a comma it would be two. */
	if (!strchr(pair, ',') && !text_check_metadata(pair, strlen(pair)))
		both = xasprintf("%s%s%s", text, *text ? "," : "", pair);
	free(pair);
	free(text);
	return both;
}

char *gateway_labels(const json_t *labels, const char **why)
{
	char *text = xstrdup("");
	const char *key;
	json_t *value;

	*why = text_check_metadata("", 0);
	json_object_foreach((json_t *)labels, key, value) {
		text = add_label(text, key, json_string_value(value));
		if (!text)
			return NULL;
		if (strlen(text) > L7MESH_METADATA_MAX)
			break;
	}
	if (!text_check_metadata_or_none(text, strlen(text)))
		return text;
	free(text);
	return NULL;
}

char *gateway_policy_selector(struct import *imp, const json_t *labels,
			      const char *field)
{
	const char *why;
	char *text = gateway_labels(labels, &why);

	if (!text)
		gateway_fail(imp, REASON_INVALID, field, "these are not %s", why);
	return text;
}

/* What the tables of the schema cannot tell is found by reading it as a file. */
static bool is_good(struct import *imp, const json_t *policy)
{
	json_t *tree = must(json_pack("{s:[O]}", "authorization", policy));
	char *text = json_dumps(tree, JSON_COMPACT);
	struct problems p = { .file = "" };
	bool good;

	json_decref(tree);
	if (!text)
		must(NULL);
	load_find(text, strlen(text), &p);
	free(text);
	good = !problems_sort(&p);
	if (!good)
		gateway_fail(imp, REASON_INVALID, "spec", "%s", p.list[0].text);
	problems_drop(&p);
	if (json_array_size(get(policy, "rules")) <= GATEWAY_RULES_MAX)
		return good;
	gateway_fail(imp, REASON_INVALID, "spec", "more than %d rules", GATEWAY_RULES_MAX);
	return false;
}

/* It allows nothing, or denies everything. */
static void make_strict(json_t *policy)
{
	json_object_set_new(policy, "rules", is(policy, "action", "deny") ?
			    must(json_pack("[{}]")) : must(json_array()));
}

void gateway_policy_add(struct import *imp, json_t *policy)
{
	if (!is_good(imp, policy))
		make_strict(policy);
	json_object_set_new(imp->policies, object_get(policy, "name"), policy);
}

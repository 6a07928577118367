// SPDX-License-Identifier: GPL-2.0
#include "gateway_priv.h"

#include <stdlib.h>

#include "load.h"
#include "text.h"

/* As many as the kernel takes. */
#define RULES_MAX	512

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

char *gateway_policy_selector(struct import *imp, const json_t *labels,
			      const char *field)
{
	char *text = xstrdup(""), *longer;
	const char *key, *allowed;
	json_t *value;

	json_object_foreach((json_t *)labels, key, value) {
		longer = xasprintf("%s%s%s=%s", text, *text ? "," : "", key,
				   json_string_value(value));
		free(text);
		text = longer;
	}
	allowed = text_check_metadata_or_none(text, strlen(text));
	if (!allowed)
		return text;
	gateway_fail(imp, REASON_INVALID, field, "these are not %s", allowed);
	free(text);
	return NULL;
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
	if (json_array_size(get(policy, "rules")) <= RULES_MAX)
		return good;
	gateway_fail(imp, REASON_INVALID, "spec", "more than %d rules", RULES_MAX);
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

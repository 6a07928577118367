// SPDX-License-Identifier: GPL-2.0
/*
 * validate_authorization: validate, of authorization rules.
 *
 * An empty part would match everything, which nobody writes on purpose.
 */
#include <stdlib.h>
#include <string.h>

#include "text_match.h"
#include "validate.h"
#include "value.h"

/* Is anything given at all, rightly or wrongly? */
static void validate_any(const struct scope *scope, const json_t *body)
{
	char *keys;
	size_t i;

	for (i = 0; i < scope->schema->nfields; i++)
		if (scope->marks[i].line)
			return;
	if (json_object_size(body) || scope->strange)
		return;
	keys = schema_keys(scope->schema);
	scope_problem(scope, NULL, "nothing is given; one of %s is needed", keys);
	free(keys);
}

void validate_authorization_source(const struct scope *scope, const json_t *body)
{
	validate_any(scope, body);
}

void validate_authorization_operation(const struct scope *scope,
				      const json_t *body)
{
	validate_any(scope, body);
}

static void validate_values(const struct scope *scope, const json_t *body,
			    const char *name)
{
	const char *key = object_get(body, "key"), *allowed, *text;
	const json_t *value;
	char *found;
	size_t i;

	json_array_foreach(json_object_get(body, name), i, value) {
		text = json_string_value(value);
		allowed = text_condition_check(key)(text, strlen(text));
		if (!allowed)
			continue;
		found = value_found(text, strlen(text));
		scope_problem(scope, name, "of %s, %s is not %s", key, found,
			      allowed);
		free(found);
	}
}

/* @others: what the field of those is called that must not be. */
static void validate_condition(const struct scope *scope, const json_t *body,
			       const char *others)
{
	const struct field *values = schema_field(scope->schema, "values");
	const struct field *negated = schema_field(scope->schema, others);

	if (!json_object_get(body, "values") && !json_object_get(body, others) &&
	    !scope->marks[values - scope->schema->fields].line &&
	    !scope->marks[negated - scope->schema->fields].line)
		scope_problem(scope, NULL, "values or %s is needed", others);
	if (!*object_get(body, "key"))
		return;
	validate_values(scope, body, "values");
	validate_values(scope, body, others);
}

void validate_authorization_condition(const struct scope *scope,
				      const json_t *body)
{
	validate_condition(scope, body, "not_values");
}

void validate_istio_condition(const struct scope *scope, const json_t *body)
{
	validate_condition(scope, body, "notValues");
}

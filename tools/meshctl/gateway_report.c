// SPDX-License-Identifier: GPL-2.0
#include "gateway_priv.h"

#include <stdarg.h>
#include <stdlib.h>

static const struct {
	const char *name;
	const char *condition;
	bool status;		/* that the condition has if there is such an error */
} reasons[] = {
	[REASON_NO_MATCHING_PARENT] = { "NoMatchingParent", "Accepted", false },
	[REASON_NOT_ALLOWED_BY_LISTENERS] = {
		"NotAllowedByListeners", "Accepted", false },
	[REASON_NO_MATCHING_LISTENER_HOSTNAME] = {
		"NoMatchingListenerHostname", "Accepted", false },
	[REASON_PORT_UNAVAILABLE] = { "PortUnavailable", "Accepted", false },
	[REASON_CONFLICTED] = { "Conflicted", "Accepted", false },
	[REASON_PARTLY_CONFLICTED] = { "Conflicted", "PartiallyInvalid", true },
	[REASON_INVALID] = { "UnsupportedValue", "Accepted", false },
	[REASON_UNSUPPORTED_ADDRESS] = {
		"UnsupportedAddress", "Accepted", false },
	[REASON_ADDRESS_NOT_USABLE] = {
		"AddressNotUsable", "Programmed", false },
	[REASON_ADDRESS_NOT_ASSIGNED] = {
		"AddressNotAssigned", "Programmed", false },
	[REASON_HOSTNAME_CONFLICT] = { "HostnameConflict", "Conflicted", true },
	[REASON_PROTOCOL_CONFLICT] = { "ProtocolConflict", "Conflicted", true },
	[REASON_UNSUPPORTED_VALUE] = {
		"UnsupportedValue", "PartiallyInvalid", true },
	[REASON_INCOMPATIBLE_FILTERS] = {
		"IncompatibleFilters", "PartiallyInvalid", true },
	[REASON_BACKEND_NOT_FOUND] = {
		"BackendNotFound", "ResolvedRefs", false },
	[REASON_REF_NOT_PERMITTED] = {
		"RefNotPermitted", "ResolvedRefs", false },
	[REASON_INVALID_KIND] = { "InvalidKind", "ResolvedRefs", false },
	[REASON_UNSUPPORTED_PROTOCOL] = {
		"UnsupportedProtocol", "ResolvedRefs", false },
};

void gateway_note(struct import *imp, enum gateway_reason reason,
		  const char *message)
{
	if (!imp->faults[reason])
		imp->faults[reason] = must(json_object());
	json_object_set_new_nocheck(imp->faults[reason], message, json_true());
	imp->failed = true;
}

static void say(const struct manifest *at, const char *message)
{
	fprintf(stderr, "%s:%zu:%zu: %s %s/%s: %s\n", at->file, at->mark.line,
		at->mark.column, manifest_kind(at), manifest_namespace(at->body),
		manifest_name(at->body), message);
}

void gateway_remark(struct import *imp, const char *field, const char *what)
{
	char *message = xasprintf("%s: %s", field, what);

	if (imp->report)
		json_array_append_new(imp->remarks,
				      json_text(message, strlen(message)));
	else
		say(imp->at, message);
	free(message);
}

void gateway_fail(struct import *imp, enum gateway_reason reason,
		  const char *field, const char *fmt, ...)
{
	char *what, *message;
	va_list args;

	va_start(args, fmt);
	what = xvasprintf(fmt, args);
	va_end(args);
	message = xasprintf("%s: %s", field, what);
	/* Each match of a rule finds the rule's errors. */
	if (!imp->report && !get(imp->faults[reason], message))
		say(imp->at, message);
	gateway_note(imp, reason, message);
	imp->rule_errors += reason == REASON_UNSUPPORTED_VALUE ||
			    reason == REASON_INCOMPATIBLE_FILTERS;
	free(message);
	free(what);
}

bool gateway_has(const struct import *imp, enum gateway_reason reason)
{
	return imp->faults[reason];
}

void gateway_forget(struct import *imp, enum gateway_reason first,
		    enum gateway_reason last)
{
	for (; first <= last; first++) {
		json_decref(imp->faults[first]);
		imp->faults[first] = NULL;
	}
}

/* Of a manifest in a List: behind its place there. */
static const char *place_of(const char *text)
{
	const char *end = strncmp(text, "items[", 6) ? NULL : strstr(text, "].");

	return end ? end + 2 : text;
}

static void note_read(struct import *imp, enum gateway_reason reason,
		      const char *prefix)
{
	struct problems *p = imp->at->problems;
	size_t n = p ? problems_sort(p) : 0, i;

	for (i = 0; i < n; i++)
		if (!strncmp(place_of(p->list[i].text), prefix, strlen(prefix)))
			gateway_note(imp, reason, p->list[i].text);
}

void gateway_note_item(struct import *imp, enum gateway_reason reason,
		       const char *list, size_t index)
{
	char *prefix = xasprintf("%s[%zu]", list, index);

	note_read(imp, reason, prefix);
	free(prefix);
}

void gateway_report_begin(struct import *imp)
{
	gateway_forget(imp, 0, REASONS - 1);
	imp->good_rules = 0;
	if (imp->at->broken)
		note_read(imp, REASON_INVALID, "");
}

json_t *gateway_entry(const struct import *imp)
{
	const struct manifest *at = imp->at;

	if (!imp->report)
		return NULL;
	return must(json_pack("{s:s, s:I, s:I, s:s, s:s, s:s}", "file", at->file,
			      "line", (json_int_t)at->mark.line, "column",
			      (json_int_t)at->mark.column, "kind",
			      manifest_kind(at), "namespace",
			      manifest_namespace(at->body), "name",
			      manifest_name(at->body)));
}

void gateway_report_end(struct import *imp, json_t *entry)
{
	if (entry)
		json_array_append_new(imp->report, entry);
	gateway_forget(imp, 0, REASONS - 1);
}

/* Texts that are keys. */
static json_t *keys_of(json_t *object)
{
	json_t *list = must(json_array()), *value;
	const char *key;

	json_object_foreach(object, key, value)
		json_array_append_new(list, json_text(key, strlen(key)));
	return list;
}

void gateway_report_problems(struct import *imp)
{
	json_t *entry = NULL, *problems;

	note_read(imp, REASON_INVALID, "");
	problems = keys_of(imp->faults[REASON_INVALID]);
	if (json_array_size(problems) || json_array_size(imp->remarks))
		entry = gateway_entry(imp);
	if (entry) {
		set_list(entry, "problems", json_incref(problems));
		set_list(entry, "remarks", json_copy(imp->remarks));
	}
	json_decref(problems);
	json_array_clear(imp->remarks);
	gateway_report_end(imp, entry);
}

static char *join(json_t *messages)
{
	const char *message;
	char *text, *to;
	size_t len = 1;
	json_t *value;

	json_object_foreach(messages, message, value)
		len += strlen(message) + 2;
	text = xrealloc(NULL, len);
	to = text;
	*to = '\0';
	json_object_foreach(messages, message, value)
		to = stpcpy(stpcpy(to, to == text ? "" : "; "), message);
	return text;
}

/* The first reason that there is, of those of a type; REASONS if there is none. */
static size_t reason_of(const struct import *imp, const char *type)
{
	size_t i;

	for (i = 0; i < REASONS; i++)
		if (imp->faults[i] && !strcmp(reasons[i].condition, type))
			break;
	return i;
}

/* What there is if all is well. */
static json_t *good_condition(const char *type)
{
	bool conflicted = !strcmp(type, "Conflicted");

	return must(json_pack("{s:s, s:s, s:s, s:s}", "type", type, "status",
			      conflicted ? "False" : "True", "reason",
			      conflicted ? "NoConflicts" : type, "message", ""));
}

static json_t *bad_condition(const struct import *imp, size_t reason)
{
	char *message = join(imp->faults[reason]);
	json_t *condition;

	condition = json_pack("{s:s, s:s, s:s, s:s}",
			      "type", reasons[reason].condition, "status",
			      reasons[reason].status ? "True" : "False", "reason",
			      reasons[reason].name, "message", message);
	free(message);
	return must(condition);
}

json_t *gateway_conditions(const struct import *imp, const char *const *types)
{
	json_t *list = must(json_array());
	size_t i, k;

	for (i = 0; types[i]; i++) {
		k = reason_of(imp, types[i]);
		if (k < REASONS)
			json_array_append_new(list, bad_condition(imp, k));
		else if (strcmp(types[i], "PartiallyInvalid"))
			json_array_append_new(list, good_condition(types[i]));
	}
	return list;
}

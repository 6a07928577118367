// SPDX-License-Identifier: GPL-2.0
/*
 * explain: what the kernel would make of a request, or a connection, and why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "authz.h"
#include "meshctl.h"
#include "text.h"
#include "util.h"
#include "value.h"
#include "words.h"

#define USAGE "usage: meshctl explain LISTENER [[METHOD] URL] " \
	      "[header \"NAME: VALUE\"]... [server_name NAME] " \
	      "[source ADDRESS] [source_netns COOKIE]"

static const struct field fields[] = {
	ASK_SERVER_NAME,
	{ .name = "source", .type = FIELD_ADDRESS },
	{ .name = "source_netns", .type = FIELD_U64, .min = 1 },
};

static const struct field *field_of(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!strcmp(word, fields[i].name))
			return &fields[i];
	return NULL;
}

static bool is_option(const char *word)
{
	return !strcmp(word, "header") || field_of(word);
}

static void set_text(json_t *question, const char *key, const char *text)
{
	json_object_set_new(question, key, json_text(text, strlen(text)));
}

/* Returns how many words they are. */
static int take_request(json_t *question, int argc, char **argv)
{
	if (!argc || is_option(argv[0]))
		return 0;
	if (argc == 1 || is_option(argv[1])) {
		set_text(question, "url", argv[0]);
		return 1;
	}
	set_text(question, "method", argv[0]);
	set_text(question, "url", argv[1]);
	return 2;
}

static bool take_options(json_t *question, int argc, char **argv)
{
	for (; argc >= 2 && is_option(argv[0]); argc -= 2, argv += 2) {
		if (!strcmp(argv[0], "header"))
			ask_add_header(question, argv[1]);
		else if (!ask_take_value(question, field_of(argv[0]), argv[1]))
			return false;
	}
	if (argc)
		complain(USAGE);
	return !argc;
}

static bool take_question(json_t *question, int argc, char **argv)
{
	const char *allowed = argc ? text_check_name(argv[0],
						     strlen(argv[0])) : USAGE;
	char *why;
	int n;

	if (allowed) {
		complain(argc ? "listener: %s" : "%s", allowed);
		return false;
	}
	set_text(question, "listener", argv[0]);
	n = take_request(question, argc - 1, argv + 1);
	if (!take_options(question, argc - 1 - n, argv + 1 + n))
		return false;
	why = ask_check(question);
	if (why)
		complain("%s", why);
	free(why);
	return !why;
}

static const char *string_of(const json_t *answer, const char *key)
{
	return json_string_value(json_object_get(answer, key));
}

static void print_line(const json_t *answer, const char *key, const char *name)
{
	char *text;

	if (!json_object_get(answer, key))
		return;
	text = value_text(json_object_get(answer, key));
	printf("%-13s %s\n", name, text);
	free(text);
}

static void print_mismatches(const json_t *list)
{
	const json_t *item;
	const char *of;
	char *index;
	size_t i;

	json_array_foreach(list, i, item) {
		index = value_text(json_object_get(item, "route"));
		of = string_of(item, "of");
		printf("  route %-5s no: %s", index, string_of(item, "differs"));
		if (of)
			printf(" %s", of);
		putchar('\n');
		free(index);
	}
}

static void print_route(const json_t *answer)
{
	const struct schema *schema = schema_of(L7MESH_KIND_ROUTE);
	const json_t *route = json_object_get(answer, "route");
	char *index;

	print_mismatches(json_object_get(answer, "mismatches"));
	if (!route)
		return;
	index = value_text(json_object_get(route, "index"));
	printf("  route %-5s yes:%s", index,
	       json_object_get(route, "match") ? "" : " any");
	words_print_field(stdout, schema_field(schema, "match"),
			  json_object_get(route, "match"));
	fputs(" =>", stdout);
	words_print_field(stdout, schema_field(schema, "action"),
			  json_object_get(route, "action"));
	putchar('\n');
	free(index);
}

static void print_policies(const json_t *list)
{
	const json_t *name;
	size_t i;

	if (json_array_size(list))
		printf("%-13s", "policies");
	json_array_foreach(list, i, name)
		printf(" %s", json_string_value(name));
	if (json_array_size(list))
		putchar('\n');
}

static void print_endpoint(const json_t *answer)
{
	const char *endpoint = string_of(answer, "endpoint");
	const char *hash = string_of(answer, "hash");

	if (!endpoint)
		return;
	if (hash)
		printf("%-13s %s, by hash %s\n", "endpoint", endpoint, hash);
	else if (string_of(answer, "cluster"))
		printf("%-13s %s, this time\n", "endpoint", endpoint);
	else
		printf("%-13s %s\n", "proxy", endpoint);
}

/* "cart from front, the connection: denied by p" */
static void print_authorization(const json_t *authz)
{
	const char *from = string_of(authz, "from");
	char *words;

	if (!authz)
		return;
	words = authz_words(authz);
	printf("%-13s %s%s%s, the %s: %s\n", "workload",
	       string_of(authz, "workload"), from ? " from " : "", from ?: "",
	       string_of(authz, "of"), words);
	free(words);
}

static void print_message(const json_t *answer, const char *key)
{
	const json_t *message = json_object_get(answer, key), *line;
	const char *body = string_of(message, "body");
	size_t i;

	if (!message)
		return;
	printf("%s\n  %s\n", key, string_of(message, "line"));
	json_array_foreach(json_object_get(message, "headers"), i, line)
		printf("  %s\n", json_string_value(line));
	if (body)
		printf("\n%s%s", body,
		       *body && body[strlen(body) - 1] != '\n' ? "\n" : "");
}

static void print_answer(const json_t *answer)
{
	print_line(answer, "listener", "listener");
	print_line(answer, "server_name", "server name");
	print_line(answer, "client", "client");
	print_line(answer, "route_table", "route table");
	print_line(answer, "virtual_host", "virtual host");
	print_route(answer);
	print_policies(json_object_get(answer, "policies"));
	print_line(answer, "cluster", "cluster");
	print_line(answer, "subset", "subset");
	print_endpoint(answer);
	print_authorization(json_object_get(answer, "authorization"));
	print_line(answer, "status", "status");
	print_line(answer, "reason", "counter");
	print_message(answer, "request");
	print_message(answer, "response");
}

static int explain(const struct ctl *ctl, const json_t *question)
{
	json_t *answer;
	struct nl nl;
	int status = nl_open(&nl);

	if (status)
		return status;
	status = ask(&nl, question, NULL, &answer);
	nl_close(&nl);
	if (status)
		return status;
	if (ctl->json) {
		json_print(answer);
		return STATUS_OK;
	}
	print_answer(answer);
	json_decref(answer);
	return STATUS_OK;
}

int cmd_explain(const struct ctl *ctl, int argc, char **argv)
{
	json_t *question = must(json_object());
	int status = STATUS_USAGE;

	if (take_question(question, argc - 1, argv + 1))
		status = explain(ctl, question);
	json_decref(question);
	return status;
}

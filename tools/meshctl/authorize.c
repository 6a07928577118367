// SPDX-License-Identifier: GPL-2.0
/*
 * authorize: "authz", what the kernel would allow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "authz.h"
#include "tree.h"
#include "util.h"
#include "value.h"

#define USAGE "usage: meshctl authz WORKLOAD [port PORT] " \
	      "[from WORKLOAD|ADDRESS] [client ADDRESS] [address ADDRESS] " \
	      "[method METHOD] [path PATH] [host HOST] " \
	      "[header NAME=VALUE]... [server_name NAME] | test FILE [-f MESH]"

static const struct field fields[] = { AUTHZ_FIELDS };

#define NFIELDS (sizeof(fields) / sizeof(fields[0]))

static bool take_value(json_t *question, const struct field *f,
		       const char *text)
{
	bool twice = get(question, f->name);

	if (!ask_take_value(question, f, text))
		return false;
	if (twice)
		complain("%s: given twice", f->name);
	return !twice;
}

/* "x-user=anna" as the line "x-user: anna", which it may be as well. */
static bool add_header(json_t *question, const char *word)
{
	size_t n = strcspn(word, "=:"), skip = n + strspn(word + n, "=:");
	char *line;

	if (text_check_token(word, n) || skip != n + 1) {
		complain("header: \"%s\" is not NAME=VALUE", word);
		return false;
	}
	skip += strspn(word + skip, " \t");
	line = xasprintf("%.*s: %s", (int)n, word, word + skip);
	ask_add_header(question, line);
	free(line);
	return true;
}

static const struct field *field_of(const char *word)
{
	size_t i;

	for (i = 0; i < NFIELDS; i++)
		if (!strcmp(fields[i].name, word) &&
		    fields[i].type != FIELD_LIST &&
		    !(fields[i].flags & FIELD_REQUIRED))
			return &fields[i];
	return NULL;
}

static bool take_option(json_t *question, const char *word, const char *text)
{
	const struct field *f = field_of(word);

	if (!strcmp(word, "header"))
		return add_header(question, text);
	if (f)
		return take_value(question, f, text);
	complain("\"%s\" is not expected; " USAGE, word);
	return false;
}

static bool take_question(json_t *question, int argc, char **argv)
{
	char *why;
	int i;

	if (argc < 1 || !(argc % 2)) {
		complain(USAGE);
		return false;
	}
	if (!take_value(question, &fields[0], argv[0]))
		return false;
	for (i = 1; i < argc; i += 2)
		if (!take_option(question, argv[i], argv[i + 1]))
			return false;
	why = authz_check(question);
	if (why)
		complain("%s", why);
	free(why);
	return !why;
}

static void print_answer(const json_t *answer)
{
	char *words = authz_words(answer);

	printf("%s", words);
	free(words);
	if (get(answer, "source"))
		printf("; from %s (%s)", object_get(answer, "source"),
		       object_get(answer, "identity_kind"));
	putchar('\n');
}

static int authorize(const struct ctl *ctl, const json_t *question)
{
	json_t *answer;
	struct nl nl;
	bool allowed;
	int status = nl_open(&nl);

	if (status)
		return status;
	status = authz_ask(&nl, question, NULL, &answer);
	nl_close(&nl);
	if (status)
		return status;
	allowed = json_is_true(get(answer, "allowed"));
	if (ctl->json)
		json_print(json_incref(answer));
	else
		print_answer(answer);
	json_decref(answer);
	return allowed ? STATUS_OK : STATUS_DIFFERENT;
}

int cmd_authz(const struct ctl *ctl, int argc, char **argv)
{
	json_t *question;
	int status = STATUS_USAGE;

	if (argc > 1 && !strcmp(argv[1], "test"))
		return authz_test(ctl, argc, argv);
	question = must(json_object());
	if (take_question(question, argc - 1, argv + 1))
		status = authorize(ctl, question);
	json_decref(question);
	return status;
}

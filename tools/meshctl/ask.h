/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ask: what the kernel would make of a request or a connection, as JSON.
 *
 * A question is an object: "listener", and of an http listener "method", "url" and
 * "headers" (lines, "name: value"), of a tls listener "server_name" ("": none), of an
 * auto listener one of these; "source" and "source_netns" if wanted. The answer has
 * these keys, as far as there is anything to say:
 *
 *	listener, server_name (as asked), protocol, client, route_table, virtual_host,
 *	mismatches (of routes tried before: route, differs, of), route (the object),
 *	policies, status and reason if the mesh answers by itself, cluster, subset,
 *	endpoint, hash, authorization, request and response (line, headers, body)
 */
#ifndef MESHCTL_ASK_H
#define MESHCTL_ASK_H

#include <jansson.h>
#include <stdbool.h>

#include "nl.h"
#include "schema.h"

/* What may be the name of a server, or "". */
const char *ask_check_server_name(const char *s, size_t len);

#define ASK_SERVER_NAME	{ .name = "server_name", .type = FIELD_STRING,	\
			  .check = ask_check_server_name }

/* An option of a question, from the command line. False: it is none; complained of. */
bool ask_take_value(json_t *question, const struct field *f, const char *text);

/* One more of a question's header lines. */
void ask_add_header(json_t *question, const char *line);

/* Is Host among header lines? NULL has none. */
bool ask_has_host(const json_t *headers);

/*
 * Checks a question, and takes its URL apart; NULL if it is well, else why not,
 * which the caller frees.
 */
char *ask_check(const json_t *question);

/*
 * The head of a question that was checked and has a URL, as a client sends it, which the
 * caller frees; *@port is the URL's, or 0.
 */
char *ask_head(const json_t *question, uint16_t *port);

/*
 * Asks a question that was checked. Returns the tool's status, errors printed
 * (behind @where, if it is not NULL).
 */
int ask(struct nl *nl, const json_t *question, const char *where,
	json_t **answer);

#endif

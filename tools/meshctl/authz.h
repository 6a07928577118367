/* SPDX-License-Identifier: GPL-2.0 */
/*
 * authz: what authorization says of a connection or a request, as JSON.
 *
 * A question is an object of the fields below. With "method", "path", "host" or
 * "headers" (lines, "name: value") it is of a request, without of a TCP connection, whose
 * client may ask for a "server_name" by TLS ("": for none). The
 * answer has "workload", "allowed" (or not), "verdict" (the kernel's word) and, if one
 * decided, "policy".
 */
#ifndef MESHCTL_AUTHZ_H
#define MESHCTL_AUTHZ_H

#include "ask.h"
#include "meshctl.h"
#include "nl.h"
#include "schema.h"
#include "text.h"

/* A target without host. */
const char *authz_check_path(const char *s, size_t len);

/* "from" is the name of a workload, or an address. */
#define AUTHZ_FIELDS							\
	{ .name = "workload", .type = FIELD_STRING,			\
	  .flags = FIELD_REQUIRED, .check = text_check_name },		\
	{ .name = "port", .type = FIELD_U16, .max = UINT16_MAX },	\
	{ .name = "from", .type = FIELD_STRING, .check = text_check_name }, \
	{ .name = "client", .type = FIELD_ADDRESS },			\
	{ .name = "address", .type = FIELD_ADDRESS },			\
	{ .name = "method", .type = FIELD_STRING,			\
	  .check = text_check_token },					\
	{ .name = "path", .type = FIELD_STRING,				\
	  .check = authz_check_path },					\
	{ .name = "host", .type = FIELD_STRING, .check = text_check_host }, \
	{ .name = "headers", .type = FIELD_LIST,			\
	  .check = text_check_value },					\
	ASK_SERVER_NAME

/* NULL if a question is well, else why not, which the caller frees. */
char *authz_check(const json_t *question);

/*
 * Asks a question that was checked. Returns the tool's status, errors printed (behind
 * @where, if it is not NULL).
 */
int authz_ask(struct nl *nl, const json_t *question, const char *where,
	      json_t **answer);

/* "allowed" and "verdict" of an answer, as the kernel says it. */
void authz_set_verdict(json_t *answer, const struct nlattr *verdict);

/* What an answer with these and "policy" says, as words; the caller frees them. */
char *authz_words(const json_t *answer);

/* "authz test FILE [-f MESH]"; returns the tool's status. */
int authz_test(const struct ctl *ctl, int argc, char **argv);

#endif

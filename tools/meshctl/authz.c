// SPDX-License-Identifier: GPL-2.0
#include "authz.h"

#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "message.h"
#include "tree.h"
#include "util.h"
#include "value.h"

#define DEFAULT_PATH "/"
#define DEFAULT_HOST "localhost"

const char *authz_check_path(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len && s[i] > ' ' && s[i] < 0x7f;)
		i++;
	if (i == len && len <= L7MESH_VALUE_MAX &&
	    ((len && s[0] == '/') || (len == 1 && s[0] == '*')))
		return NULL;
	return "a path that begins with /, with its query if wanted, of up to 4096 "
	       "characters of printable ASCII without space, or *";
}

static bool is_request(const json_t *question)
{
	return get(question, "method") || get(question, "path") ||
	       get(question, "host") || get(question, "headers");
}

/* The lines of the head: the host first, if it is not among them. */
static json_t *lines_of(const json_t *question, const char *host)
{
	const json_t *headers = get(question, "headers");
	json_t *lines = must(json_array());

	if (get(question, "host") || !ask_has_host(headers))
		json_array_append_new(lines, must(json_sprintf("host: %s",
							       host)));
	if (headers)
		json_array_extend(lines, (json_t *)headers);
	return lines;
}

/* The request, as ask_head() takes it. */
static json_t *request_of(const json_t *question)
{
	const char *host = json_string_value(get(question, "host"));
	const char *path = json_string_value(get(question, "path"));
	json_t *request = must(json_object());

	host = host ?: DEFAULT_HOST;
	if (is(question, "method", "CONNECT"))
		path = host;
	copy(request, "method", question, "method");
	set_text(request, "url", path ?: DEFAULT_PATH);
	json_object_set_new(request, "headers", lines_of(question, host));
	return request;
}

char *authz_check(const json_t *question)
{
	json_t *request;
	char *why;

	if (!is_request(question))
		return NULL;
	if (get(question, "server_name"))
		return xstrdup("server_name is of a connection, and method, path, host "
			       "and header of a request: there can be one of both");
	request = request_of(question);
	why = ask_check(request);
	json_decref(request);
	return why;
}

static void put_address(struct nlmsghdr *nlh, uint16_t type,
			const json_t *question, const char *key)
{
	const char *text = json_string_value(get(question, key));
	struct address a;

	if (text && address_parse(text, &a))
		mnl_attr_put(nlh, type, a.len, a.bytes);
}

static void put_source(struct nlmsghdr *nlh, const json_t *question)
{
	const char *from = json_string_value(get(question, "from"));
	struct address a;

	if (!from)
		return;
	if (address_parse(from, &a))
		mnl_attr_put(nlh, L7MESH_AUTHORIZE_A_SOURCE_ADDRESS, a.len,
			     a.bytes);
	else
		mnl_attr_put_strz(nlh, L7MESH_AUTHORIZE_A_SOURCE, from);
}

/* The target says the port of CONNECT only, which is not where it is sent. */
static bool put_head(struct nlmsghdr *nlh, const json_t *question)
{
	json_t *request;
	uint16_t port;
	char *head;
	bool fits;

	if (!is_request(question))
		return true;
	request = request_of(question);
	head = ask_head(request, &port);
	fits = mnl_attr_put_check(nlh, MESSAGE_MAX,
				  L7MESH_AUTHORIZE_A_REQUEST_HEAD,
				  strlen(head), head);
	free(head);
	json_decref(request);
	return fits;
}

static bool put_question(struct nlmsghdr *nlh, const json_t *question)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, L7MESH_A_AUTHORIZE);

	mnl_attr_put_strz(nlh, L7MESH_AUTHORIZE_A_WORKLOAD,
			  object_get(question, "workload"));
	put_source(nlh, question);
	put_address(nlh, L7MESH_AUTHORIZE_A_CLIENT, question, "client");
	put_address(nlh, L7MESH_AUTHORIZE_A_ADDRESS, question, "address");
	if (get(question, "port"))
		mnl_attr_put_u16(nlh, L7MESH_AUTHORIZE_A_PORT,
				 number(question, "port"));
	if (!put_head(nlh, question))
		return false;
	if (get(question, "server_name"))
		mnl_attr_put_strz(nlh, L7MESH_AUTHORIZE_A_SERVER_NAME,
				  object_get(question, "server_name"));
	mnl_attr_nest_end(nlh, nest);
	return true;
}

static const struct {
	const char *word;
	bool allowed;
} verdicts[] = {
	[L7MESH_VERDICT_ALLOWED] = { "allowed", true },
	[L7MESH_VERDICT_UNASKED] = { "unasked", true },
	[L7MESH_VERDICT_DENIED] = { "denied", false },
	[L7MESH_VERDICT_NOT_ALLOWED] = { "not_allowed", false },
};

#define NVERDICTS (sizeof(verdicts) / sizeof(verdicts[0]))

static const char *const identity_kinds[] = {
	[L7MESH_IDENTITY_KIND_NONE] = "none",
	[L7MESH_IDENTITY_KIND_ADDRESS] = "address",
	[L7MESH_IDENTITY_KIND_KERNEL] = "kernel",
};

#define NKINDS (sizeof(identity_kinds) / sizeof(identity_kinds[0]))

static void take_source(const struct nlmsghdr *nlh, json_t *answer)
{
	const struct nlattr *source = nl_attr(nlh, L7MESH_A_SOURCE);
	uint32_t kind = nl_u32(nl_attr(nlh, L7MESH_A_IDENTITY_KIND));

	if (source)
		set_text(answer, "source", nl_string(source));
	set_text(answer, "identity_kind", kind < NKINDS ? identity_kinds[kind] : "?");
}

void authz_set_verdict(json_t *answer, const struct nlattr *verdict)
{
	uint32_t n = nl_u32(verdict);

	set_bool(answer, "allowed", n < NVERDICTS && verdicts[n].allowed);
	set_text(answer, "verdict", n < NVERDICTS ? verdicts[n].word : "?");
}

char *authz_words(const json_t *answer)
{
	const char *policy = json_string_value(get(answer, "policy"));

	if (is(answer, "verdict", "unasked"))
		return xstrdup("allowed: no policy asks");
	if (is(answer, "verdict", "not_allowed"))
		return xstrdup("denied: no policy allows it");
	return xasprintf("%s by %s", object_get(answer, "verdict"), policy ?: "?");
}

static void take(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *verdict = nl_attr(nlh, L7MESH_A_VERDICT);
	const struct nlattr *policy = nl_attr(nlh, L7MESH_A_POLICY);
	json_t *answer = data;

	if (!verdict)
		return;
	authz_set_verdict(answer, verdict);
	if (policy)
		set_text(answer, "policy", nl_string(policy));
	take_source(nlh, answer);
}

static int request(struct nl *nl, const struct nlmsghdr *nlh, const char *where,
		   json_t *answer)
{
	struct refusal r;
	char *text;

	if (!nl_request(nl, nlh, take, answer, &r) && get(answer, "verdict"))
		return STATUS_OK;
	text = r.code ? refusal_text(&r, nlh) : xstrdup("nothing is answered");
	complain("%s%sthe kernel refused: %s", where ?: "", where ? ": " : "",
		 text);
	free(text);
	refusal_free(&r);
	return STATUS_KERNEL;
}

int authz_ask(struct nl *nl, const json_t *question, const char *where,
	      json_t **answer)
{
	char *buf = xrealloc(NULL, MESSAGE_MAX + MNL_SOCKET_BUFFER_SIZE);
	struct nlmsghdr *nlh;
	int status = STATUS_USAGE;

	*answer = must(json_object());
	copy(*answer, "workload", question, "workload");
	nlh = nl_prepare(nl, buf, L7MESH_CMD_AUTHORIZE, NLM_F_ACK);
	if (put_question(nlh, question))
		status = request(nl, nlh, where, *answer);
	else
		complain("%s%sthe request is larger than 64 KiB",
			 where ?: "", where ? ": " : "");
	free(buf);
	if (status)
		json_decref(*answer);
	return status;
}

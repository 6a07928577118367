// SPDX-License-Identifier: GPL-2.0
#include "ask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "authz.h"
#include "dump.h"
#include "message.h"
#include "text.h"
#include "util.h"
#include "value.h"

#define DEFAULT_METHOD "GET"

/* ---- the question ---- */

struct url {
	const char *host;	/* with port */
	size_t host_len;
	char *target;		/* path and query; freed by the caller */
	uint16_t port;		/* 0: it has none */
};

static const char *text_of(const json_t *question, const char *key)
{
	return json_string_value(json_object_get(question, key));
}

static const char *method_of(const json_t *question)
{
	return text_of(question, "method") ?: DEFAULT_METHOD;
}

static uint16_t port_of(const char *host, size_t len)
{
	const char *colon = memrchr(host, ':', len);
	unsigned long port;
	char *end;

	if (!colon || memchr(colon, ']', host + len - colon))
		return 0;
	port = strtoul(colon + 1, &end, 10);
	return end == host + len && port <= UINT16_MAX ? port : 0;
}

/* "http://host:port/path?query", or without what is before the path. */
static bool split_url(const char *text, struct url *url)
{
	static const char scheme[] = "http://";
	const char *rest = text;

	*url = (struct url){ .host = "" };
	if (!strncmp(text, scheme, strlen(scheme))) {
		url->host = text + strlen(scheme);
		url->host_len = strcspn(url->host, "/?");
		url->port = port_of(url->host, url->host_len);
		rest = url->host + url->host_len;
		if (!url->host_len)
			return false;
	} else if (*text != '/' && strcmp(text, "*")) {
		return false;
	}
	url->target = *rest == '?' || !*rest ? xasprintf("/%s", rest) :
					       xstrdup(rest);
	return true;
}

/* The lines of a head have no line ends in them. */
static bool is_one_line(const char *s)
{
	return !s[strcspn(s, "\r\n")];
}

static char *check_headers(const json_t *headers)
{
	const json_t *line;
	const char *colon, *text;
	size_t i;

	json_array_foreach(headers, i, line) {
		text = json_string_value(line);
		colon = strchr(text, ':');
		if (!colon || colon == text || !is_one_line(text))
			return xasprintf("headers: \"%s\" is found; "
					 "\"name: value\" is needed", text);
	}
	return NULL;
}

static bool is_connect(const json_t *question)
{
	return !strcmp(method_of(question), "CONNECT");
}

/* The kernel knows better. */
const char *ask_check_server_name(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len && (isalnum((unsigned char)s[i]) || strchr("-_.", s[i]));)
		i++;
	if (i == len && len <= 253)
		return NULL;
	return "a host name of up to 253 letters, digits, - and _, or empty for none";
}

bool ask_take_value(json_t *question, const struct field *f, const char *text)
{
	char *why = NULL;
	json_t *value = value_parse(f, text, strlen(text), &why);

	if (value)
		json_object_set_new(question, f->name, value);
	else
		complain("%s: %s", f->name, why);
	free(why);
	return value;
}

void ask_add_header(json_t *question, const char *line)
{
	json_t *headers = json_object_get(question, "headers");

	if (!headers) {
		headers = must(json_array());
		json_object_set_new(question, "headers", headers);
	}
	json_array_append_new(headers, json_text(line, strlen(line)));
}

bool ask_has_host(const json_t *headers)
{
	const json_t *line;
	size_t i;

	json_array_foreach(headers, i, line)
		if (!strncasecmp(json_string_value(line), "host:", 5))
			return true;
	return false;
}

char *ask_check(const json_t *question)
{
	const char *url = text_of(question, "url");
	const json_t *headers = json_object_get(question, "headers");
	struct url parts;

	if (url && text_of(question, "server_name"))
		return xstrdup("url and server_name: only one of them can be");
	if (!url)
		return text_of(question, "method") ||
		       headers ? xstrdup("url is needed") : NULL;
	if (!is_one_line(url))
		return xstrdup("url: a line end is found");
	if (!is_connect(question)) {
		if (!split_url(url, &parts))
			return xasprintf("url: \"%s\" is found; "
					 "http://HOST/PATH or /PATH is needed",
					 url);
		free(parts.target);
		if (!parts.host_len && !ask_has_host(headers))
			return xstrdup("url: without a host it needs a header host");
	}
	return check_headers(headers);
}

/* The head as a client sends it. Freed by the caller. */
static char *compose(const json_t *question, const struct url *url)
{
	const json_t *headers = json_object_get(question, "headers"), *line;
	char *text = NULL;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		must(NULL);
	fprintf(out, "%s %s HTTP/1.1\r\n", method_of(question), url->target);
	if (!ask_has_host(headers))
		fprintf(out, "host: %.*s\r\n", (int)url->host_len, url->host);
	json_array_foreach(headers, i, line)
		fprintf(out, "%s\r\n", json_string_value(line));
	fputs("\r\n", out);
	fclose(out);
	return text;
}

char *ask_head(const json_t *question, uint16_t *port)
{
	const char *text = text_of(question, "url");
	struct url url;
	char *head;

	if (is_connect(question))
		url = (struct url){ .host = text, .host_len = strlen(text),
				    .target = xstrdup(text) };
	else
		split_url(text, &url);
	*port = url.port;
	head = compose(question, &url);
	free(url.target);
	return head;
}

static bool put_head(struct nlmsghdr *nlh, const json_t *question)
{
	uint16_t port;
	char *head;
	bool fits;

	if (!text_of(question, "url"))
		return true;
	head = ask_head(question, &port);
	fits = mnl_attr_put_check(nlh, MESSAGE_MAX, L7MESH_EXPLAIN_A_HEAD,
				  strlen(head), head);
	if (port)
		mnl_attr_put_u16(nlh, L7MESH_EXPLAIN_A_PORT, port);
	free(head);
	return fits;
}

static bool put_question(struct nlmsghdr *nlh, const json_t *question)
{
	const json_t *netns = json_object_get(question, "source_netns");
	const char *source = text_of(question, "source");
	const char *server = text_of(question, "server_name");
	struct nlattr *nest = mnl_attr_nest_start(nlh, L7MESH_A_EXPLAIN);
	struct address a;

	mnl_attr_put_strz(nlh, L7MESH_EXPLAIN_A_LISTENER,
			  text_of(question, "listener"));
	if (source && address_parse(source, &a))
		mnl_attr_put(nlh, L7MESH_EXPLAIN_A_SOURCE, a.len, a.bytes);
	if (netns)
		mnl_attr_put_u64(nlh, L7MESH_EXPLAIN_A_SOURCE_NETNS,
				 json_integer_value(netns));
	if (server)
		mnl_attr_put_strz(nlh, L7MESH_EXPLAIN_A_SERVER_NAME, server);
	if (!put_head(nlh, question))
		return false;
	mnl_attr_nest_end(nlh, nest);
	return true;
}

/* ---- the answer ---- */

static const char *const differences[] = {
	[L7MESH_MISMATCH_PATH] = "path",
	[L7MESH_MISMATCH_METHOD] = "method",
	[L7MESH_MISMATCH_HEADER] = "header",
	[L7MESH_MISMATCH_QUERY] = "query",
	[L7MESH_MISMATCH_SOURCE] = "source",
	[L7MESH_MISMATCH_SOURCE_NETNS] = "source_netns",
	[L7MESH_MISMATCH_LISTENER] = "listener",
	[L7MESH_MISMATCH_FRACTION] = "fraction",
};

static const char *const policies[] = {
	[L7MESH_EXPLAIN_LISTENER_RATE_LIMIT] = "listener_rate_limit",
	[L7MESH_EXPLAIN_RATE_LIMIT] = "rate_limit",
	[L7MESH_EXPLAIN_CORS] = "cors",
	[L7MESH_EXPLAIN_FAULT_DELAY] = "fault_delay",
	[L7MESH_EXPLAIN_FAULT_ABORT] = "fault_abort",
	[L7MESH_EXPLAIN_FAULT_RATE] = "fault_response_rate",
	[L7MESH_EXPLAIN_TIMEOUT] = "timeout",
	[L7MESH_EXPLAIN_RETRY] = "retry",
	[L7MESH_EXPLAIN_CIRCUIT_BREAKERS] = "circuit_breakers",
	[L7MESH_EXPLAIN_OUTLIER_DETECTION] = "outlier_detection",
	[L7MESH_EXPLAIN_HEALTH_CHECK] = "health_check",
	[L7MESH_EXPLAIN_MIRROR] = "mirror",
	[L7MESH_EXPLAIN_FAILURE_ACCRUAL] = "failure_accrual",
	[L7MESH_EXPLAIN_SOURCE_LIMIT] = "source_limit",
	[L7MESH_EXPLAIN_HEDGING] = "hedging",
	[L7MESH_EXPLAIN_SESSION_AFFINITY] = "session_affinity",
};

#define NPOLICIES (sizeof(policies) / sizeof(policies[0]))

static void set_text(json_t *to, const char *key, const struct nlattr *attr)
{
	const char *text = nl_string(attr);

	if (attr)
		json_object_set_new(to, key, json_text(text, strlen(text)));
}

static void set_number(json_t *to, const char *key, const struct nlattr *attr,
		       json_int_t n)
{
	if (attr)
		json_object_set_new(to, key, must(json_integer(n)));
}

static json_t *policy_names(uint32_t bits)
{
	json_t *names = must(json_array());
	size_t i;

	for (i = 0; i < NPOLICIES; i++)
		if (bits >> i & 1)
			json_array_append_new(names,
					      must(json_string(policies[i])));
	return names;
}

static json_t *address_of(const struct nlattr *attr)
{
	return address_json(mnl_attr_get_payload(attr),
			    mnl_attr_get_payload_len(attr));
}

static void set_endpoint(json_t *to, const struct nlattr *address,
			 const struct nlattr *port)
{
	json_t *socket;
	char *text;

	if (!address || !port)
		return;
	socket = must(json_pack("{s:o, s:i}", "address", address_of(address),
				"port", (int)mnl_attr_get_u16(port)));
	text = socket_text(socket);
	json_object_set_new(to, "endpoint", must(json_string(text)));
	free(text);
	json_decref(socket);
}

static void set_hash(json_t *to, const struct nlattr *attr)
{
	char *text;

	if (!attr)
		return;
	text = xasprintf("0x%016llx", (unsigned long long)nl_u64(attr));
	json_object_set_new(to, "hash", must(json_string(text)));
	free(text);
}

/* As "authz" would answer. */
static void set_authorization(json_t *to, const struct nlattr *nest)
{
	const struct nlattr *workload, *verdict;
	json_t *answer;

	workload = nl_nested(nest, L7MESH_EXPLANATION_A_WORKLOAD);
	verdict = nl_nested(nest, L7MESH_EXPLANATION_A_VERDICT);
	if (!workload || !verdict)
		return;
	answer = must(json_object());
	set_text(answer, "workload", workload);
	set_text(answer, "from",
		 nl_nested(nest, L7MESH_EXPLANATION_A_SOURCE_WORKLOAD));
	json_object_set_new(answer, "of",
			    must(json_string(nl_nested(nest, L7MESH_EXPLANATION_A_OF_REQUEST) ?
					     "request" : "connection")));
	authz_set_verdict(answer, verdict);
	set_text(answer, "policy",
		 nl_nested(nest, L7MESH_EXPLANATION_A_AUTHORIZATION));
	json_object_set_new(to, "authorization", answer);
}

static void take_explanation(json_t *to, const struct nlattr *nest)
{
	const struct schema *listener = schema_of(L7MESH_KIND_LISTENER);
	const struct field *protocol = schema_field(listener, "protocol");
	const struct nlattr *attr;

	attr = nl_nested(nest, L7MESH_EXPLANATION_A_PROTOCOL);
	if (attr && nl_u32(attr) <= L7MESH_PROTOCOL_UDP)
		json_object_set_new(to, "protocol",
				    must(json_string(protocol->names[nl_u32(attr)])));
	attr = nl_nested(nest, L7MESH_EXPLANATION_A_CLIENT);
	if (attr)
		json_object_set_new(to, "client", address_of(attr));
	set_text(to, "route_table",
		 nl_nested(nest, L7MESH_EXPLANATION_A_ROUTE_TABLE));
	set_text(to, "virtual_host",
		 nl_nested(nest, L7MESH_EXPLANATION_A_VIRTUAL_HOST));
	attr = nl_nested(nest, L7MESH_EXPLANATION_A_POLICIES);
	if (attr)
		json_object_set_new(to, "policies",
				    policy_names(nl_u32(attr)));
	attr = nl_nested(nest, L7MESH_EXPLANATION_A_STATUS);
	set_number(to, "status", attr, attr ? mnl_attr_get_u16(attr) : 0);
	set_text(to, "reason", nl_nested(nest, L7MESH_EXPLANATION_A_REASON));
	set_text(to, "cluster", nl_nested(nest, L7MESH_EXPLANATION_A_CLUSTER));
	set_text(to, "subset", nl_nested(nest, L7MESH_EXPLANATION_A_SUBSET));
	set_endpoint(to, nl_nested(nest, L7MESH_EXPLANATION_A_ADDRESS),
		     nl_nested(nest, L7MESH_EXPLANATION_A_PORT));
	set_hash(to, nl_nested(nest, L7MESH_EXPLANATION_A_HASH));
	set_authorization(to, nest);
}

static void take_mismatch(json_t *to, const struct nlattr *nest)
{
	uint32_t kind = nl_u32(nl_nested(nest, L7MESH_MISMATCH_A_KIND));
	json_t *list = json_object_get(to, "mismatches"), *item;
	const char *differs = "something";
	const struct nlattr *route;

	if (kind && kind < sizeof(differences) / sizeof(differences[0]))
		differs = differences[kind];
	route = nl_nested(nest, L7MESH_MISMATCH_A_ROUTE);
	item = must(json_pack("{s:I, s:s}", "route", (json_int_t)nl_u32(route),
			      "differs", differs));
	set_text(item, "of", nl_nested(nest, L7MESH_MISMATCH_A_OF));
	json_array_append_new(list, item);
}

/* Lines of a head, the first one apart, and what follows them. */
static json_t *message_json(const struct nlattr *attr)
{
	const char *at = mnl_attr_get_payload(attr), *end, *next;
	json_t *message = must(json_object()), *headers = must(json_array());

	end = at + mnl_attr_get_payload_len(attr);
	for (; at < end; at = next) {
		const char *stop = memmem(at, end - at, "\r\n", 2) ?: end;

		next = stop < end ? stop + 2 : end;
		if (stop == at)
			break;
		if (json_object_size(message))
			json_array_append_new(headers,
					      json_text(at, stop - at));
		else
			json_object_set_new(message, "line",
					    json_text(at, stop - at));
	}
	json_object_set_new(message, "headers", headers);
	if (at < end && next < end)
		json_object_set_new(message, "body",
				    json_text(next, end - next));
	return message;
}

static void take(const struct nlmsghdr *nlh, void *data)
{
	json_t **answer = data;
	const struct nlattr *attr;
	const struct schema *schema = message_object(nlh, &attr);
	json_t *route;

	if (schema) {
		route = message_get(attr, schema);
		schema_fill(schema, route);
		json_object_set_new(*answer, "route", route);
	}
	attr = nl_attr(nlh, L7MESH_A_EXPLANATION);
	if (attr)
		take_explanation(*answer, attr);
	attr = nl_attr(nlh, L7MESH_A_MISMATCH);
	if (attr)
		take_mismatch(*answer, attr);
	attr = nl_attr(nlh, L7MESH_A_REQUEST_HEAD);
	if (attr)
		json_object_set_new(*answer, "request", message_json(attr));
	attr = nl_attr(nlh, L7MESH_A_RESPONSE);
	if (attr)
		json_object_set_new(*answer, "response", message_json(attr));
}

static void reset(void *data)
{
	json_t **answer = data;

	json_decref(*answer);
	*answer = must(json_pack("{s:[]}", "mismatches"));
}

/* In the order in which a request meets them. */
static json_t *in_order(json_t *answer, const json_t *question)
{
	static const char *const keys[] = {
		"protocol", "client", "route_table", "virtual_host",
		"mismatches", "route", "policies", "status", "reason",
		"cluster", "subset", "endpoint", "hash", "authorization",
		"request", "response",
	};
	json_t *ordered = must(json_object()), *value;
	size_t i;

	json_object_set(ordered, "listener",
			json_object_get(question, "listener"));
	if (text_of(question, "server_name"))
		json_object_set(ordered, "server_name",
				json_object_get(question, "server_name"));
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = json_object_get(answer, keys[i]);
		if (value)
			json_object_set(ordered, keys[i], value);
	}
	json_decref(answer);
	return ordered;
}

int ask(struct nl *nl, const json_t *question, const char *where,
	json_t **answer)
{
	char *buf = xrealloc(NULL, MESSAGE_MAX + MNL_SOCKET_BUFFER_SIZE);
	struct nlmsghdr *request;
	int status = STATUS_USAGE;

	*answer = NULL;
	request = nl_prepare(nl, buf, L7MESH_CMD_EXPLAIN, NLM_F_DUMP);
	if (put_question(request, question))
		status = dump_retry(nl, request, take, reset, answer);
	else
		complain("%s%sthe request is larger than 64 KiB",
			 where ?: "", where ? ": " : "");
	free(buf);
	if (!status)
		*answer = in_order(*answer, question);
	else
		json_decref(*answer);
	return status;
}

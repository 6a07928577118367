// SPDX-License-Identifier: GPL-2.0
/*
 * Sections are of RFC 9112 unless they name another.
 *
 * A head is a row of states; each state's function consumes as many bytes as
 * belong to it, or refuses. What a line means is decided once, at its end, so
 * the scanning of bytes knows nothing of their meaning.
 */
#include <linux/bitops.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/stddef.h>
#include <asm/byteorder.h>

#include "http/authority.h"
#include "http/chars.h"
#include "http/value_list.h"
#include "http1/http1.h"

/* Refuse more Connection options than this (but close and keep-alive): 431. */
#define OPTIONS_MAX	32

/* The longest body that Content-Length may announce: it fits in a loff_t. */
#define LENGTH_MAX	((u64)S64_MAX)

/* In the order of a head. ST_DONE and what follows it are final. */
enum {
	ST_EMPTY_LINE,		/* before a request line */
	ST_EMPTY_LINE_LF,
	ST_METHOD,
	ST_TARGET_START,
	ST_PATH,
	ST_QUERY,
	ST_TARGET,		/* any form but origin-form */
	ST_VERSION,
	ST_STATUS,
	ST_REASON,
	ST_REASON_LF,
	ST_LINE,		/* start of a field line, or of the blank line */
	ST_NAME,
	ST_OWS,
	ST_VALUE,
	ST_VALUE_LF,
	ST_BLANK_LF,
	ST_DONE,
	ST_ERROR,
};

/* What the head has had so far. */
enum {
	SEEN_HOST	= 1 << 0,
	SEEN_LENGTH	= 1 << 1,
	SEEN_CHUNKED	= 1 << 2,
	SEEN_CLOSE	= 1 << 3,
	SEEN_KEEP_ALIVE	= 1 << 4,
	SEEN_OPTION	= 1 << 5,	/* a Connection option that is neither */
	SEEN_ABSOLUTE	= 1 << 6,	/* the target is in absolute-form */
	SEEN_UPGRADE	= 1 << 7,	/* Connection: upgrade */
};

/* Known fields. */

struct known_name {
	char text[18];		/* in lower case */
	u8 id;			/* enum http1_name */
};

/* By their length: few have the same, and most lengths have none. */
#define KNOWN_LENGTH	17
#define SAME_LENGTH	3

static const struct known_name known_names[KNOWN_LENGTH + 1][SAME_LENGTH] = {
	[2] = { { "te", HTTP1_TE } },
	[3] = { { "via", HTTP1_VIA } },
	[4] = { { "host", HTTP1_HOST } },
	[6] = { { "expect", HTTP1_EXPECT } },
	[7] = { { "trailer", HTTP1_TRAILER },
		{ "upgrade", HTTP1_UPGRADE } },
	[9] = { { "forwarded", HTTP1_FORWARDED } },
	[10] = { { "connection", HTTP1_CONNECTION },
		 { "keep-alive", HTTP1_KEEP_ALIVE },
		 { "tracestate", HTTP1_TRACESTATE } },
	[11] = { { "traceparent", HTTP1_TRACEPARENT } },
	[12] = { { "x-request-id", HTTP1_X_REQUEST_ID } },
	[14] = { { "content-length", HTTP1_CONTENT_LENGTH } },
	[15] = { { "x-forwarded-for", HTTP1_X_FORWARDED_FOR } },
	[16] = { { "proxy-connection", HTTP1_PROXY_CONNECTION },
		 { "x-forwarded-host", HTTP1_X_FORWARDED_HOST } },
	[17] = { { "transfer-encoding", HTTP1_TRANSFER_ENCODING },
		 { "x-forwarded-proto", HTTP1_X_FORWARDED_PROTO } },
};

/*
 * Known names have letters and "-", to which 0x20 can be added: in a token
 * nothing else becomes one of them thereby.
 */
static inline bool same_word(const char *known, const char *name)
{
	u64 a, b;

	memcpy(&a, known, sizeof(a));
	memcpy(&b, name, sizeof(b));
	return a == (b | EACH_BYTE(0x20));
}

/* Both are @len bytes. The last word may begin in the one before it. */
static inline bool is_known(const char *known, const char *name, u32 len)
{
	u32 i;

	if (len >= 8)
		return same_word(known, name) &&
		       (len <= 16 || same_word(known + 8, name + 8)) &&
		       same_word(known + len - 8, name + len - 8);
	for (i = 0; i < len; i++)
		if ((name[i] | 0x20) != known[i])
			return false;
	return true;
}

/* @name: not empty */
static inline enum http1_name name_id(const char *name, u32 len)
{
	const struct known_name *k;
	char first = name[0] | 0x20;

	if (len > KNOWN_LENGTH)
		return HTTP1_OTHER;
	for (k = known_names[len];
	     k < known_names[len] + SAME_LENGTH && k->id; k++)
		if (k->text[0] == first && is_known(k->text, name, len))
			return k->id;
	return HTTP1_OTHER;
}

/* Trailer and Expect are for the other end. */
static bool hop_by_hop(enum http1_name id)
{
	return HTTP1_HOP_NAMES >> id & 1;
}

/* The parser's functions return whether to go on. */

static bool refuse_as(struct http1_parser *p, enum http1_error error)
{
	p->error = p->response ? HTTP1_BAD_RESPONSE : error;
	p->state = ST_ERROR;
	return false;
}

static bool refuse(struct http1_parser *p)
{
	return refuse_as(p, HTTP1_BAD_REQUEST);
}

static inline bool enter(struct http1_parser *p, u32 pos, u8 state)
{
	p->pos = pos;
	p->state = state;
	return true;
}

static bool line_feed(struct http1_parser *p, const char *buf, u8 next)
{
	if (buf[p->pos] != '\n')
		return refuse(p);
	return enter(p, p->pos + 1, next);
}

/*
 * Compares the bytes at p->pos with a template, in which '#' is any digit.
 *
 * Return: true if all of it is there. Otherwise it is refused, or there are not
 * yet enough bytes; no position moves, and the few bytes are looked at again.
 */
static bool matches(struct http1_parser *p, const char *buf, u32 end,
		    struct span template)
{
	u32 i, len = min(end - p->pos, template.len);
	const char *at = buf + p->pos;

	for (i = 0; i < len; i++)
		if (template.p[i] == '#' ? !char_is(at[i], C_DIGIT) :
					   at[i] != template.p[i])
			return refuse(p);
	return len == template.len;
}

/* @version: "HTTP/#.#" */
static bool set_version(struct http1_parser *p, const char *version)
{
	p->minor = version[7] - '0';
	if (version[5] != '1' || p->minor > 1)
		return refuse_as(p, HTTP1_VERSION);
	p->odd |= !p->minor;
	return true;
}

/* Request line. 3. */

/* Robustness: a client may send CRLF after the last request's body. 2.2. */
static bool on_empty_line(struct http1_parser *p, const char *buf)
{
	if (buf[p->pos] == '\r') {
		p->odd = true;
		return enter(p, p->pos + 1, ST_EMPTY_LINE_LF);
	}
	p->method = p->pos;
	return enter(p, p->pos, ST_METHOD);
}

static bool on_method(struct http1_parser *p, const char *buf, u32 end)
{
	u32 pos = skip_class(buf, p->pos, end, C_TOKEN);

	p->pos = pos;
	if (pos == end)
		return false;
	p->method_len = pos - p->method;
	if (buf[pos] != ' ' || !p->method_len)
		return refuse(p);
	p->target = pos + 1;
	return enter(p, pos + 1, ST_TARGET_START);
}

static bool on_target_start(struct http1_parser *p, const char *buf)
{
	p->path = p->pos;
	return enter(p, p->pos, buf[p->pos] == '/' ? ST_PATH : ST_TARGET);
}

/*
 * Scans a part of the target. Looks at one byte more than a target may have and
 * no further, so that a long one is 414 whatever comes later.
 *
 * Return: true if p->pos is at the byte that ends the part.
 */
static bool scan_target(struct http1_parser *p, const char *buf, u32 end,
			u8 class)
{
	u32 limit = min_t(u32, end, p->target + p->limits.target + 1);

	p->pos = skip_class(buf, p->pos, limit, class);
	if (p->pos - p->target > p->limits.target)
		return refuse_as(p, HTTP1_URI_TOO_LONG);
	return p->pos < end;
}

static bool target_end(struct http1_parser *p, const char *buf)
{
	p->target_len = p->pos - p->target;
	if (buf[p->pos] != ' ' || !p->target_len)
		return refuse(p);
	return enter(p, p->pos + 1, ST_VERSION);
}

static bool on_path(struct http1_parser *p, const char *buf, u32 end)
{
	if (!scan_target(p, buf, end, C_PATH))
		return false;
	p->path_len = p->pos - p->path;
	if (buf[p->pos] != '?')
		return target_end(p, buf);
	p->query = p->pos + 1;
	return enter(p, p->pos + 1, ST_QUERY);
}

static bool on_query(struct http1_parser *p, const char *buf, u32 end)
{
	if (!scan_target(p, buf, end, C_TARGET))
		return false;
	p->query_len = p->pos - p->query;
	return target_end(p, buf);
}

static bool on_target(struct http1_parser *p, const char *buf, u32 end)
{
	return scan_target(p, buf, end, C_TARGET) && target_end(p, buf);
}

static void set_authority(struct http1_parser *p, u32 at, u32 len, u32 host_len)
{
	p->authority = at;
	p->host = at;
	p->authority_len = len;
	p->host_len = host_len;
}

/*
 * absolute-form. 3.2.2. Userinfo is refused, as RFC 9110 4.2.4 advises; so are
 * other schemes, which nobody could mean to send here.
 */
static bool absolute_form(struct http1_parser *p, const char *buf)
{
	struct span target = http1_span(buf, p->target, p->target_len);
	u32 scheme, len, path, host;
	const char *query;

	scheme = skip_class(target.p, 0, min_t(u32, target.len, 5), C_TOKEN);
	if (!span_eq_nocase((struct span){ target.p, scheme }, SPAN("http")) &&
	    !span_eq_nocase((struct span){ target.p, scheme }, SPAN("https")))
		return refuse(p);
	target = span_from(target, scheme);
	if (!span_starts_with(target, SPAN("://")))
		return refuse(p);
	target = span_from(target, 3);

	for (len = 0; len < target.len; len++)
		if (target.p[len] == '/' || target.p[len] == '?')
			break;
	host = authority_host_len((struct span){ target.p, len });
	if (!host)
		return refuse(p);
	set_authority(p, target.p - buf, len, host);
	p->seen |= SEEN_ABSOLUTE;

	target = span_from(target, len);
	query = memchr(target.p, '?', target.len);
	path = query ? query - target.p : target.len;
	p->path = target.p - buf;
	p->path_len = path;
	if (query) {
		p->query = query + 1 - buf;
		p->query_len = target.len - path - 1;
	}
	return true;
}

/* authority-form. 3.2.3. A port is required. */
static bool authority_form(struct http1_parser *p, const char *buf)
{
	struct span target = http1_span(buf, p->target, p->target_len);
	u32 host = authority_host_len(target);

	/* 2: a colon and a digit */
	if (!host || target.len - host < 2)
		return refuse(p);
	set_authority(p, p->target, p->target_len, host);
	p->connect = true;
	/* as of an absolute target, 3.2.3: Host is to be the same */
	p->seen |= SEEN_ABSOLUTE;
	p->path_len = 0;
	return true;
}

static bool method_is(const struct http1_parser *p, const char *buf,
		      struct span name)
{
	return span_eq(http1_span(buf, p->method, p->method_len), name);
}

/* The four forms of a request-target. 3.2. */
static bool check_target(struct http1_parser *p, const char *buf)
{
	if (buf[p->target] == '/' && !method_is(p, buf, SPAN("CONNECT")))
		return true;
	p->odd = true;
	if (method_is(p, buf, SPAN("CONNECT")))
		return authority_form(p, buf);
	if (buf[p->target] != '*')
		return absolute_form(p, buf);
	p->path_len = 1;
	if (p->target_len != 1 || !method_is(p, buf, SPAN("OPTIONS")))
		return refuse(p);
	return true;
}

static bool on_version(struct http1_parser *p, const char *buf, u32 end)
{
	const struct span line_end = SPAN("HTTP/#.#\r\n");

	/* As most are, at once. */
	if (end - p->pos >= line_end.len &&
	    !memcmp(buf + p->pos, "HTTP/1.1\r\n", line_end.len))
		p->minor = 1;
	else if (!matches(p, buf, end, line_end) ||
		 !set_version(p, buf + p->pos))
		return false;
	return check_target(p, buf) &&
	       enter(p, p->pos + line_end.len, ST_LINE);
}

/* Status line. 4. */

static bool is_code(const char *at)
{
	return char_is(at[0], C_DIGIT) && char_is(at[1], C_DIGIT) &&
	       char_is(at[2], C_DIGIT) && at[3] == ' ';
}

/*
 * The space behind the code is due even before no reason (4), but not all send it.
 * Returns whether all is there.
 */
static bool odd_status(struct http1_parser *p, const char *buf, u32 end)
{
	const struct span line = SPAN("HTTP/#.# ###");

	if (!matches(p, buf, end, line) || p->pos + line.len == end)
		return false;
	p->reason = p->pos + line.len;
	if (buf[p->reason] == ' ')
		p->reason++;
	else if (buf[p->reason] == '\r')
		p->odd = true;
	else
		return refuse(p);
	return set_version(p, buf + p->pos);
}

static bool on_status(struct http1_parser *p, const char *buf, u32 end)
{
	const char *code = buf + p->pos + 9;

	/* As most are, at once. */
	if (end - p->pos >= 13 && !memcmp(buf + p->pos, "HTTP/1.1 ", 9) &&
	    is_code(code)) {
		p->minor = 1;
		p->reason = p->pos + 13;
	} else if (!odd_status(p, buf, end)) {
		return false;
	}
	p->status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + code[2] - '0';
	if (p->status < 100)
		return refuse(p);
	return enter(p, p->reason, ST_REASON);
}

static bool on_reason(struct http1_parser *p, const char *buf, u32 end)
{
	p->pos = skip_value(buf + p->pos, buf + end) - buf;
	if (p->pos == end)
		return false;
	if (buf[p->pos] != '\r')
		return refuse(p);
	p->reason_len = p->pos - p->reason;
	return enter(p, p->pos + 1, ST_REASON_LF);
}

/* What fields mean, each at the end of its line. */

static struct span field_value(const char *buf, const struct http1_field *f)
{
	return http1_span(buf, f->value, f->value_len);
}

/* RFC 9110 7.2; RFC 9112 3.2: malformed or repeated is 400. */
static bool take_host(struct http1_parser *p, const char *buf,
		      struct http1_field *f)
{
	u32 host;

	if (p->response)
		return true;
	host = authority_host_len(field_value(buf, f));
	if (p->seen & SEEN_HOST || !host)
		return refuse(p);
	p->seen |= SEEN_HOST;
	if (!(p->seen & SEEN_ABSOLUTE)) {
		set_authority(p, f->value, f->value_len, host);
		return true;
	}
	/* An absolute target replaces the field, 3.2.2: also for those that match it. */
	f->value = p->authority;
	f->value_len = p->authority_len;
	return true;
}

/*
 * 6.3. A repeated field or value could be read as one if all agree. A request with
 * either is refused, as no sane sender does that; of a response a field that says the
 * same once more is not passed on.
 */
static bool repeat_content_length(struct http1_parser *p, struct http1_field *f,
				  u64 length)
{
	if (!p->response || length != p->content_length)
		return refuse(p);
	f->hop = true;
	p->odd = true;
	return true;
}

static bool take_content_length(struct http1_parser *p, const char *buf,
				struct http1_field *f)
{
	struct span value = field_value(buf, f);
	u64 length = 0;
	u32 i, digit;

	if (p->seen & SEEN_CHUNKED || !value.len)
		return refuse(p);
	for (i = 0; i < value.len; i++) {
		digit = value.p[i] - '0';
		if (!char_is(value.p[i], C_DIGIT) ||
		    length > (LENGTH_MAX - digit) / 10)
			return refuse(p);
		length = length * 10 + digit;
	}
	if (p->seen & SEEN_LENGTH)
		return repeat_content_length(p, f, length);
	p->seen |= SEEN_LENGTH;
	p->odd |= value.len > 1 && value.p[0] == '0';
	p->content_length = length;
	return true;
}

/*
 * 6.1, 6.3. Only a single "chunked" is understood. Length and coding together
 * are how requests are smuggled: refused, not reconciled.
 */
static bool take_transfer_encoding(struct http1_parser *p, const char *buf,
				   const struct http1_field *f)
{
	struct span list = field_value(buf, f), coding;
	u32 name_len;

	if (p->minor == 0 || p->seen & SEEN_LENGTH)
		return refuse(p);
	while (value_list_next(&list, &coding)) {
		/* a second chunked, or one that is not the last */
		if (p->seen & SEEN_CHUNKED)
			return refuse(p);
		if (!span_eq_nocase(coding, SPAN("chunked"))) {
			name_len = skip_class(coding.p, 0, coding.len, C_TOKEN);
			coding.len = name_len;
			/* empty, or parameters, which chunked has none of */
			if (!name_len || span_eq_nocase(coding, SPAN("chunked")))
				return refuse(p);
			return refuse_as(p, HTTP1_NOT_IMPLEMENTED);
		}
		p->seen |= SEEN_CHUNKED;
	}
	return true;
}

/* RFC 9110 7.6.1. Empty elements of a list are legal, 5.6.1.2. */
static bool take_connection(struct http1_parser *p, const char *buf,
			    const struct http1_field *f)
{
	struct span list = field_value(buf, f), option;

	while (value_list_next(&list, &option)) {
		if (!all_class(option, C_TOKEN))
			return refuse(p);
		if (span_eq_nocase(option, SPAN("close")))
			p->seen |= SEEN_CLOSE;
		else if (span_eq_nocase(option, SPAN("keep-alive")))
			p->seen |= SEEN_KEEP_ALIVE;
		else if (span_eq_nocase(option, SPAN("upgrade")))
			p->seen |= SEEN_UPGRADE;
		else if (option.len)
			p->seen |= SEEN_OPTION;
	}
	return true;
}

/* RFC 9110 10.1.1: ignored from HTTP/1.0. */
static bool take_expect(struct http1_parser *p, const char *buf,
			const struct http1_field *f)
{
	if (!p->response && p->minor &&
	    span_eq_nocase(field_value(buf, f), SPAN("100-continue")))
		p->expect_continue = true;
	return true;
}

/* Whoever repeats it means no upgrade: the message goes on as it is. */
static bool take_upgrade(struct http1_parser *p, const struct http1_field *f)
{
	p->upgrade_len = p->upgrade ? 0 : f->value_len;
	p->upgrade = f->value;
	return true;
}

/* Fields that decide how the message is read. */
static bool take_known(struct http1_parser *p, const char *buf,
		       struct http1_field *f)
{
	switch (f->id) {
	case HTTP1_HOST:
		return take_host(p, buf, f);
	case HTTP1_CONTENT_LENGTH:
		return take_content_length(p, buf, f);
	case HTTP1_TRANSFER_ENCODING:
		return take_transfer_encoding(p, buf, f);
	case HTTP1_CONNECTION:
		return take_connection(p, buf, f);
	case HTTP1_EXPECT:
		return take_expect(p, buf, f);
	case HTTP1_UPGRADE:
		return take_upgrade(p, f);
	default:
		return true;
	}
}

static inline bool take_field(struct http1_parser *p, const char *buf,
			      struct http1_field *f)
{
	f->id = name_id(buf + f->name, f->name_len);
	f->hop = hop_by_hop(f->id);
	p->names |= 1u << f->id;
	return f->id == HTTP1_OTHER || take_known(p, buf, f);
}

/* Field lines. 5. */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * A line that is all there and as most are: "name: value". Whatever else it is, the
 * states after this one say. No control character begins a value or ends one, so
 * to compare with ' ' is enough.
 *
 * Return: what follows the line, of which @f is told; or NULL.
 */
static inline const char *plain_line(const char *buf, const char *at,
				     const char *end, struct http1_field *f)
{
	const char *colon = buf + skip_class(buf, at - buf, end - buf, C_TOKEN);
	const char *value = colon + 2, *stop;

	if (end - value < 2 || memcmp(colon, ": ", 2) || (u8)*value <= ' ' ||
	    colon == at)
		return NULL;
	stop = skip_value(value, end);
	if (end - stop < 2 || memcmp(stop, "\r\n", 2) || (u8)stop[-1] <= ' ')
		return NULL;
	f->name = at - buf;
	f->name_len = colon - at;
	f->value = value - buf;
	f->value_len = stop - value;
	return stop + 2;
}

static bool on_line(struct http1_parser *p, const char *buf, u32 end)
{
	const char *at = buf + p->pos, *stop = buf + end, *next;
	struct http1_field *f = &p->fields[p->nfields];

	for (; at < stop && *at != '\r'; at = next, f++) {
		if (p->nfields >= p->limits.fields)
			return refuse_as(p, HTTP1_TOO_MANY_FIELDS);
		next = plain_line(buf, at, stop, f);
		if (!next) {
			f->name = at - buf;
			return enter(p, at - buf, ST_NAME);
		}
		p->nfields++;
		if (!take_field(p, buf, f))
			return false;
	}
	p->pos = at - buf;
	if (at == stop)
		return false;
	return enter(p, p->pos + 1, ST_BLANK_LF);
}

/* No white space before the colon, 5.1, nor before the name: obs-fold, 5.2. */
static bool on_name(struct http1_parser *p, const char *buf, u32 end)
{
	struct http1_field *f = &p->fields[p->nfields];
	u32 pos = skip_class(buf, p->pos, end, C_TOKEN);

	p->pos = pos;
	if (pos == end)
		return false;
	f->name_len = pos - f->name;
	if (buf[pos] != ':' || !f->name_len)
		return refuse(p);
	return enter(p, pos + 1, ST_OWS);
}

static bool on_ows(struct http1_parser *p, const char *buf)
{
	if (is_blank(buf[p->pos])) {
		p->pos++;
		return true;
	}
	p->fields[p->nfields].value = p->pos;
	return enter(p, p->pos, ST_VALUE);
}

static bool on_value(struct http1_parser *p, const char *buf, u32 end)
{
	struct http1_field *f = &p->fields[p->nfields];
	u32 pos = skip_value(buf + p->pos, buf + end) - buf;

	p->pos = pos;
	if (pos == end)
		return false;
	if (buf[pos] != '\r')
		return refuse(p);
	f->value_len = span_trim(http1_span(buf, f->value, pos - f->value)).len;
	p->odd |= f->value != f->name + f->name_len + 2 ||
		  buf[f->value - 1] != ' ' || f->value_len != pos - f->value;
	return enter(p, pos + 1, ST_VALUE_LF);
}

static bool on_value_lf(struct http1_parser *p, const char *buf)
{
	return line_feed(p, buf, ST_LINE) &&
	       take_field(p, buf, &p->fields[p->nfields++]);
}

/* The end of a head. */

/*
 * Fields that a Connection option may not take away: the message would mean
 * something else to the next hop. RFC 9110 7.6.1 forbids to send such options.
 */
static bool nominable(const struct http1_field *f)
{
	return f->id != HTTP1_HOST && f->id != HTTP1_CONTENT_LENGTH;
}

static void nominate(struct http1_parser *p, const char *buf,
		     struct span option)
{
	struct http1_field *f;

	for (f = p->fields; f < p->fields + p->nfields; f++)
		if (f->name_len == option.len && nominable(f) &&
		    span_eq_nocase(http1_span(buf, f->name, f->name_len), option))
			f->hop = true;
}

/*
 * Flags the fields that Connection nominates. Each option is compared with all
 * fields, hence the limit on options.
 */
static bool nominate_all(struct http1_parser *p, const char *buf)
{
	const struct http1_field *f;
	struct span list, option;
	u32 options = 0;

	if (!(p->seen & SEEN_OPTION))
		return true;
	for (f = p->fields; f < p->fields + p->nfields; f++) {
		if (f->id != HTTP1_CONNECTION)
			continue;
		list = field_value(buf, f);
		while (value_list_next(&list, &option)) {
			if (!option.len ||
			    span_eq_nocase(option, SPAN("close")) ||
			    span_eq_nocase(option, SPAN("keep-alive")))
				continue;
			if (++options > OPTIONS_MAX)
				return refuse_as(p, HTTP1_TOO_MANY_FIELDS);
			nominate(p, buf, option);
		}
	}
	return true;
}

static bool drop_content_length(struct http1_parser *p)
{
	struct http1_field *f;

	p->odd = true;
	for (f = p->fields; f < p->fields + p->nfields; f++)
		if (f->id == HTTP1_CONTENT_LENGTH)
			f->hop = true;
	return true;
}

static bool claims_body(const struct http1_parser *p)
{
	return p->seen & SEEN_CHUNKED || p->content_length;
}

/*
 * An interim response that claims a body is refused: whoever sent it may go on to
 * send that body, and a response is to follow. RFC 9110 8.6 forbids even
 * "Content-Length: 0", which some send: it is not passed on.
 */
static bool refuse_claimed_body(struct http1_parser *p)
{
	return claims_body(p) ? refuse(p) : drop_content_length(p);
}

/*
 * A final one ends with its head whatever it claims (6.3), and the claim is not
 * passed on. What its sender may have sent behind it is no response to anybody.
 */
static bool ignore_claimed_body(struct http1_parser *p)
{
	if (claims_body(p))
		p->seen |= SEEN_CLOSE;
	p->content_length = 0;
	return drop_content_length(p);
}

static bool opens_tunnel(const struct http1_parser *p)
{
	return p->connect_request && p->status / 100 == 2;
}

/* 6.3 */
static bool set_framing(struct http1_parser *p)
{
	p->framing = HTTP1_BODY_NONE;
	/* RFC 9110 9.3.6: it means nothing, and is how requests are smuggled. */
	if (p->connect && p->seen & (SEEN_LENGTH | SEEN_CHUNKED))
		return refuse(p);
	/* What it says of a length is to be ignored, 6.3. */
	if (p->response && opens_tunnel(p))
		return drop_content_length(p);
	if (p->response && p->status < 200)
		return refuse_claimed_body(p);
	if (p->response && p->status == 204)
		return ignore_claimed_body(p);
	if (p->response && (p->head_request || p->status == 304)) {
		/* The length is what a GET would have had, RFC 9110 8.6. */
		if (p->status == 304 && p->seen & SEEN_CHUNKED)
			p->seen |= SEEN_CLOSE;
		return true;
	}

	if (p->seen & SEEN_CHUNKED)
		p->framing = HTTP1_BODY_CHUNKED;
	else if (p->seen & SEEN_LENGTH)
		p->framing = HTTP1_BODY_LENGTH;
	else if (p->response)
		p->framing = HTTP1_BODY_UNTIL_CLOSE;
	return true;
}

/* 9.3 */
static void set_persistence(struct http1_parser *p)
{
	p->keep_alive = !(p->seen & SEEN_CLOSE) &&
			p->framing != HTTP1_BODY_UNTIL_CLOSE &&
			(p->minor || p->seen & SEEN_KEEP_ALIVE);
}

static bool on_blank_lf(struct http1_parser *p, const char *buf)
{
	if (!line_feed(p, buf, ST_DONE))
		return false;
	if (!p->response && p->minor && !(p->seen & SEEN_HOST))
		return refuse(p);
	if (!set_framing(p) || !nominate_all(p, buf))
		return false;
	set_persistence(p);
	/* RFC 9110 7.8: not without Connection, nor in HTTP/1.0. */
	if (!(p->seen & SEEN_UPGRADE) || !p->minor)
		p->upgrade_len = 0;
	p->head_len = p->pos;
	return false;
}

static bool step(struct http1_parser *p, const char *buf, u32 end)
{
	switch (p->state) {
	case ST_EMPTY_LINE:
		return on_empty_line(p, buf);
	case ST_EMPTY_LINE_LF:
		return line_feed(p, buf, ST_EMPTY_LINE);
	case ST_METHOD:
		return on_method(p, buf, end);
	case ST_TARGET_START:
		return on_target_start(p, buf);
	case ST_PATH:
		return on_path(p, buf, end);
	case ST_QUERY:
		return on_query(p, buf, end);
	case ST_TARGET:
		return on_target(p, buf, end);
	case ST_VERSION:
		return on_version(p, buf, end);
	case ST_STATUS:
		return on_status(p, buf, end);
	case ST_REASON:
		return on_reason(p, buf, end);
	case ST_REASON_LF:
		return line_feed(p, buf, ST_LINE);
	case ST_LINE:
		return on_line(p, buf, end);
	case ST_NAME:
		return on_name(p, buf, end);
	case ST_OWS:
		return on_ows(p, buf);
	case ST_VALUE:
		return on_value(p, buf, end);
	case ST_VALUE_LF:
		return on_value_lf(p, buf);
	case ST_BLANK_LF:
		return on_blank_lf(p, buf);
	default:
		return false;
	}
}

void http1_init(struct http1_parser *p, bool response)
{
	memset(p, 0, offsetof(struct http1_parser, fields));
	p->response = response;
	p->limits = (struct http1_limits){
		.head = HTTP1_HEAD_MAX,
		.target = HTTP1_TARGET_MAX,
		.fields = HTTP1_FIELDS_MAX,
	};
	p->state = response ? ST_STATUS : ST_EMPTY_LINE;
}

enum http1_result http1_parse(struct http1_parser *p, const char *buf, u32 len)
{
	u32 end = min_t(u32, len, p->limits.head);

	while (p->pos < end && step(p, buf, end))
		;
	if (p->state < ST_DONE && end == p->limits.head)
		refuse_as(p, HTTP1_HEAD_TOO_LARGE);
	if (p->state < ST_DONE)
		return HTTP1_MORE;
	return p->state == ST_DONE ? HTTP1_DONE : HTTP1_ERROR;
}

const struct http1_field *http1_find_from(const struct http1_parser *p,
					  const char *buf, struct span name,
					  const struct http1_field *f)
{
	for (; f < p->fields + p->nfields; f++)
		if (f->name_len == name.len &&
		    span_eq_nocase(http1_span(buf, f->name, f->name_len), name))
			return f;
	return NULL;
}

const struct http1_field *http1_find(const struct http1_parser *p,
				     const char *buf, struct span name)
{
	return http1_find_from(p, buf, name, p->fields);
}

u16 http1_status(enum http1_error error)
{
	switch (error) {
	case HTTP1_URI_TOO_LONG:
		return 414;
	case HTTP1_HEAD_TOO_LARGE:
	case HTTP1_TOO_MANY_FIELDS:
		return 431;
	case HTTP1_NOT_IMPLEMENTED:
		return 501;
	case HTTP1_VERSION:
		return 505;
	case HTTP1_BAD_RESPONSE:
		return 502;
	default:
		return 400;
	}
}

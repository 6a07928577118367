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

/* Trailer and Expect are for the other end. */
static bool hop_by_hop(enum field_id id)
{
	return FIELDS_OF_HOP >> id & 1;
}

/* The parser's functions return whether to go on. */

static bool refuse_as(struct message *m, enum message_error error)
{
	m->error = m->response ? MESSAGE_BAD_RESPONSE : error;
	m->state = ST_ERROR;
	return false;
}

static bool refuse(struct message *m)
{
	return refuse_as(m, MESSAGE_BAD_REQUEST);
}

static inline bool enter(struct message *m, u32 pos, u8 state)
{
	m->pos = pos;
	m->state = state;
	return true;
}

static bool line_feed(struct message *m, const char *buf, u8 next)
{
	if (buf[m->pos] != '\n')
		return refuse(m);
	return enter(m, m->pos + 1, next);
}

/*
 * Compares the bytes at m->pos with a template, in which '#' is any digit.
 *
 * Return: true if all of it is there. Otherwise it is refused, or there are not
 * yet enough bytes; no position moves, and the few bytes are looked at again.
 */
static bool matches(struct message *m, const char *buf, u32 end,
		    struct span template)
{
	u32 i, len = min(end - m->pos, template.len);
	const char *at = buf + m->pos;

	for (i = 0; i < len; i++)
		if (template.p[i] == '#' ? !char_is(at[i], C_DIGIT) :
					   at[i] != template.p[i])
			return refuse(m);
	return len == template.len;
}

/* @version: "HTTP/#.#" */
static bool set_version(struct message *m, const char *version)
{
	m->minor = version[7] - '0';
	if (version[5] != '1' || m->minor > 1)
		return refuse_as(m, MESSAGE_VERSION);
	m->raw &= m->minor;
	return true;
}

/* Request line. 3. */

/* Robustness: a client may send CRLF after the last request's body. 2.2. */
static bool on_empty_line(struct message *m, const char *buf)
{
	if (buf[m->pos] == '\r') {
		m->raw = false;
		return enter(m, m->pos + 1, ST_EMPTY_LINE_LF);
	}
	m->method = m->pos;
	return enter(m, m->pos, ST_METHOD);
}

static bool on_method(struct message *m, const char *buf, u32 end)
{
	u32 pos = skip_class(buf, m->pos, end, C_TOKEN);

	m->pos = pos;
	if (pos == end)
		return false;
	m->method_len = pos - m->method;
	if (buf[pos] != ' ' || !m->method_len)
		return refuse(m);
	m->target = pos + 1;
	return enter(m, pos + 1, ST_TARGET_START);
}

static bool on_target_start(struct message *m, const char *buf)
{
	m->path = m->pos;
	return enter(m, m->pos, buf[m->pos] == '/' ? ST_PATH : ST_TARGET);
}

/*
 * Scans a part of the target. Looks at one byte more than a target may have and
 * no further, so that a long one is 414 whatever comes later.
 *
 * Return: true if m->pos is at the byte that ends the part.
 */
static bool scan_target(struct message *m, const char *buf, u32 end, u8 class)
{
	u32 limit = min_t(u32, end, m->target + m->limits.target + 1);

	m->pos = skip_class(buf, m->pos, limit, class);
	if (m->pos - m->target > m->limits.target)
		return refuse_as(m, MESSAGE_URI_TOO_LONG);
	return m->pos < end;
}

static bool target_end(struct message *m, const char *buf)
{
	m->target_len = m->pos - m->target;
	if (buf[m->pos] != ' ' || !m->target_len)
		return refuse(m);
	return enter(m, m->pos + 1, ST_VERSION);
}

static bool on_path(struct message *m, const char *buf, u32 end)
{
	if (!scan_target(m, buf, end, C_PATH))
		return false;
	m->path_len = m->pos - m->path;
	if (buf[m->pos] != '?')
		return target_end(m, buf);
	m->query = m->pos + 1;
	return enter(m, m->pos + 1, ST_QUERY);
}

static bool on_query(struct message *m, const char *buf, u32 end)
{
	if (!scan_target(m, buf, end, C_TARGET))
		return false;
	m->query_len = m->pos - m->query;
	return target_end(m, buf);
}

static bool on_target(struct message *m, const char *buf, u32 end)
{
	return scan_target(m, buf, end, C_TARGET) && target_end(m, buf);
}

static void set_authority(struct message *m, u32 at, u32 len, u32 host_len)
{
	m->authority = at;
	m->host = at;
	m->authority_len = len;
	m->host_len = host_len;
}

/*
 * absolute-form. 3.2.2. Userinfo is refused, as RFC 9110 4.2.4 advises; so are
 * other schemes, which nobody could mean to send here.
 */
static bool absolute_form(struct message *m, const char *buf)
{
	struct span target = message_span(m, m->target, m->target_len);
	u32 scheme, len, path, host;
	const char *query;

	scheme = skip_class(target.p, 0, min_t(u32, target.len, 5), C_TOKEN);
	if (!span_eq_nocase((struct span){ target.p, scheme }, SPAN("http")) &&
	    !span_eq_nocase((struct span){ target.p, scheme }, SPAN("https")))
		return refuse(m);
	target = span_from(target, scheme);
	if (!span_starts_with(target, SPAN("://")))
		return refuse(m);
	target = span_from(target, 3);

	for (len = 0; len < target.len; len++)
		if (target.p[len] == '/' || target.p[len] == '?')
			break;
	host = authority_host_len((struct span){ target.p, len });
	if (!host)
		return refuse(m);
	set_authority(m, target.p - buf, len, host);
	m->seen |= SEEN_ABSOLUTE;

	target = span_from(target, len);
	query = memchr(target.p, '?', target.len);
	path = query ? query - target.p : target.len;
	m->path = target.p - buf;
	m->path_len = path;
	if (query) {
		m->query = query + 1 - buf;
		m->query_len = target.len - path - 1;
	}
	return true;
}

/* authority-form. 3.2.3. A port is required. */
static bool authority_form(struct message *m)
{
	struct span target = message_span(m, m->target, m->target_len);
	u32 host = authority_host_len(target);

	/* 2: a colon and a digit */
	if (!host || target.len - host < 2)
		return refuse(m);
	set_authority(m, m->target, m->target_len, host);
	m->connect = true;
	/* as of an absolute target, 3.2.3: Host is to be the same */
	m->seen |= SEEN_ABSOLUTE;
	m->path_len = 0;
	return true;
}

static bool method_is(const struct message *m, struct span name)
{
	return span_eq(message_span(m, m->method, m->method_len), name);
}

/* The four forms of a request-target. 3.2. */
static bool check_target(struct message *m, const char *buf)
{
	if (buf[m->target] == '/' && !method_is(m, SPAN("CONNECT")))
		return true;
	m->raw = false;
	if (method_is(m, SPAN("CONNECT")))
		return authority_form(m);
	if (buf[m->target] != '*')
		return absolute_form(m, buf);
	m->path_len = 1;
	if (m->target_len != 1 || !method_is(m, SPAN("OPTIONS")))
		return refuse(m);
	return true;
}

static bool on_version(struct message *m, const char *buf, u32 end)
{
	const struct span line_end = SPAN("HTTP/#.#\r\n");

	/* As most are, at once. */
	if (end - m->pos >= line_end.len &&
	    !memcmp(buf + m->pos, "HTTP/1.1\r\n", line_end.len))
		m->minor = 1;
	else if (!matches(m, buf, end, line_end) ||
		 !set_version(m, buf + m->pos))
		return false;
	return check_target(m, buf) &&
	       enter(m, m->pos + line_end.len, ST_LINE);
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
static bool odd_status(struct message *m, const char *buf, u32 end)
{
	const struct span line = SPAN("HTTP/#.# ###");

	if (!matches(m, buf, end, line) || m->pos + line.len == end)
		return false;
	m->reason = m->pos + line.len;
	if (buf[m->reason] == ' ')
		m->reason++;
	else if (buf[m->reason] == '\r')
		m->raw = false;
	else
		return refuse(m);
	return set_version(m, buf + m->pos);
}

static bool on_status(struct message *m, const char *buf, u32 end)
{
	const char *code = buf + m->pos + 9;

	/* As most are, at once. */
	if (end - m->pos >= 13 && !memcmp(buf + m->pos, "HTTP/1.1 ", 9) &&
	    is_code(code)) {
		m->minor = 1;
		m->reason = m->pos + 13;
	} else if (!odd_status(m, buf, end)) {
		return false;
	}
	m->status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + code[2] - '0';
	if (m->status < 100)
		return refuse(m);
	return enter(m, m->reason, ST_REASON);
}

static bool on_reason(struct message *m, const char *buf, u32 end)
{
	m->pos = skip_value(buf + m->pos, buf + end) - buf;
	if (m->pos == end)
		return false;
	if (buf[m->pos] != '\r')
		return refuse(m);
	m->reason_len = m->pos - m->reason;
	return enter(m, m->pos + 1, ST_REASON_LF);
}

/* What fields mean, each at the end of its line. */

/* RFC 9110 7.2; RFC 9112 3.2: malformed or repeated is 400. */
static bool take_host(struct message *m, struct message_field *f)
{
	u32 host;

	if (m->response)
		return true;
	host = authority_host_len(message_value(m, f));
	if (m->seen & SEEN_HOST || !host)
		return refuse(m);
	m->seen |= SEEN_HOST;
	if (!(m->seen & SEEN_ABSOLUTE)) {
		set_authority(m, f->value, f->value_len, host);
		return true;
	}
	/* An absolute target replaces the field, 3.2.2: also for those that match it. */
	f->value = m->authority;
	f->value_len = m->authority_len;
	return true;
}

/*
 * 6.3. A repeated field or value could be read as one if all agree. A request with
 * either is refused, as no sane sender does that; of a response a field that says the
 * same once more is not passed on.
 */
static bool repeat_content_length(struct message *m, struct message_field *f,
				  u64 length)
{
	if (!m->response || length != m->content_length)
		return refuse(m);
	f->hop = true;
	m->raw = false;
	return true;
}

static bool take_content_length(struct message *m, struct message_field *f)
{
	struct span value = message_value(m, f);
	u64 length = 0;
	u32 i, digit;

	if (m->seen & SEEN_CHUNKED || !value.len)
		return refuse(m);
	for (i = 0; i < value.len; i++) {
		digit = value.p[i] - '0';
		if (!char_is(value.p[i], C_DIGIT) ||
		    length > (LENGTH_MAX - digit) / 10)
			return refuse(m);
		length = length * 10 + digit;
	}
	if (m->seen & SEEN_LENGTH)
		return repeat_content_length(m, f, length);
	m->seen |= SEEN_LENGTH;
	if (value.len > 1 && value.p[0] == '0')
		m->raw = false;
	m->content_length = length;
	return true;
}

/*
 * 6.1, 6.3. Only a single "chunked" is understood. Length and coding together
 * are how requests are smuggled: refused, not reconciled.
 */
static bool take_transfer_encoding(struct message *m,
				   const struct message_field *f)
{
	struct span list = message_value(m, f), coding;
	u32 name_len;

	if (m->minor == 0 || m->seen & SEEN_LENGTH)
		return refuse(m);
	while (value_list_next(&list, &coding)) {
		/* a second chunked, or one that is not the last */
		if (m->seen & SEEN_CHUNKED)
			return refuse(m);
		if (!span_eq_nocase(coding, SPAN("chunked"))) {
			name_len = skip_class(coding.p, 0, coding.len, C_TOKEN);
			coding.len = name_len;
			/* empty, or parameters, which chunked has none of */
			if (!name_len || span_eq_nocase(coding, SPAN("chunked")))
				return refuse(m);
			return refuse_as(m, MESSAGE_NOT_IMPLEMENTED);
		}
		m->seen |= SEEN_CHUNKED;
	}
	return true;
}

/* RFC 9110 7.6.1. Empty elements of a list are legal, 5.6.1.2. */
static bool take_connection(struct message *m, const struct message_field *f)
{
	struct span list = message_value(m, f), option;

	while (value_list_next(&list, &option)) {
		if (!all_class(option, C_TOKEN))
			return refuse(m);
		if (span_eq_nocase(option, SPAN("close")))
			m->seen |= SEEN_CLOSE;
		else if (span_eq_nocase(option, SPAN("keep-alive")))
			m->seen |= SEEN_KEEP_ALIVE;
		else if (span_eq_nocase(option, SPAN("upgrade")))
			m->seen |= SEEN_UPGRADE;
		else if (option.len)
			m->seen |= SEEN_OPTION;
	}
	return true;
}

/* RFC 9110 10.1.1: ignored from HTTP/1.0. */
static bool take_expect(struct message *m, const struct message_field *f)
{
	if (!m->response && m->minor &&
	    span_eq_nocase(message_value(m, f), SPAN("100-continue")))
		m->expect_continue = true;
	return true;
}

/* Whoever repeats it means no upgrade: the message goes on as it is. */
static bool take_upgrade(struct message *m, const struct message_field *f)
{
	m->upgrade_len = m->upgrade ? 0 : f->value_len;
	m->upgrade = f->value;
	return true;
}

/* Fields that decide how the message is read. */
static bool take_known(struct message *m, struct message_field *f)
{
	switch (f->id) {
	case FIELD_HOST:
		return take_host(m, f);
	case FIELD_CONTENT_LENGTH:
		return take_content_length(m, f);
	case FIELD_TRANSFER_ENCODING:
		return take_transfer_encoding(m, f);
	case FIELD_CONNECTION:
		return take_connection(m, f);
	case FIELD_EXPECT:
		return take_expect(m, f);
	case FIELD_UPGRADE:
		return take_upgrade(m, f);
	default:
		return true;
	}
}

static inline bool take_field(struct message *m, const char *buf,
			      struct message_field *f)
{
	f->id = field_id_of(buf + f->name, f->name_len);
	f->hop = hop_by_hop(f->id);
	m->names |= 1u << f->id;
	return f->id == FIELD_OTHER || take_known(m, f);
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
				     const char *end, struct message_field *f)
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

static bool on_line(struct message *m, const char *buf, u32 end)
{
	const char *at = buf + m->pos, *stop = buf + end, *next;
	struct message_field *f = &m->fields[m->nfields];

	for (; at < stop && *at != '\r'; at = next, f++) {
		if (m->nfields >= m->limits.fields)
			return refuse_as(m, MESSAGE_TOO_MANY_FIELDS);
		next = plain_line(buf, at, stop, f);
		if (!next) {
			f->name = at - buf;
			return enter(m, at - buf, ST_NAME);
		}
		m->nfields++;
		if (!take_field(m, buf, f))
			return false;
	}
	m->pos = at - buf;
	if (at == stop)
		return false;
	return enter(m, m->pos + 1, ST_BLANK_LF);
}

/* No white space before the colon, 5.1, nor before the name: obs-fold, 5.2. */
static bool on_name(struct message *m, const char *buf, u32 end)
{
	struct message_field *f = &m->fields[m->nfields];
	u32 pos = skip_class(buf, m->pos, end, C_TOKEN);

	m->pos = pos;
	if (pos == end)
		return false;
	f->name_len = pos - f->name;
	if (buf[pos] != ':' || !f->name_len)
		return refuse(m);
	return enter(m, pos + 1, ST_OWS);
}

static bool on_ows(struct message *m, const char *buf)
{
	if (is_blank(buf[m->pos])) {
		m->pos++;
		return true;
	}
	m->fields[m->nfields].value = m->pos;
	return enter(m, m->pos, ST_VALUE);
}

static bool on_value(struct message *m, const char *buf, u32 end)
{
	struct message_field *f = &m->fields[m->nfields];
	u32 pos = skip_value(buf + m->pos, buf + end) - buf;

	m->pos = pos;
	if (pos == end)
		return false;
	if (buf[pos] != '\r')
		return refuse(m);
	f->value_len = span_trim(message_span(m, f->value, pos - f->value)).len;
	if (f->value != f->name + f->name_len + 2 || buf[f->value - 1] != ' ' ||
	    f->value_len != pos - f->value)
		m->raw = false;
	return enter(m, pos + 1, ST_VALUE_LF);
}

static bool on_value_lf(struct message *m, const char *buf)
{
	return line_feed(m, buf, ST_LINE) &&
	       take_field(m, buf, &m->fields[m->nfields++]);
}

/* The end of a head. */

/*
 * Fields that a Connection option may not take away: the message would mean
 * something else to the next hop. RFC 9110 7.6.1 forbids to send such options.
 */
static bool nominable(const struct message_field *f)
{
	return f->id != FIELD_HOST && f->id != FIELD_CONTENT_LENGTH;
}

static void nominate(struct message *m, struct span option)
{
	struct message_field *f;

	for (f = m->fields; f < m->fields + m->nfields; f++)
		if (f->name_len == option.len && nominable(f) &&
		    span_eq_nocase(message_name(m, f), option))
			f->hop = true;
}

/*
 * Flags the fields that Connection nominates. Each option is compared with all
 * fields, hence the limit on options.
 */
static bool nominate_all(struct message *m)
{
	const struct message_field *f;
	struct span list, option;
	u32 options = 0;

	if (!(m->seen & SEEN_OPTION))
		return true;
	for (f = m->fields; f < m->fields + m->nfields; f++) {
		if (f->id != FIELD_CONNECTION)
			continue;
		list = message_value(m, f);
		while (value_list_next(&list, &option)) {
			if (!option.len ||
			    span_eq_nocase(option, SPAN("close")) ||
			    span_eq_nocase(option, SPAN("keep-alive")))
				continue;
			if (++options > OPTIONS_MAX)
				return refuse_as(m, MESSAGE_TOO_MANY_FIELDS);
			nominate(m, option);
		}
	}
	return true;
}

static bool drop_content_length(struct message *m)
{
	struct message_field *f;

	m->raw = false;
	for (f = m->fields; f < m->fields + m->nfields; f++)
		if (f->id == FIELD_CONTENT_LENGTH)
			f->hop = true;
	return true;
}

static bool claims_body(const struct message *m)
{
	return m->seen & SEEN_CHUNKED || m->content_length;
}

/*
 * An interim response that claims a body is refused: whoever sent it may go on to
 * send that body, and a response is to follow. RFC 9110 8.6 forbids even
 * "Content-Length: 0", which some send: it is not passed on.
 */
static bool refuse_claimed_body(struct message *m)
{
	return claims_body(m) ? refuse(m) : drop_content_length(m);
}

/*
 * A final one ends with its head whatever it claims (6.3), and the claim is not
 * passed on. What its sender may have sent behind it is no response to anybody.
 */
static bool ignore_claimed_body(struct message *m)
{
	if (claims_body(m))
		m->seen |= SEEN_CLOSE;
	m->content_length = 0;
	return drop_content_length(m);
}

static bool opens_tunnel(const struct message *m)
{
	return m->connect_request && m->status / 100 == 2;
}

/* 6.3 */
static bool set_framing(struct message *m)
{
	m->framing = BODY_NONE;
	/* RFC 9110 9.3.6: it means nothing, and is how requests are smuggled. */
	if (m->connect && m->seen & (SEEN_LENGTH | SEEN_CHUNKED))
		return refuse(m);
	/* What it says of a length is to be ignored, 6.3. */
	if (m->response && opens_tunnel(m))
		return drop_content_length(m);
	if (m->response && m->status < 200)
		return refuse_claimed_body(m);
	if (m->response && m->status == 204)
		return ignore_claimed_body(m);
	if (m->response && (m->head_request || m->status == 304)) {
		/* The length is what a GET would have had, RFC 9110 8.6. */
		if (m->status == 304 && m->seen & SEEN_CHUNKED)
			m->seen |= SEEN_CLOSE;
		return true;
	}

	if (m->seen & SEEN_CHUNKED)
		m->framing = BODY_CHUNKED;
	else if (m->seen & SEEN_LENGTH)
		m->framing = BODY_LENGTH;
	else if (m->response)
		m->framing = BODY_UNTIL_CLOSE;
	return true;
}

/* 9.3 */
static void set_persistence(struct message *m)
{
	m->keep_alive = !(m->seen & SEEN_CLOSE) &&
			m->framing != BODY_UNTIL_CLOSE &&
			(m->minor || m->seen & SEEN_KEEP_ALIVE);
}

static bool on_blank_lf(struct message *m, const char *buf)
{
	if (!line_feed(m, buf, ST_DONE))
		return false;
	if (!m->response && m->minor && !(m->seen & SEEN_HOST))
		return refuse(m);
	if (!set_framing(m) || !nominate_all(m))
		return false;
	set_persistence(m);
	/* RFC 9110 7.8: not without Connection, nor in HTTP/1.0. */
	if (!(m->seen & SEEN_UPGRADE) || !m->minor)
		m->upgrade_len = 0;
	m->len = m->pos;
	return false;
}

static bool step(struct message *m, const char *buf, u32 end)
{
	switch (m->state) {
	case ST_EMPTY_LINE:
		return on_empty_line(m, buf);
	case ST_EMPTY_LINE_LF:
		return line_feed(m, buf, ST_EMPTY_LINE);
	case ST_METHOD:
		return on_method(m, buf, end);
	case ST_TARGET_START:
		return on_target_start(m, buf);
	case ST_PATH:
		return on_path(m, buf, end);
	case ST_QUERY:
		return on_query(m, buf, end);
	case ST_TARGET:
		return on_target(m, buf, end);
	case ST_VERSION:
		return on_version(m, buf, end);
	case ST_STATUS:
		return on_status(m, buf, end);
	case ST_REASON:
		return on_reason(m, buf, end);
	case ST_REASON_LF:
		return line_feed(m, buf, ST_LINE);
	case ST_LINE:
		return on_line(m, buf, end);
	case ST_NAME:
		return on_name(m, buf, end);
	case ST_OWS:
		return on_ows(m, buf);
	case ST_VALUE:
		return on_value(m, buf, end);
	case ST_VALUE_LF:
		return on_value_lf(m, buf);
	case ST_BLANK_LF:
		return on_blank_lf(m, buf);
	default:
		return false;
	}
}

void http1_init(struct message *m, bool response)
{
	message_init(m, response);
	m->raw = true;
	m->lines = true;
	m->state = response ? ST_STATUS : ST_EMPTY_LINE;
}

enum http1_result http1_parse(struct message *m)
{
	u32 end = min(m->len, m->limits.head);

	while (m->pos < end && step(m, m->text, end))
		;
	if (m->state < ST_DONE && end == m->limits.head)
		refuse_as(m, MESSAGE_HEAD_TOO_LARGE);
	if (m->state < ST_DONE)
		return HTTP1_MORE;
	return m->state == ST_DONE ? HTTP1_DONE : HTTP1_ERROR;
}

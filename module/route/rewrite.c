// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>

#include "http/http_options.h"
#include "lib/address.h"
#include "route/path_rewrite.h"
#include "route/rewrite.h"

static void add(struct location *l, struct span piece)
{
	l->pieces[l->n++] = piece;
}

/* The port that @host ends with, behind its colon; NULL if it names none. */
static const char *port_in(struct span host)
{
	const char *bracket = memchr(host.p, ']', host.len), *colon;

	/* The colons of an IPv6 address are not of it. */
	if (bracket)
		host = span_from(host, bracket - host.p);
	colon = memchr(host.p, ':', host.len);
	return colon && colon + 1 < host.p + host.len ? colon + 1 : NULL;
}

static void add_host(struct location *l, const struct route *r,
		     const struct route_request *req,
		     const struct address *original)
{
	const char *format = original->family == AF_INET ? "%s" : "[%s]";
	char text[ADDRESS_HOST_MAX];
	u32 len;

	if (r->rewrite.host.len) {
		add(l, r->rewrite.host);
	} else if (req->host.len) {
		add(l, req->host);
	} else {
		address_host_text(original, text);
		len = scnprintf(l->host, sizeof(l->host), format, text);
		add(l, (struct span){ l->host, len });
	}
}

/* A port that was checked: digits, perhaps none, up to U16_MAX. */
static u16 read_port(struct span digits)
{
	u32 i, port = 0;

	for (i = 0; i < digits.len; i++)
		port = port * 10 + digits.p[i] - '0';
	return port;
}

/* The port that the client names in Host; 0 if it names none. */
static u16 port_asked(const struct route_request *req)
{
	struct span authority = message_authority(req->message);

	return authority.len > req->host.len ?
	       read_port(span_from(authority, req->host.len + 1)) : 0;
}

static u16 port_of(const struct route *r, const struct route_request *req,
		   const struct address *original, bool https)
{
	u16 asked;

	if (r->redirect.port)
		return r->redirect.port;
	if (r->redirect.scheme != REDIRECT_SCHEME_SAME)
		return https ? 443 : 80;
	asked = r->rewrite.host.len ? 0 : port_asked(req);
	if (asked)
		return asked;
	/*
	 * With https a proxy took TLS off: the client connected to that proxy's
	 * port, not to ours.
	 */
	return https ? 443 : ntohs(original->port);
}

static void add_port(struct location *l, u16 port, bool https)
{
	if (port == (https ? 443 : 80))
		return;
	add(l, (struct span){ l->port, scnprintf(l->port, sizeof(l->port),
						 ":%u", port) });
}

/* By which scheme the client asks, if trusted proxies say so. */
static bool asked_https(const struct route_request *req,
			const struct http_options *o)
{
	const struct message_field *f;

	if (!o->trusted_hops)
		return false;
	f = message_find(req->message, SPAN("x-forwarded-proto"));
	return f && span_eq_nocase(message_value(req->message, f),
				   SPAN("https"));
}

static void add_origin(struct location *l, const struct route *r,
		       const struct route_request *req,
		       const struct address *original,
		       const struct http_options *o)
{
	bool https = r->redirect.scheme == REDIRECT_SCHEME_SAME ?
		     asked_https(req, o) :
		     r->redirect.scheme == REDIRECT_SCHEME_HTTPS;

	add(l, https ? SPAN("https://") : SPAN("http://"));
	add_host(l, r, req, original);
	if (r->redirect.port || !port_in(r->rewrite.host))
		add_port(l, port_of(r, req, original, https), https);
}

void rewrite_location(struct location *l, const struct route *r,
		      const struct route_request *req,
		      const struct address *original, const struct http_options *o)
{
	struct rewritten_path path;

	l->n = 0;
	add_origin(l, r, req, original, o);
	/* "*" is what a URL without a path means (RFC 9112 3.2.4). */
	if (req->path.len && req->path.p[0] == '/') {
		path_rewrite_begin(r, o, req->path, &path);
		while (path_rewrite_next(&path, &l->pieces[l->n]))
			l->n++;
	}
	if (req->query.len && !r->redirect.strip_query) {
		add(l, SPAN("?"));
		add(l, req->query);
	}
}

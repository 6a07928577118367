// SPDX-License-Identifier: GPL-2.0
/* rewrite: see rewrite.h. */
#include <linux/kernel.h>

#include "address.h"
#include "rewrite.h"

static void add_piece(struct rewritten_path *rw, struct span piece)
{
	rw->pieces[rw->n++] = piece;
}

/* What of @path is behind the prefix that matched. */
static struct span behind_prefix(const struct route_match *m, struct span path)
{
	if (m->path_kind == PATH_MATCH_PREFIX)
		return span_from(path, route_prefix_segments(m->path).len);
	return span_from(path, m->path.len);
}

static void replace_prefix(const struct route *r, struct span path,
			   struct rewritten_path *rw)
{
	struct span with = r->rewrite.path, rest = behind_prefix(&r->match, path);

	if (r->match.path_kind == PATH_MATCH_PREFIX)
		with = route_prefix_segments(with);
	add_piece(rw, with);
	add_piece(rw, with.len + rest.len ? rest : SPAN("/"));
}

void rewrite_path(const struct route *r, struct span path,
		  struct rewritten_path *rw)
{
	u8 kind = r->rewrite.path_kind;

	rw->n = 0;
	rw->template.len = 0;
	if (!path.len || path.p[0] != '/')
		kind = REWRITE_PATH_NONE;
	switch (kind) {
	case REWRITE_PATH_WHOLE:
		add_piece(rw, r->rewrite.path);
		break;
	case REWRITE_PATH_PREFIX:
		replace_prefix(r, path, rw);
		break;
	case REWRITE_PATH_TEMPLATE:
		rw->template = r->rewrite.path;
		path_template_match(r->match.path, path, &rw->vars);
		break;
	default:
		add_piece(rw, path);
		break;
	}
}

bool rewrite_next(struct rewritten_path *rw, struct span *piece)
{
	if (!rw->n)
		return path_template_next(&rw->template, &rw->vars, piece);
	*piece = rw->pieces[0];
	rw->pieces[0] = rw->pieces[1];
	rw->n--;
	return true;
}

u32 rewrite_len(struct rewritten_path rw)
{
	struct span piece;
	u32 len = 0;

	while (rewrite_next(&rw, &piece))
		len += piece.len;
	return len;
}

static void add(struct location *l, struct span piece)
{
	l->pieces[l->n++] = piece;
}

/* Behind the brackets of an IPv6 address, if it is one. */
static bool has_port(struct span host)
{
	const char *bracket = memchr(host.p, ']', host.len);

	if (bracket)
		host = span_from(host, bracket - host.p);
	return memchr(host.p, ':', host.len);
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

static u16 port_of(const struct route *r, const struct address *original)
{
	if (r->redirect.port)
		return r->redirect.port;
	if (r->redirect.scheme == REDIRECT_SCHEME_SAME)
		return ntohs(original->port);
	return r->redirect.scheme == REDIRECT_SCHEME_HTTPS ? 443 : 80;
}

static void add_port(struct location *l, const struct route *r, u16 own,
		     const struct address *original)
{
	u16 port = port_of(r, original);

	if (port == own || (!r->redirect.port && has_port(r->rewrite.host)))
		return;
	add(l, (struct span){ l->port, scnprintf(l->port, sizeof(l->port),
						 ":%u", port) });
}

static void add_origin(struct location *l, const struct route *r,
		       const struct route_request *req,
		       const struct address *original)
{
	bool https = r->redirect.scheme == REDIRECT_SCHEME_HTTPS;

	if (r->redirect.scheme == REDIRECT_SCHEME_SAME && !r->redirect.port &&
	    !r->rewrite.host.len)
		return;
	add(l, https ? SPAN("https://") : SPAN("http://"));
	add_host(l, r, req, original);
	add_port(l, r, https ? 443 : 80, original);
}

void location_make(struct location *l, const struct route *r,
		   const struct route_request *req,
		   const struct address *original)
{
	struct rewritten_path path;

	l->n = 0;
	add_origin(l, r, req, original);
	rewrite_path(r, req->path, &path);
	while (rewrite_next(&path, &l->pieces[l->n]))
		l->n++;
	if (req->query.len && !r->redirect.strip_query) {
		add(l, SPAN("?"));
		add(l, req->query);
	}
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * writer: appends the lines of a head to a buffer whose size was reckoned
 * beforehand. Whoever began it owns it; any context.
 */
#ifndef L7MESH_WRITER_H
#define L7MESH_WRITER_H

#include <linux/errno.h>
#include <linux/string.h>
#include "lib/out_buffer.h"
#include "lib/span.h"

struct writer {
	char *data;
	u32 len;
	u32 cap;
	bool full;	/* the size was reckoned too small */
};

static inline int writer_init(struct writer *w, u32 cap, gfp_t gfp)
{
	w->data = out_alloc(cap, gfp);
	w->len = 0;
	w->cap = cap;
	w->full = false;
	return w->data ? 0 : -ENOMEM;
}

/* Hand over what is written; half a head is never sent. */
static inline int writer_finish(struct writer *w, struct out *out)
{
	if (WARN_ON_ONCE(w->full)) {
		out_free(w->data, w->cap);
		return -EMSGSIZE;
	}
	out_take(out, w->data, w->cap, w->len);
	return 0;
}

/* Room for @len bytes, which the caller writes, or NULL. */
static inline char *writer_reserve(struct writer *w, u32 len)
{
	char *at = w->data + w->len;

	if (len > w->cap - w->len) {
		w->full = true;
		return NULL;
	}
	w->len += len;
	return at;
}

static inline void writer_put(struct writer *w, struct span s)
{
	char *at = writer_reserve(w, s.len);

	if (at)
		span_copy(at, s);
}

static inline void writer_put_field(struct writer *w, struct span name,
				    struct span value)
{
	char *at = writer_reserve(w, name.len + value.len + 4);

	if (!at)
		return;
	at = span_copy(at, name);
	at = span_copy(at, SPAN(": "));
	at = span_copy(at, value);
	span_copy(at, SPAN("\r\n"));
}

#endif

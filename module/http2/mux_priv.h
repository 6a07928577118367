/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mux, as its own files see it:
 *
 *	mux.c		what comes
 *	mux_write.c	what goes
 *	mux_streams.c	which streams there are, and were
 */
#ifndef L7MESH_MUX_PRIV_H
#define L7MESH_MUX_PRIV_H

#include <linux/minmax.h>

#include "http2/mux.h"

/* mux_streams.c */
/* Without any. Returns what is behind the memory that it takes. */
char *mux_streams_init(struct mux *m, u32 max_streams, char *memory);
void mux_streams_add(struct mux *m, struct mux_stream *st);
/* @id, larger than any before, is the last one that was opened. */
void mux_streams_advance(struct mux *m, u32 id);
/* One that is not there (any more), whose last state was this. */
void mux_streams_gone(struct mux *m, u32 id, enum stream_state state);
/*
 * Of such a one. STREAM_IDLE is also what one is that was passed over, below ->opened: 5.1.1
 * makes HEADERS on it the connection's error as well, as all else is on an idle one.
 */
enum stream_state mux_streams_state(const struct mux *m, u32 id);

/*
 * What of the peer's streams may come before it is taken: from the ACK of our SETTINGS on.
 * Before, whichever is more: it may know them already.
 */
static inline u32 mux_initial(const struct mux *m)
{
	return m->acknowledged ? m->options.stream_window :
				 max_t(u32, m->options.stream_window, FRAME_WINDOW_DEFAULT);
}

#endif

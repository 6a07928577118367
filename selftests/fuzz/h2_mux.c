// SPDX-License-Identifier: GPL-2.0
/*
 * h2_mux: a connection of HTTP/2 says and answers the same in any pieces, whatever comes;
 * its streams are those that it counts. Two ends that do what they may understand each
 * other, and nghttp2 understands the client.
 *
 * Input: what is done; seed of the split; then frames, or what the ends do.
 */
#include "../unit/mux_end.h"
#include "fuzz.h"

#define LINES(s)	(s), sizeof(s) - 1
#define E	"\x1e"
#define TUNNEL	":method: CONNECT" E ":authority: a:80" E
#define GET	":method: GET" E ":scheme: http" E ":path: /" E ":authority: a" E
#define OK	":status: 200" E
#define EARLY	":status: 103" E
#define TRAILER	"a: b" E

static void sound(const struct mux_end *e)
{
	const struct mux_end_stream *st;
	u32 n = 0;

	for (st = e->streams; st; st = st->next) {
		if (st->s.state == STREAM_IDLE && !e->m.server)
			continue;
		must_hold(mux_find(&e->m, st->s.id) == &st->s);
		n++;
	}
	must_hold(n == e->m.nstreams && n <= e->m.options.max_streams + 2);
}

/* ---- whatever comes ---- */

static void begin(struct mux_end *e, bool server, bool open)
{
	mux_end_init(e, server, &mux_end_options);
	if (open)
		mux_end_take(e, FRAME_PREFACE, 100);
	if (server)
		return;
	mux_end_send_block(e, &mux_end_new(e)->s, LINES(GET), true);
	mux_end_send_block(e, &mux_end_new(e)->s, LINES(TUNNEL), false);
}

static void read_all(struct mux_end *e, struct input in, u32 seed)
{
	while (in.left && !e->over) {
		u32 n = seed ? 1 + next_random(&seed) % (next_random(&seed) % 4 ? 9 : 300) :
			       in.left;

		n = n < in.left ? n : in.left;
		mux_end_take(e, (struct span){ in.p, n }, n);
		sound(e);
		in.p += n;
		in.left -= n;
	}
}

static void same(const struct block_text *a, const struct block_text *b)
{
	must_hold(a->len == b->len && !memcmp(a->p ?: "", b->p ?: "", a->len));
}

static void whatever_comes(struct input in, bool server, bool open, u32 seed)
{
	struct mux_end whole, pieces;

	begin(&whole, server, open && server);
	begin(&pieces, server, open && server);
	/* Each piece of DATA that was taken may be worth a frame of its own. */
	whole.keeps = true;
	pieces.keeps = true;
	read_all(&whole, in, 0);
	read_all(&pieces, in, seed);
	must_hold(whole.over == pieces.over && whole.m.code == pieces.m.code);
	same(&whole.said, &pieces.said);
	same(&whole.out, &pieces.out);
	mux_end_exit(&whole);
	mux_end_exit(&pieces);
}

/* ---- two ends ---- */

static struct mux_end_stream *nth_stream(struct mux_end *e, u32 n)
{
	struct mux_end_stream *st = e->streams;

	for (n = e->m.nstreams ? n % e->m.nstreams : 0; n && st; n--)
		st = st->next;
	return st;
}

static void say_head(struct mux_end *e, struct mux_end_stream *st, bool last)
{
	if (e->m.server && !st->sent++)
		mux_end_send_block(e, &st->s, LINES(OK), last);
	else
		mux_end_send_block(e, &st->s, LINES(TRAILER), true);
}

static void act(struct mux_end *e, struct input *in)
{
	u32 what = take_number(in, 1), n = take_number(in, 1);
	struct mux_end_stream *st = nth_stream(e, n);
	char text[FRAME_PING_LEN];

	if (what < 40 && !e->m.server) {
		if (mux_may_open(&e->m) && e->m.nstreams < e->m.options.max_streams)
			mux_end_send_block(e, &mux_end_new(e)->s,
					   what & 1 ? TUNNEL : GET,
					   what & 1 ? sizeof(TUNNEL) - 1 : sizeof(GET) - 1,
					   what & 2);
	} else if (what == 40 && mux_may_ping(&e->m)) {
		mux_end_write(e, text, mux_write_ping(&e->m, text));
	} else if (what == 41) {
		mux_end_write(e, text, mux_write_goaway(&e->m, 0, n & 1, text));
	} else if (!st) {
		return;
	} else if (what < 50) {
		mux_end_reset(e, &st->s, st->s.id, FRAME_CANCEL);
	} else if (!mux_sends(&st->s)) {
		return;
	} else if (what < 60 && e->m.server && !st->sent) {
		mux_end_send_block(e, &st->s, LINES(EARLY), false);
	} else if (what < 90 || (e->m.server && !st->sent)) {
		say_head(e, st, what & 1);
		mux_end_forget_closed(e, &st->s);
	} else {
		mux_end_send_data(e, &st->s, n * n, what & 1);
		mux_end_forget_closed(e, &st->s);
	}
}

#ifdef HAVE_NGHTTP2
/* Another one that reads what an end says; what itself would say is of no interest. */
static nghttp2_session *other_end(void)
{
	const nghttp2_settings_entry window = {
		NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, FRAME_STREAM_MAX
	};
	nghttp2_session_callbacks *callbacks;
	nghttp2_session *session;
	nghttp2_option *option;

	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_option_new(&option);
	/* Whoever answers the client is not this one: nothing ends, or is asked for, by it. */
	nghttp2_option_set_no_http_messaging(option, 1);
	nghttp2_session_server_new2(&session, callbacks, NULL, option);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	nghttp2_submit_settings(session, 0, &window, 1);
	nghttp2_session_set_local_window_size(session, 0, 0, FRAME_STREAM_MAX);
	return session;
}

static void other_reads(nghttp2_session *session, struct block_text bytes)
{
	ssize_t n = nghttp2_session_mem_recv(session, (const u8 *)bytes.p, bytes.len);
	const u8 *answer;

	must_hold(n == (ssize_t)bytes.len);
	/* It would say why it ends. */
	while (nghttp2_session_mem_send(session, &answer) > 0)
		must_hold(answer[3] != FRAME_GOAWAY && answer[3] != FRAME_RST_STREAM);
}
#endif

/* What one has for the other, in pieces; the client's is read by nghttp2 as well. */
static void carry(struct mux_end *from, struct mux_end *to, u32 step, void *other)
{
	struct block_text out = mux_end_sends(from);

#ifdef HAVE_NGHTTP2
	if (other && out.len)
		other_reads(other, out);
#else
	(void)other;
#endif
	mux_end_take(to, (struct span){ out.p, out.len }, step);
	sound(to);
	free(out.p);
}

static void two_ends(struct input in)
{
	struct mux_options o = mux_end_options;
	struct mux_end client, server;
	void *other = NULL;
	u32 step;

	o.glitches.rate = 0;
	o.stream_window = 1000 + take_number(&in, 2) * 10;
	o.window = FRAME_WINDOW_DEFAULT + take_number(&in, 2);
	mux_end_init(&client, false, &o);
	mux_end_init(&server, true, &o);
	client.quiet = true;
	server.quiet = true;
#ifdef HAVE_NGHTTP2
	other = other_end();
#endif
	while (in.left) {
		step = 1 + take_number(&in, 1) * 50;
		act(step & 1 ? &client : &server, &in);
		if (step & 4)
			carry(&client, &server, step, other);
		if (step & 8)
			carry(&server, &client, step, NULL);
		must_hold(!client.over && !server.over);
	}
	mux_end_exit(&client);
	mux_end_exit(&server);
#ifdef HAVE_NGHTTP2
	nghttp2_session_del(other);
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data, size };
	u32 what = take_number(&in, 1);

	if (what & 1)
		two_ends(in);
	else
		whatever_comes(in, what & 2, what & 4, take_number(&in, 2) | 1);
	return 0;
}

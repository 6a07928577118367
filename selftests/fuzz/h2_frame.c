// SPDX-License-Identifier: GPL-2.0
/*
 * h2_frame: frames say the same in any pieces; what is passed on is within its frame; and
 * all is taken.
 *
 * Input: whose frames they are, seed of the split, the frames.
 */
#include "fuzz.h"
#include "http2/frame.h"

/* Everything that was said, mixed. Pieces are one, however they are cut. */
struct said {
	u64 sum;
	u64 payload;
	u32 events;
};

static void mix(struct said *s, u64 n)
{
	s->sum = (s->sum ^ n) * 0x9e3779b97f4a7c15ULL;
	s->sum ^= s->sum >> 29;
}

static void mix_bytes(struct said *s, const char *p, u32 len)
{
	while (len--)
		mix(s, (u8)*p++);
}

static void note(struct said *s, const struct frame_reader *r, enum frame_event event)
{
	s->events++;
	mix(s, event);
	mix(s, (u64)r->type << 40 | (u64)r->flags << 32 | r->stream);
	mix(s, r->length);
	if (event == FRAME_WHOLE || event == FRAME_ERROR || event == FRAME_STREAM_ERROR)
		mix(s, r->code);
	if (event == FRAME_SETTING)
		mix(s, (u64)r->setting.id << 32 | r->setting.value);
	if (event == FRAME_WHOLE && r->type == FRAME_PING)
		mix_bytes(s, r->ping, sizeof(r->ping));
	if (event == FRAME_WHOLE && r->type == FRAME_PRIORITY_UPDATE)
		mix_bytes(s, r->text, r->text_len);
}

static void sound(const struct frame_reader *r, enum frame_event event)
{
	switch (event) {
	case FRAME_BEGUN:
		must_hold(r->left <= r->length && r->length <= r->size_max && r->stream);
		break;
	case FRAME_STREAM_ERROR:
		must_hold(r->stream && r->code);
		break;
	case FRAME_ERROR:
		must_hold(r->code);
		break;
	case FRAME_WHOLE:
		must_hold(r->text_len <= FRAME_TEXT_MAX);
		break;
	default:
		break;
	}
}

/* @seed: 0: all at once */
static struct said read_all(struct input bytes, bool of_server, u32 seed, bool skip)
{
	enum frame_event event = FRAME_MORE;
	struct frame_reader r;
	struct said s = { 0 };

	frame_reader_init(&r, of_server);
	while (bytes.left && event != FRAME_ERROR) {
		u32 n = seed ? 1 + next_random(&seed) % (next_random(&seed) % 4 ? 9 : 300) :
			       bytes.left;
		struct span in, before;
		char *copy;

		n = n < bytes.left ? n : bytes.left;
		copy = copy_of(bytes.p, n);
		bytes.p += n;
		bytes.left -= n;
		in = (struct span){ copy, n };
		do {
			if (skip && r.left && event == FRAME_BEGUN) {
				n = r.left < in.len ? r.left : in.len;
				mix_bytes(&s, in.p, n);
				s.payload += n;
				in = span_from(in, n);
				frame_passed(&r, n);
			}
			before = in;
			event = frame_next(&r, &in);
			must_hold(in.len <= before.len);
			sound(&r, event);
			if (event == FRAME_PIECE) {
				mix_bytes(&s, before.p, before.len - in.len);
				s.payload += before.len - in.len;
			} else if (event != FRAME_MORE) {
				note(&s, &r, event);
			}
		} while (event != FRAME_MORE && event != FRAME_ERROR);
		must_hold(event == FRAME_ERROR || !in.len);
		free(copy);
	}
	return s;
}

static bool same(struct said a, struct said b)
{
	return a.sum == b.sum && a.payload == b.payload && a.events == b.events;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data, size };
	bool of_server = take_number(&in, 1) & 1;
	u32 seed = take_number(&in, 2) | 1;
	struct said whole = read_all(in, of_server, 0, false);

	must_hold(same(whole, read_all(in, of_server, seed, false)));
	must_hold(same(whole, read_all(in, of_server, seed, true)));
	return 0;
}

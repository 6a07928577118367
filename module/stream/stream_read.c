// SPDX-License-Identifier: GPL-2.0
#include "stream/stream_priv.h"

int stream_note_refusal(struct reader *r, enum mesh_stat reason, u16 status)
{
	r->reason = reason;
	r->refuse_status = status;
	return 0;
}

/* There is no memory for a head. If this run may not sleep, the work tries again. */
int stream_note_no_memory(struct reader *r)
{
	if (r->run->may_sleep)
		return stream_note_refusal(r, STAT_REPLY_NO_MEMORY, 503);
	r->run->defer = true;
	return 0;
}

int stream_note_memory_limit(struct reader *r)
{
	return stream_note_refusal(r, STAT_REPLY_MEMORY_LIMIT, 503);
}

void stream_read_from(struct link *link, struct stream *s, struct run *run,
		      sk_read_actor_t actor)
{
	struct reader r = { .s = s, .run = run };
	read_descriptor_t desc = { .arg.data = &r, .count = 1 };

	if (!link_pending(link))
		return;
	/* Out-of-band bytes would stop all that follow; HTTP has none. */
	if (link_has_urgent(link)) {
		stream_end(s, run, true);
		return;
	}
	link_read(link, &desc, actor);
	if (r.retry)
		stream_retry(s, run, r.wait);
	else if (r.failed)
		stream_upstream_failed(s, run, POLICY_NO_RESPONSE, r.reason,
				       r.refuse_status);
	else if (r.refuse_status)
		stream_refuse(s, run, r.reason, r.refuse_status);
}

/*
 * One of the two directions is read first. The other one gets a share of its own,
 * even if the budget is used up: else a peer that never stops sending would starve
 * it.
 */
#define SHARE		20000

void stream_read_second(struct link *link, struct stream *s, struct run *run,
			sk_read_actor_t actor)
{
	int lent = run->left > 0 ? 0 : SHARE - run->left;

	run->left += lent;
	stream_read_from(link, s, run, actor);
	run->left -= lent;
}

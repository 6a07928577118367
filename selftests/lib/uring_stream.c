// SPDX-License-Identifier: GPL-2.0
/*
 * Sends and receives by io_uring.
 *
 *	uring_stream FROM TO BYTES
 *
 * FROM and TO are descriptors of connected sockets. BYTES are sent on the one,
 * several sends in flight, linked, and received on the other by one receive that goes on
 * (multishot) into buffers of a pool. Then FROM is shut down. Prints "N in order"
 * when that has come, or what went wrong.
 */
#include <liburing.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PIECE	20000
#define SENDS	4
#define BUFFERS	8
#define SIZE	3000
#define GROUP	7

enum { SENT, RECEIVED, PROVIDED };	/* user_data */

static struct io_uring ring;
static unsigned char out[SENDS][PIECE], in[BUFFERS][SIZE];

static void die(const char *what, int err)
{
	printf("%s: %s\n", what, strerror(err));
	exit(0);
}

static unsigned char at(size_t position)
{
	return position * 7 + (position >> 8);
}

static void provide(int first, int n)
{
	struct io_uring_sqe *e = io_uring_get_sqe(&ring);

	io_uring_prep_provide_buffers(e, in[first], SIZE, n, GROUP, first);
	e->user_data = PROVIDED;
}

static void receive(int fd)
{
	struct io_uring_sqe *e = io_uring_get_sqe(&ring);

	io_uring_prep_recv_multishot(e, fd, NULL, 0, 0);
	e->flags |= IOSQE_BUFFER_SELECT;
	e->buf_group = GROUP;
	e->user_data = RECEIVED;
}

/* Up to SENDS pieces, one after the other. */
static int send_some(int fd, size_t *position, size_t total)
{
	struct io_uring_sqe *e;
	size_t i, len;
	int n;

	for (n = 0; n < SENDS && *position < total; n++) {
		len = total - *position < PIECE ? total - *position : PIECE;
		for (i = 0; i < len; i++)
			out[n][i] = at(*position + i);
		e = io_uring_get_sqe(&ring);
		io_uring_prep_send(e, fd, out[n], len, MSG_WAITALL);
		e->user_data = SENT;
		*position += len;
		if (n < SENDS - 1 && *position < total)
			e->flags |= IOSQE_IO_LINK;
	}
	return n;
}

/* Returns how many bytes came. */
static int take(const struct io_uring_cqe *c, size_t position, int fd)
{
	int id = c->flags >> IORING_CQE_BUFFER_SHIFT, i;

	if (c->res < 0 && c->res != -ENOBUFS)
		die("recv", -c->res);
	for (i = 0; i < c->res; i++)
		if (in[id][i] != at(position + i))
			die("wrong byte", 0);
	if (c->flags & IORING_CQE_F_BUFFER)
		provide(id, 1);
	if (c->res && !(c->flags & IORING_CQE_F_MORE))
		receive(fd);
	return c->res > 0 ? c->res : 0;
}

/* The last of the sends in flight queues the next, or ends the stream. */
static void sent_one(const struct io_uring_cqe *c, int fd, size_t total)
{
	static size_t position;
	static int in_flight;

	if (c && c->res < 0)
		die("send", -c->res);
	if (c && --in_flight)
		return;
	in_flight = send_some(fd, &position, total);
	if (!in_flight)
		shutdown(fd, SHUT_WR);
}

int main(int argc, char **argv)
{
	size_t total, received = 0;
	struct io_uring_cqe *c;
	bool ended = false;
	int from, to, err;

	if (argc != 4)
		return 2;
	from = atoi(argv[1]);
	to = atoi(argv[2]);
	total = strtoul(argv[3], NULL, 0);
	err = io_uring_queue_init(64, &ring, 0);
	if (err)
		die("io_uring", -err);
	provide(0, BUFFERS);
	receive(to);
	sent_one(NULL, from, total);
	while (!ended) {
		err = io_uring_submit_and_wait(&ring, 1);
		if (err < 0)
			die("wait", -err);
		while (!io_uring_peek_cqe(&ring, &c)) {
			if (c->user_data == SENT)
				sent_one(c, from, total);
			if (c->user_data == RECEIVED)
				received += take(c, received, to);
			ended |= c->user_data == RECEIVED && !c->res;
			io_uring_cqe_seen(&ring, c);
		}
	}
	printf("%zu in order\n", received);
	return 0;
}

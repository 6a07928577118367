// SPDX-License-Identifier: GPL-2.0
/*
 * Sends what its standard input has, as one datagram, by io_uring.
 *
 *	uring_send FD [async]
 *
 * async: by one of io_uring's workers. Exit 0 if it was sent.
 */
#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char datagram[65536];
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	ssize_t len;

	if (argc < 2)
		return 1;
	len = read(STDIN_FILENO, datagram, sizeof(datagram));
	if (len < 0 || io_uring_queue_init(2, &ring, 0))
		return 1;
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_send(sqe, atoi(argv[1]), datagram, len, 0);
	if (argc > 2)
		io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
	if (io_uring_submit_and_wait(&ring, 1) < 0 ||
	    io_uring_wait_cqe(&ring, &cqe))
		return 1;
	if (cqe->res != len)
		fprintf(stderr, "sent %d: %s\n", cqe->res, strerror(-cqe->res));
	return cqe->res != len;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Sends a datagram to where it is told and receives the answer, each by io_uring.
 *
 *	udp_send FD ADDRESS PORT [async]
 *
 * FD is a UDP socket, not connected. The datagram is its standard input's; the answer is
 * printed, behind a line that says from where it came. async: by one of io_uring's
 * workers. Exit 0 if there was an answer.
 */
#include <arpa/inet.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct io_uring ring;
static int flags;

/* Returns how many bytes, or -1. */
static int carry_out(int fd, struct msghdr *msg, int receives)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	struct io_uring_cqe *cqe;
	int done;

	if (receives)
		io_uring_prep_recvmsg(sqe, fd, msg, 0);
	else
		io_uring_prep_sendmsg(sqe, fd, msg, 0);
	io_uring_sqe_set_flags(sqe, flags);
	if (io_uring_submit_and_wait(&ring, 1) < 0 || io_uring_wait_cqe(&ring, &cqe))
		return -1;
	done = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	if (done < 0)
		fprintf(stderr, "%s\n", strerror(-done));
	return done < 0 ? -1 : done;
}

static socklen_t set_address(struct sockaddr_storage *to, const char *host, int port)
{
	struct sockaddr_in6 *in6 = (void *)to;
	struct sockaddr_in *in = (void *)to;

	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
		return 0;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	return sizeof(*in6);
}

static void tell_address(const struct sockaddr_storage *from)
{
	const struct sockaddr_in6 *in6 = (const void *)from;
	const struct sockaddr_in *in = (const void *)from;
	char text[INET6_ADDRSTRLEN];

	if (from->ss_family == AF_INET)
		printf("%s %d\n", inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text)),
		       ntohs(in->sin_port));
	else
		printf("%s %d\n", inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text)),
		       ntohs(in6->sin6_port));
}

int main(int argc, char **argv)
{
	static char data[65536];
	struct sockaddr_storage peer = { 0 };
	struct iovec iov = { .iov_base = data };
	struct msghdr msg = { .msg_name = &peer, .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t len;

	if (argc < 4 || io_uring_queue_init(2, &ring, 0))
		return 1;
	flags = argc > 4 ? IOSQE_ASYNC : 0;
	len = read(STDIN_FILENO, data, sizeof(data));
	msg.msg_namelen = set_address(&peer, argv[2], atoi(argv[3]));
	if (len < 0 || !msg.msg_namelen)
		return 1;
	iov.iov_len = len;
	if (carry_out(atoi(argv[1]), &msg, 0) != len)
		return 1;
	iov.iov_len = sizeof(data);
	msg.msg_namelen = sizeof(peer);
	len = carry_out(atoi(argv[1]), &msg, 1);
	if (len < 0)
		return 1;
	tell_address(&peer);
	fwrite(data, 1, len, stdout);
	return 0;
}

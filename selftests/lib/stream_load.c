// SPDX-License-Identifier: GPL-2.0
/*
 * Many streams at once, each byte checked.
 *
 *	stream_load STREAMS BYTES SECONDS
 *
 * Rounds until SIGTERM: in each, STREAMS connections over loopback, IPv4 and IPv6
 * in turn, carry BYTES each, in writes of 1 to 65,536 and reads of other sizes, by
 * edge-triggered epoll on both ends: an event that is not told is a stream that
 * stands still. A round that is done prints "round N"; SECONDS in which nothing is
 * told end it with "stalled N" (how many streams were not done), a byte that is
 * not what was sent with "wrong", what else fails with its errno. The end is
 * "BYTES in N rounds".
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 65536
#define PERIOD 251

struct stream {
	int ends[2];	/* writer, reader */
	size_t sent, received;
	uint32_t seed;
};

static volatile sig_atomic_t stop;
static unsigned char pattern[CHUNK + PERIOD], buffer[CHUNK];
static size_t total;
static int patience;	/* ms */

static void end(const char *what, long n)
{
	printf("%s %ld\n", what, n);
	exit(1);
}

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static uint32_t some(struct stream *s, uint32_t most)
{
	s->seed = s->seed * 1664525 + 1013904223;
	return 1 + (s->seed >> 8) % most;
}

static void send_some(struct stream *s)
{
	size_t len;
	ssize_t n;

	while (s->sent < total) {
		len = some(s, CHUNK);
		if (len > total - s->sent)
			len = total - s->sent;
		n = send(s->ends[0], pattern + s->sent % PERIOD, len,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			end("send", errno);
		s->sent += n;
	}
	shutdown(s->ends[0], SHUT_WR);
}

/* Returns whether the end has come. */
static bool receive_some(struct stream *s)
{
	ssize_t n;

	for (;;) {
		n = recv(s->ends[1], buffer, some(s, CHUNK), MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0)
			end("recv", errno);
		if (!n)
			break;
		if (memcmp(buffer, pattern + s->received % PERIOD, n))
			end("wrong", s->received);
		s->received += n;
	}
	if (s->received != total)
		end("cut", s->received);
	return true;
}

static void open_stream(struct stream *s, const int *listeners, int i)
{
	struct sockaddr_storage to;
	socklen_t len = sizeof(to);

	getsockname(listeners[i % 2], (struct sockaddr *)&to, &len);
	s->ends[0] = socket(to.ss_family, SOCK_STREAM, 0);
	if (s->ends[0] < 0 || connect(s->ends[0], (struct sockaddr *)&to, len))
		end("connect", errno);
	s->ends[1] = accept(listeners[i % 2], NULL, NULL);
	if (s->ends[1] < 0)
		end("accept", errno);
	s->sent = 0;
	s->received = 0;
	s->seed = i;
}

static void watch(int ep, struct stream *s, int i)
{
	struct epoll_event e = { EPOLLOUT | EPOLLET, { .u32 = i * 2 } };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, s->ends[0], &e))
		end("epoll", errno);
	e = (struct epoll_event){ EPOLLIN | EPOLLET, { .u32 = i * 2 + 1 } };
	if (epoll_ctl(ep, EPOLL_CTL_ADD, s->ends[1], &e))
		end("epoll", errno);
}

static void run_round(struct stream *streams, int n, const int *listeners)
{
	int ep = epoll_create1(0), i, k, left = n;
	struct epoll_event events[64];
	struct stream *s;

	for (i = 0; i < n; i++) {
		open_stream(&streams[i], listeners, i);
		watch(ep, &streams[i], i);
	}
	while (left) {
		k = epoll_wait(ep, events, 64, patience);
		if (!k)
			end("stalled", left);
		for (i = 0; i < k; i++) {
			s = &streams[events[i].data.u32 / 2];
			if (events[i].data.u32 % 2 == 0) {
				if (s->sent < total)
					send_some(s);
			} else if (receive_some(s)) {
				close(s->ends[0]);
				close(s->ends[1]);
				left--;
			}
		}
	}
	close(ep);
}

static int listen_on(sa_family_t family)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(family, SOCK_STREAM, 0), err;

	err = family == AF_INET ?
	      bind(fd, (struct sockaddr *)&in, sizeof(in)) :
	      bind(fd, (struct sockaddr *)&in6, sizeof(in6));
	if (err || listen(fd, 4096))
		end("listen", errno);
	return fd;
}

int main(int argc, char **argv)
{
	struct rlimit files = { 65536, 65536 };
	int listeners[2], n, rounds = 0;
	struct stream *streams;
	size_t i;

	if (argc != 4)
		return 2;
	n = atoi(argv[1]);
	total = strtoul(argv[2], NULL, 0);
	patience = atoi(argv[3]) * 1000;
	streams = calloc(n, sizeof(*streams));
	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = i % PERIOD;
	setlinebuf(stdout);
	signal(SIGTERM, on_term);
	setrlimit(RLIMIT_NOFILE, &files);
	listeners[0] = listen_on(AF_INET);
	listeners[1] = listen_on(AF_INET6);
	while (!stop) {
		run_round(streams, n, listeners);
		printf("round %d\n", ++rounds);
	}
	printf("%zu in %d rounds\n", total * n * rounds, rounds);
	return 0;
}

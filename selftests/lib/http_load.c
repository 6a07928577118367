// SPDX-License-Identifier: GPL-2.0
/*
 * http_load: so many GET requests and no more, each answer checked and counted.
 *
 *   http_load [-c CONNECTIONS] [-k REQUESTS] [-e] [-u PATH] ADDRESS PORT REQUESTS
 *
 *   -c	connections at a time; default 8
 *   -k	requests of a connection before it is replaced; default no limit
 *   -e	a connect() that fails is counted and tried again, it is no failure
 *   -u	path; default /
 *
 * SIGTERM: no more requests; what has been asked is waited for.
 *
 * Each request has another x-user. Prints a line for each:
 *   ok N, failed N, connects N, refused N, pod NAME N (by X-Pod)
 * Exit 1 if a request failed: no response within 60 s, a status but 200, another
 * length than announced, or an end or error of the connection before that.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE	60
#define PODS		32

struct conn {
	int fd;
	unsigned int served;
	bool connecting;
	bool asked;		/* a response is due */
	bool last;		/* it said Connection: close */
	time_t since;
	size_t len;
	char buf[16384];
};

static struct sockaddr_storage to;
static socklen_t to_len;
static const char *path = "/";
static unsigned long to_ask, per_conn = ~0UL, asked, ok, failed, connects;
static unsigned long refused;
static bool errors_allowed;
static volatile sig_atomic_t stop;
static int epfd;
static struct {
	char name[64];
	unsigned long count;
} pods[PODS];

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void watch(struct conn *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (epoll_ctl(epfd, EPOLL_CTL_MOD, c->fd, &ev))
		die("epoll_ctl");
}

static void begin(struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLOUT, .data.ptr = c };
	int one = 1;

	memset(c, 0, offsetof(struct conn, buf));
	c->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		die("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->connecting = true;
	c->since = time(NULL);
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &ev))
		die("epoll_ctl");
	if (connect(c->fd, (void *)&to, to_len) && errno != EINPROGRESS) {
		/* Looked at when it is its turn, as any other. */
		int err = errno;

		if (!errors_allowed) {
			fprintf(stderr, "connect: %s\n", strerror(err));
			failed++;
		} else {
			refused++;
		}
		close(c->fd);
		c->fd = -1;
	}
}

static void end(struct conn *c)
{
	close(c->fd);
	c->fd = -1;
}

static void fail(struct conn *c, const char *why)
{
	fprintf(stderr, "request failed: %s after %zu bytes, request %u of its connection\n",
		why, c->len, c->served + 1);
	failed++;
	c->asked = false;
	end(c);
}

static void ask(struct conn *c)
{
	char request[512];
	int n;

	if (asked == to_ask) {
		end(c);
		return;
	}
	n = snprintf(request, sizeof(request),
		     "GET %s HTTP/1.1\r\nHost: load.example\r\nx-user: %lu\r\n\r\n",
		     path, asked++);
	c->asked = true;
	c->len = 0;
	c->since = time(NULL);
	if (send(c->fd, request, n, MSG_NOSIGNAL) != n)
		fail(c, strerror(errno));
}

static void count_pod(const char *name, size_t len)
{
	int i;

	for (i = 0; i < PODS - 1 && pods[i].count; i++)
		if (strlen(pods[i].name) == len &&
		    !memcmp(pods[i].name, name, len))
			break;
	snprintf(pods[i].name, sizeof(pods[i].name), "%.*s", (int)len, name);
	pods[i].count++;
}

static const char *field(const char *head, const char *name)
{
	const char *at = strcasestr(head, name);

	return at ? at + strlen(name) : NULL;
}

/* Is the response whole? Then it is judged. */
static void judge(struct conn *c)
{
	const char *body, *pod, *length;

	c->buf[c->len] = '\0';
	body = strstr(c->buf, "\r\n\r\n");
	if (!body)
		return;
	body += 4;
	if (strncmp(c->buf, "HTTP/1.1 200 ", 13)) {
		*strchr(c->buf, '\r') = '\0';
		fail(c, c->buf);
		return;
	}
	length = field(c->buf, "\r\ncontent-length: ");
	if (!length) {
		fail(c, "no length");
		return;
	}
	if ((size_t)(c->buf + c->len - body) < strtoul(length, NULL, 10))
		return;
	if ((size_t)(c->buf + c->len - body) > strtoul(length, NULL, 10)) {
		fail(c, "more than announced");
		return;
	}
	pod = field(c->buf, "\r\nx-pod: ");
	if (pod)
		count_pod(pod, strcspn(pod, "\r"));
	c->last = field(c->buf, "\r\nconnection: close");
	c->asked = false;
	ok++;
	if (++c->served >= per_conn || c->last)
		end(c);
	else
		ask(c);
}

static void connected(struct conn *c)
{
	socklen_t len = sizeof(int);
	int err = 0;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	c->connecting = false;
	if (!err) {
		connects++;
		watch(c, EPOLLIN);
		ask(c);
		return;
	}
	if (errors_allowed) {
		refused++;
	} else {
		fprintf(stderr, "connect: %s\n", strerror(err));
		failed++;
	}
	end(c);
}

static void readable(struct conn *c)
{
	ssize_t n = recv(c->fd, c->buf + c->len, sizeof(c->buf) - 1 - c->len, 0);

	if (n > 0) {
		c->len += n;
		judge(c);
	} else if (n == 0 || errno != EAGAIN) {
		/* Between two requests it may end. */
		if (c->asked)
			fail(c, n ? strerror(errno) : "EOF");
		else
			end(c);
	}
}

static void look_after(struct conn *c)
{
	if (c->fd >= 0 && time(NULL) - c->since > PATIENCE) {
		if (c->connecting && errors_allowed) {
			refused++;
			end(c);
		} else {
			fail(c, "no response");
		}
	}
	if (c->fd < 0 && asked < to_ask) {
		if (refused && refused % 64 == 0)
			usleep(10000);
		begin(c);
	}
}

static void run(struct conn *conns, int n)
{
	struct epoll_event ev[64];
	int i, got, open;

	for (;;) {
		for (i = open = 0; i < n; i++) {
			look_after(&conns[i]);
			open += conns[i].fd >= 0;
		}
		if (stop)
			to_ask = asked;
		if (!open && asked == to_ask)
			return;
		if (failed > 1000)
			return;
		/* Only a few rounds look at every connection. */
		for (i = 0; i < 64; i++) {
			int j;

			got = epoll_wait(epfd, ev, 64, 20);
			for (j = 0; j < got; j++) {
				struct conn *c = ev[j].data.ptr;

				if (c->fd < 0)
					continue;
				if (c->connecting)
					connected(c);
				else
					readable(c);
				if (c->fd < 0 && asked < to_ask)
					begin(c);
			}
			if (got <= 0)
				break;
		}
	}
}

static void set_address(const char *text, int port)
{
	struct sockaddr_in *v4 = (void *)&to;
	struct sockaddr_in6 *v6 = (void *)&to;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		to_len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		to_len = sizeof(*v6);
	} else {
		fprintf(stderr, "%s is no address\n", text);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	int n = 8, opt, i;
	struct conn *conns;

	while ((opt = getopt(argc, argv, "c:k:eu:")) != -1) {
		switch (opt) {
		case 'c':
			n = atoi(optarg);
			break;
		case 'k':
			per_conn = strtoul(optarg, NULL, 10);
			break;
		case 'e':
			errors_allowed = true;
			break;
		case 'u':
			path = optarg;
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 3)
		return 2;
	set_address(argv[optind], atoi(argv[optind + 1]));
	to_ask = strtoul(argv[optind + 2], NULL, 10);
	signal(SIGTERM, on_term);
	epfd = epoll_create1(0);
	conns = calloc(n, sizeof(*conns));
	if (epfd < 0 || !conns)
		die("set-up");
	for (i = 0; i < n; i++)
		conns[i].fd = -1;
	run(conns, n);
	printf("ok %lu\nfailed %lu\nconnects %lu\nrefused %lu\n", ok, failed,
	       connects, refused);
	for (i = 0; i < PODS && pods[i].count; i++)
		printf("pod %s %lu\n", pods[i].name, pods[i].count);
	return failed > 0;
}

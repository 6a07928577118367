// SPDX-License-Identifier: GPL-2.0
/*
 * server: small HTTP/1.1 servers of one process, as a mesh has them behind it.
 *
 *   server PORT [HOST=ADDRESS:PORT]...
 *
 * GET /N is answered with N bytes of body, /0 if there is no number. With services
 * named, each is asked first, one after the other ("GET /128" with that Host, on a
 * connection that is kept), as bookinfo's product page asks for details and for
 * reviews: 502 if one of them does not answer 200.
 *
 * Ends when killed. Exit 1 if it cannot listen.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_SIZE	8192
#define CHUNK		65536
#define EVENTS		64
#define SERVICES	8
#define BACKLOG		4096

struct conn {
	int fd;
	size_t have;		/* of the request's head */
	size_t left;		/* of the response's body that is to be sent */
	bool waits;		/* for room in the socket's buffer */
	bool last;		/* it said Connection: close */
	char head[HEAD_SIZE];
};

struct service {
	struct sockaddr_in address;
	char request[256];
	size_t request_len;
	int fd;			/* -1: not connected */
};

static struct service services[SERVICES];
static unsigned int n_services;
static char chunk[CHUNK + HEAD_SIZE];
static int epfd;

/* ---- what this one asks others ---- */

static bool connect_service(struct service *s)
{
	int one = 1;

	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (s->fd < 0)
		err(1, "socket");
	if (connect(s->fd, (struct sockaddr *)&s->address, sizeof(s->address))) {
		close(s->fd);
		s->fd = -1;
		return false;
	}
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return true;
}

/* Whether a whole response came, and its status is 200. */
static bool read_response(struct service *s)
{
	char buf[HEAD_SIZE + 1], *end = NULL, *field;
	size_t have = 0, total = HEAD_SIZE;
	ssize_t n;

	while (have < total) {
		n = read(s->fd, buf + have, HEAD_SIZE - have);
		if (n <= 0)
			return false;
		have += n;
		buf[have] = '\0';
		if (end)
			continue;
		end = strstr(buf, "\r\n\r\n");
		field = end ? strcasestr(buf, "\ncontent-length:") : NULL;
		if (end && (!field || field > end))
			return false;
		if (end)
			total = end + 4 - buf + strtoul(field + 16, NULL, 10);
	}
	return !strncmp(buf, "HTTP/1.1 200", 12);
}

static bool ask_once(struct service *s)
{
	if (s->fd < 0 && !connect_service(s))
		return false;
	if (send(s->fd, s->request, s->request_len, MSG_NOSIGNAL) ==
	    (ssize_t)s->request_len && read_response(s))
		return true;
	close(s->fd);
	s->fd = -1;
	return false;
}

/* A kept connection may have been closed meanwhile. */
static bool ask(struct service *s)
{
	bool kept = s->fd >= 0;

	return ask_once(s) || (kept && ask_once(s));
}

static bool ask_all(void)
{
	unsigned int i;

	for (i = 0; i < n_services; i++)
		if (!ask(&services[i]))
			return false;
	return true;
}

/* ---- a connection ---- */

static void watch(struct conn *c, uint32_t events, int how)
{
	struct epoll_event e = { events, { .ptr = c } };

	if (epoll_ctl(epfd, how, c->fd, &e))
		err(1, "epoll_ctl");
}

static void end_conn(struct conn *c)
{
	close(c->fd);
	free(c);
}

/* The rest of a body. False if the connection has ended. */
static bool send_body(struct conn *c)
{
	ssize_t n;

	while (c->left) {
		n = send(c->fd, chunk, c->left < CHUNK ? c->left : CHUNK,
			 MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			return false;
		c->left -= n;
	}
	if (!!c->left != c->waits) {
		c->waits = c->left;
		watch(c, c->waits ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
	}
	return c->left || !c->last;
}

/* Return: where the head ends; NULL if it is not all there. */
static char *end_of_head(struct conn *c)
{
	char *line = c->head, *stop = c->head + c->have, *feed;

	c->last = false;
	for (;; line = feed + 1) {
		feed = memchr(line, '\n', stop - line);
		if (!feed)
			return NULL;
		if (*line == '\r')
			return feed + 1;
		if ((*line | 0x20) == 'c' &&
		    !strncasecmp(line, "connection: close", 17))
			c->last = true;
	}
}

/* The head, and as much of the body as fits with it into one write. */
static bool answer(struct conn *c)
{
	size_t size = strtoul(c->head + 5, NULL, 10), head, first;
	const char *status = "200 OK";
	char text[256];
	ssize_t n;

	if (strncmp(c->head, "GET /", 5) || !ask_all()) {
		status = "502 Bad Gateway";
		size = 0;
	}
	head = snprintf(text, sizeof(text), "HTTP/1.1 %s\r\nServer: bench\r\n"
			"Content-Type: text/plain\r\n"
			"Content-Length: %zu\r\n\r\n", status, size);
	first = size < CHUNK ? size : CHUNK;
	memcpy(chunk, text, head);
	n = send(c->fd, chunk, head + first, MSG_NOSIGNAL);
	memset(chunk, 'x', head);
	/* Its buffer is empty: there is room for a head. */
	if (n < (ssize_t)head)
		return false;
	c->left = size - (n - head);
	return send_body(c);
}

/* False if the connection has ended. */
static bool serve(struct conn *c)
{
	ssize_t n;
	char *end;

	if (c->waits)
		return send_body(c);
	n = read(c->fd, c->head + c->have, HEAD_SIZE - 1 - c->have);
	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	c->have += n;
	c->head[c->have] = '\0';
	while (!c->waits) {
		end = end_of_head(c);
		if (!end)
			return c->have < HEAD_SIZE - 1;
		if (!answer(c))
			return false;
		c->have -= end - c->head;
		memmove(c->head, end, c->have + 1);
	}
	return true;
}

static void accept_all(int listener)
{
	struct conn *c;
	int fd, one = 1;

	for (;;) {
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		if (fd < 0)
			return;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		c = calloc(1, sizeof(*c));
		if (!c)
			err(1, "calloc");
		c->fd = fd;
		watch(c, EPOLLIN, EPOLL_CTL_ADD);
	}
}

/* ---- */

static int listen_at(const char *port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

	any.sin6_port = htons(atoi(port));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) ||
	    listen(fd, BACKLOG))
		err(1, "listening at %s", port);
	return fd;
}

/* HOST=ADDRESS:PORT */
static void parse_service(char *text)
{
	struct service *s = &services[n_services++];
	char *address = strchr(text, '='), *port = strrchr(text, ':');

	if (n_services > SERVICES || !address || !port)
		errx(1, "\"%s\" is not HOST=ADDRESS:PORT", text);
	*address++ = '\0';
	*port++ = '\0';
	s->address.sin_family = AF_INET;
	s->address.sin_port = htons(atoi(port));
	if (inet_pton(AF_INET, address, &s->address.sin_addr) != 1)
		errx(1, "\"%s\" is no address", address);
	s->request_len = snprintf(s->request, sizeof(s->request),
				  "GET /128 HTTP/1.1\r\nHost: %s\r\n"
				  "User-Agent: bench\r\n\r\n", text);
	s->fd = -1;
}

int main(int argc, char **argv)
{
	struct rlimit files = { 65536, 65536 };
	struct epoll_event events[EVENTS];
	int listener, n, i;
	struct conn *c;

	if (argc < 2)
		errx(1, "usage: server PORT [HOST=ADDRESS:PORT]...");
	setrlimit(RLIMIT_NOFILE, &files);
	for (i = 2; i < argc; i++)
		parse_service(argv[i]);
	memset(chunk, 'x', sizeof(chunk));
	epfd = epoll_create1(0);
	listener = listen_at(argv[1]);
	events[0] = (struct epoll_event){ EPOLLIN, { .ptr = NULL } };
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &events[0]))
		err(1, "epoll_ctl");
	for (;;) {
		n = epoll_wait(epfd, events, EVENTS, -1);
		for (i = 0; i < n; i++) {
			c = events[i].data.ptr;
			if (!c)
				accept_all(listener);
			else if (!serve(c))
				end_conn(c);
		}
	}
}

// SPDX-License-Identifier: GPL-2.0
/*
 * bench: two processes that pass bytes, for icount.c to count what it takes.
 *
 *   bench TRANSPORT WORK SIZE CONNECTIONS N [ADDRESS PORT]
 *
 *   TRANSPORT	tcp, unix or pipe (two of them)
 *   WORK	rr	round trips: SIZE bytes there, SIZE back
 *		stream	SIZE bytes a write, one way, read in 64 KiB
 *		crr	connect, a round trip, close
 *		http	a GET, answered with SIZE bytes of body
 *		cookie	the same, as a browser asks, with a cookie of 2 KiB
 *   CONNECTIONS	taken in turn; N is how many round trips or writes in all
 *   ADDRESS, PORT	where the client connects to, if not to the server itself;
 *		"serve" for ADDRESS: only the server, at PORT, until killed; a server of
 *		one's own is not started then
 *
 * The client marks the beginning and the end (1, 2) after a tenth of N for warming
 * up. Blocking system calls; the server of many connections waits in epoll.
 * Nothing is printed; a failure ends it with 1.
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
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK(id) \
	__asm__ volatile(".byte 0x0f,0x1f,0x80," #id ",0,0x4b,0x4d" ::: "memory")

#define READ_SIZE 65536
#define BACKLOG 4096

enum work { RR, STREAM, CRR, HTTP };

static enum work work;
static size_t size;
static char buffer[1 << 20];

/* Both directions of a connection: the same descriptor, but for pipes. */
struct end {
	int in, out;
};

static void die(const char *what)
{
	err(1, "%s", what);
}

static void put(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len; data += n, len -= n) {
		n = write(fd, data, len);
		if (n <= 0)
			die("write");
	}
}

/* False if it has ended before the first byte. */
static bool get(int fd, size_t len)
{
	size_t have = 0;
	ssize_t n;

	for (; have < len; have += n) {
		n = read(fd, buffer + have, len - have);
		if (n < 0 || (!n && have))
			die("read");
		if (!n)
			return false;
	}
	return true;
}

/* ---- what is said ---- */

static char request[4096] = "GET /item HTTP/1.1\r\nHost: web\r\n"
			    "User-Agent: bench\r\nAccept: */*\r\n\r\n";
static size_t request_len;
static char response[1 << 17];
static size_t response_len;

static void ask_as_browser(void)
{
	static const char head[] =
		"GET /wp-content/uploads/2010/03/hello-kitty.jpg?v=2 HTTP/1.1\r\n"
		"Host: www.shop.example\r\n"
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
		"Accept: image/avif,image/webp,image/png,image/svg+xml,*/*;q=0.8\r\n"
		"Accept-Language: en-US,en;q=0.5\r\n"
		"Accept-Encoding: gzip, deflate, br, zstd\r\n"
		"Connection: keep-alive\r\n"
		"Referer: http://www.shop.example/reviews/1\r\n"
		"Cookie: session=";

	memcpy(request, head, sizeof(head) - 1);
	memset(request + sizeof(head) - 1, 'x', 2048);
	strcpy(request + sizeof(head) - 1 + 2048, "\r\n\r\n");
}

static void prepare(bool browser)
{
	if (browser)
		ask_as_browser();
	request_len = strlen(request);
	memset(buffer, 'x', sizeof(buffer));
	response_len = snprintf(response, 200, "HTTP/1.1 200 OK\r\n"
				"Content-Type: text/plain\r\n"
				"Content-Length: %zu\r\n\r\n", size);
	memset(response + response_len, 'y', size);
	response_len += size;
}

static void read_until_blank_line(int fd, size_t *have)
{
	ssize_t n;

	do {
		n = read(fd, buffer + *have, READ_SIZE - *have);
		if (n <= 0)
			die("read of a head");
		*have += n;
		buffer[*have] = '\0';
	} while (!strstr(buffer, "\r\n\r\n"));
}

/* The mesh may add header fields: the body's length is what counts. */
static void http_ask(const struct end *e)
{
	size_t have = 0, head;

	put(e->out, request, request_len);
	read_until_blank_line(e->in, &have);
	if (strncmp(buffer, "HTTP/1.1 200", 12))
		errx(1, "%.40s", buffer);
	head = strstr(buffer, "\r\n\r\n") + 4 - buffer;
	if (have < head + size)
		get(e->in, head + size - have);
}

/* False at the end of the connection. */
static bool http_answer(const struct end *e)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = read(e->in, buffer + have, READ_SIZE - have);
		/* Proxies reset connections that they do not need. */
		if (!have && (!n || (n < 0 && errno == ECONNRESET)))
			return false;
		if (n <= 0)
			die("read of a request");
		have += n;
		buffer[have] = '\0';
	} while (!strstr(buffer, "\r\n\r\n"));
	put(e->out, response, response_len);
	return true;
}

/* ---- the server ---- */

static bool serve_once(const struct end *e)
{
	if (work == HTTP)
		return http_answer(e);
	if (work == STREAM)
		return read(e->in, buffer, READ_SIZE) > 0;
	if (!get(e->in, size))
		return false;
	put(e->out, buffer, size);
	return true;
}

static void serve(const struct end *ends, int n)
{
	int ep = epoll_create1(0), i, k, left = n;
	struct epoll_event events[64];

	if (n == 1) {
		while (serve_once(&ends[0]))
			;
		return;
	}
	for (i = 0; i < n; i++) {
		events[0] = (struct epoll_event){ EPOLLIN, { .u32 = i } };
		if (epoll_ctl(ep, EPOLL_CTL_ADD, ends[i].in, &events[0]))
			die("epoll_ctl");
	}
	while (left) {
		k = epoll_wait(ep, events, 64, -1);
		for (i = 0; i < k; i++) {
			if (serve_once(&ends[events[i].data.u32]))
				continue;
			close(ends[events[i].data.u32].in);
			left--;
		}
	}
}

static void serve_new(int listener, int n)
{
	struct end e;

	while (n--) {
		e.in = accept(listener, NULL, NULL);
		if (e.in < 0)
			die("accept");
		e.out = e.in;
		serve_once(&e);
		get(e.in, 1);
		close(e.in);
	}
}

/* ---- connections ---- */

struct place {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_un un;
	};
	socklen_t len;
};

static int listen_at(const char *transport, struct place *p)
{
	int fd, one = 1;

	if (!strcmp(transport, "unix")) {
		p->un.sun_family = AF_UNIX;
		snprintf(p->un.sun_path + 1, 50, "bench.%d", getpid());
		p->len = sizeof(p->un);
	} else {
		p->in.sin_family = AF_INET;
		p->len = sizeof(p->in);
	}
	fd = socket(p->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &p->sa, p->len) || listen(fd, BACKLOG) ||
	    getsockname(fd, &p->sa, &p->len))
		die("listen");
	return fd;
}

static int connect_to(const struct place *p)
{
	int fd = socket(p->sa.sa_family, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || connect(fd, &p->sa, p->len))
		die("connect");
	if (p->sa.sa_family == AF_INET)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void open_pipes(struct end *client, struct end *server)
{
	int there[2], back[2];

	if (pipe(there) || pipe(back))
		die("pipe");
	*client = (struct end){ back[0], there[1] };
	*server = (struct end){ there[0], back[1] };
}

/* A socket is both. */
static struct end whole(int fd)
{
	return (struct end){ fd, fd };
}

/* ---- the client ---- */

static void one_turn(const struct end *e)
{
	switch (work) {
	case HTTP:
		http_ask(e);
		break;
	case STREAM:
		put(e->out, buffer, size);
		break;
	default:
		put(e->out, buffer, size);
		if (!get(e->in, size))
			errx(1, "the server has closed");
	}
}

static void connect_turn(const struct place *p)
{
	struct end e = whole(connect_to(p));

	one_turn(&e);
	close(e.in);
}

static void turns(const struct end *ends, int n, const struct place *p,
		  int count)
{
	int i;

	for (i = 0; i < count; i++) {
		if (work == CRR)
			connect_turn(p);
		else
			one_turn(&ends[i % n]);
	}
}

static void run_client(const struct end *ends, int n, const struct place *p,
		       int count)
{
	turns(ends, n, p, count / 10);
	MARK(1);
	turns(ends, n, p, count);
	MARK(2);
}

/* ---- */

static enum work parse_work(const char *name)
{
	static const char *const names[] = { "rr", "stream", "crr", "http",
					     "cookie" };
	int i;

	for (i = 0; i < 5; i++)
		if (!strcmp(name, names[i]))
			return i < HTTP ? i : HTTP;
	errx(1, "\"%s\" is no work", name);
}

static void parse_place(struct place *p, char **argv)
{
	p->in.sin_family = AF_INET;
	p->in.sin_port = htons(atoi(argv[1]));
	p->len = sizeof(p->in);
	inet_pton(AF_INET, argv[0], &p->in.sin_addr);
}

/* For clients elsewhere: each connection in a process of its own. */
static void serve_for_ever(struct place *p)
{
	int listener = listen_at("tcp", p);
	struct end e;

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		e = whole(accept(listener, NULL, NULL));
		if (fork()) {
			close(e.in);
			continue;
		}
		serve(&e, 1);
		_exit(0);
	}
}

static void client_only(const struct place *p, int n, int count)
{
	struct end *ends = calloc(n, sizeof(*ends));
	int i;

	for (i = 0; i < n && work != CRR; i++)
		ends[i] = whole(connect_to(p));
	run_client(ends, n, p, count);
}

static void both(const char *transport, int n, int count)
{
	struct end *client = calloc(n, sizeof(*client));
	struct end *server = calloc(n, sizeof(*server));
	bool pipes = !strcmp(transport, "pipe");
	struct place p = { .len = 0 };
	int listener = pipes ? -1 : listen_at(transport, &p);
	int i, status;

	for (i = 0; i < n && work != CRR; i++) {
		if (pipes) {
			open_pipes(&client[i], &server[i]);
			continue;
		}
		client[i] = whole(connect_to(&p));
		server[i] = whole(accept(listener, NULL, NULL));
	}
	if (!fork()) {
		for (i = 0; i < n && work != CRR; i++) {
			close(client[i].in);
			if (pipes)
				close(client[i].out);
		}
		if (work == CRR)
			serve_new(listener, count + count / 10);
		else
			serve(server, n);
		_exit(0);
	}
	for (i = 0; i < n && work != CRR; i++) {
		close(server[i].in);
		if (pipes)
			close(server[i].out);
	}
	run_client(client, n, &p, count);
	for (i = 0; i < n && work != CRR; i++)
		close(client[i].out);
	if (wait(&status) < 0 || status)
		errx(1, "the server has failed");
}

int main(int argc, char **argv)
{
	struct rlimit files = { 8192, 8192 };
	struct place p = { .len = 0 };
	int n, count;

	if (argc != 6 && argc != 8)
		errx(1, "usage: bench TRANSPORT WORK SIZE CONNECTIONS N "
		     "[ADDRESS|serve PORT]");
	setrlimit(RLIMIT_NOFILE, &files);
	work = parse_work(argv[2]);
	size = atoi(argv[3]);
	n = atoi(argv[4]);
	count = atoi(argv[5]);
	prepare(!strcmp(argv[2], "cookie"));
	if (argc == 6) {
		both(argv[1], n, count);
		return 0;
	}
	parse_place(&p, argv + 6);
	if (!strcmp(argv[6], "serve"))
		serve_for_ever(&p);
	client_only(&p, n, count);
	return 0;
}

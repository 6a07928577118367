// SPDX-License-Identifier: GPL-2.0
/*
 * client: asks HTTP/1.1 servers, so often or so fast, and tells how long each took.
 *
 *   client [-c CONNECTIONS] [-k REQUESTS] [-n REQUESTS] [-w REQUESTS] [-r RATE]
 *	    [-s BYTES] [-H HOST] [-m] ADDRESS:PORT...
 *
 *   -c	connections at one time, dealt out to the addresses in turn; default 1
 *   -k	requests of a connection, after which it is closed; default: for ever
 *   -n	requests that are measured; default 1000
 *   -w	requests before that, for warming up, as fast as they are answered; default a
 *	tenth of -n
 *   -r	so many requests a second, whenever they are answered; default: the next as
 *	soon as a connection is free
 *   -s	bytes of body that are asked for; default 128
 *   -H	the Host field; default "web"
 *   -m	marks for icount.c, before and after the measured requests (1, 2)
 *
 * With -r a request's time counts from when it should have been sent, so that a
 * server that stands still is charged with what waits meanwhile.
 *
 * Where the machine counts cycles, they are counted, on each CPU.
 *
 * Prints a JSON object: requests, errors (of them), connections, nanoseconds (from
 * the first to the last), cycles (absent if nobody counts them), latency (in ns:
 * p50, p90, p99, p999, max). An error is another status but 200, another length, or a
 * connection that breaks. Exit 1 if something else goes wrong.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MARK(id) \
	__asm__ volatile(".byte 0x0f,0x1f,0x80," #id ",0,0x4b,0x4d" ::: "memory")

#define ADDRESSES	16
#define READ_SIZE	65536
#define HEAD_SIZE	8192
#define EVENTS		256
#define SECOND		1000000000ULL

struct conn {
	int fd;			/* -1: not open */
	bool connecting;
	bool busy;		/* a response is due */
	unsigned long served;
	uint64_t since;
	size_t have;		/* of the head, until it is whole */
	size_t left;		/* of the body then */
	bool in_body;
	char head[HEAD_SIZE];
	struct conn *next_free;
};

static struct addrinfo *addresses[ADDRESSES];
static unsigned int n_addresses, next_address;
static struct conn *conns, *free_conns, **last_free = &free_conns;
static unsigned long n_conns = 1, per_conn = ~0UL;
static size_t body_size = 128;
static char request[512];
static size_t request_len;
static char scratch[READ_SIZE];
static int epfd;

/* Of a run. */
static unsigned long sent, done, errors, opened;
static uint64_t *latencies;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* ---- a connection ---- */

static void watch(struct conn *c, uint32_t events, int how)
{
	struct epoll_event e = { events, { .ptr = c } };

	if (epoll_ctl(epfd, how, c->fd, &e))
		err(1, "epoll_ctl");
}

static void open_conn(struct conn *c)
{
	const struct addrinfo *to = addresses[next_address++ % n_addresses];
	int one = 1;

	c->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		err(1, "socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->served = 0;
	c->connecting = connect(c->fd, to->ai_addr, to->ai_addrlen) != 0;
	if (c->connecting && errno != EINPROGRESS)
		err(1, "connect");
	watch(c, c->connecting ? EPOLLOUT : EPOLLIN, EPOLL_CTL_ADD);
	opened++;
}

static void close_conn(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* They take turns: each has requests as often as any other. */
static void put_free(struct conn *c)
{
	c->busy = false;
	c->next_free = NULL;
	*last_free = c;
	last_free = &c->next_free;
}

static struct conn *take_free(void)
{
	struct conn *c = free_conns;

	free_conns = c->next_free;
	if (!free_conns)
		last_free = &free_conns;
	return c;
}

static void fail(struct conn *c)
{
	errors++;
	done++;
	close_conn(c);
	put_free(c);
}

/* A request fits into an empty socket's buffer. */
static void write_request(struct conn *c)
{
	c->have = 0;
	c->in_body = false;
	if (write(c->fd, request, request_len) != (ssize_t)request_len)
		fail(c);
}

static void ask(uint64_t since)
{
	struct conn *c = take_free();

	c->busy = true;
	c->since = since;
	sent++;
	if (c->fd < 0)
		open_conn(c);
	if (!c->connecting)
		write_request(c);
}

static void connected(struct conn *c)
{
	socklen_t len = sizeof(int);
	int error;

	c->connecting = false;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) {
		fail(c);
		return;
	}
	watch(c, EPOLLIN, EPOLL_CTL_MOD);
	write_request(c);
}

static void answered(struct conn *c, uint64_t at)
{
	if (latencies)
		latencies[done] = at - c->since;
	done++;
	if (++c->served >= per_conn)
		close_conn(c);
	put_free(c);
}

/*
 * Return: how long the head is, 0 if it is not all there; and its Content-Length, ~0
 * if there is none.
 */
static size_t head_length(const struct conn *c, size_t *length)
{
	const char *line = c->head, *stop = c->head + c->have, *feed;

	*length = ~0UL;
	for (;; line = feed + 1) {
		feed = memchr(line, '\n', stop - line);
		if (!feed)
			return 0;
		if (*line == '\r')
			return feed + 1 - c->head;
		if ((*line | 0x20) == 'c' &&
		    !strncasecmp(line, "content-length:", 15))
			*length = strtoul(line + 15, NULL, 10);
	}
}

/* False if it is not what was asked for. */
static bool begin_body(struct conn *c, size_t head, size_t length)
{
	if (strncmp(c->head, "HTTP/1.1 200", 12) || length != body_size ||
	    c->have - head > body_size)
		return false;
	c->left = body_size - (c->have - head);
	c->in_body = true;
	return true;
}

/* False at the end of what is there, or of the connection. */
static bool read_some(struct conn *c)
{
	char *to = c->in_body ? scratch : c->head + c->have;
	size_t room = c->in_body ? READ_SIZE : HEAD_SIZE - 1 - c->have;
	ssize_t n = read(c->fd, to, room);
	size_t head, length;

	if (n < 0 && errno == EAGAIN)
		return false;
	/* One that is idle may be closed by its server. */
	if (n <= 0 && !c->busy) {
		close_conn(c);
		return false;
	}
	if (n <= 0 || !c->busy || (c->in_body && (size_t)n > c->left)) {
		fail(c);
		return false;
	}
	if (c->in_body) {
		c->left -= n;
		return c->left && (size_t)n == room;
	}
	c->have += n;
	c->head[c->have] = '\0';
	head = head_length(c, &length);
	if (!head && c->have < HEAD_SIZE - 1)
		return true;
	if (!head || !begin_body(c, head, length)) {
		fail(c);
		return false;
	}
	return c->left && (size_t)n == room;
}

static void readable(struct conn *c)
{
	while (read_some(c))
		;
	if (c->fd >= 0 && c->busy && c->in_body && !c->left)
		answered(c, now());
}

/* ---- a run ---- */

static void wait_for_events(const struct timespec *timeout)
{
	struct epoll_event events[EVENTS];
	struct conn *c;
	int n, i;

	n = epoll_pwait2(epfd, events, EVENTS, timeout, NULL);
	for (i = 0; i < n; i++) {
		c = events[i].data.ptr;
		if (c->fd < 0)
			continue;
		if (c->connecting)
			connected(c);
		else
			readable(c);
	}
}

static void run_closed(unsigned long count)
{
	while (done < count) {
		while (sent < count && free_conns)
			ask(now());
		wait_for_events(NULL);
	}
}

/* The n-th is due at start + n / rate; without a free connection it waits. */
static void run_open(unsigned long count, double rate)
{
	uint64_t start = now(), due, at;
	struct timespec timeout;

	while (done < count) {
		due = start + sent * (SECOND / rate);
		for (at = now(); sent < count && free_conns && due <= at;
		     due = start + sent * (SECOND / rate))
			ask(due);
		if (sent == count || !free_conns) {
			wait_for_events(NULL);
			continue;
		}
		at = now();
		due = due > at ? due - at : 0;
		timeout.tv_sec = due / SECOND;
		timeout.tv_nsec = due % SECOND;
		wait_for_events(&timeout);
	}
}

static void run(unsigned long count, double rate)
{
	sent = 0;
	done = 0;
	errors = 0;
	opened = 0;
	if (!count)
		return;
	if (rate)
		run_open(count, rate);
	else
		run_closed(count);
}

/* ---- cycles ---- */

#define CPUS 256

static int counters[CPUS];

static void open_counters(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_CPU_CYCLES,
	};
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int i;

	for (i = 0; i < CPUS; i++)
		counters[i] = i >= cpus ? -1 :
			syscall(SYS_perf_event_open, &attr, -1, i, -1, 0);
}

static uint64_t read_cycles(void)
{
	uint64_t sum = 0, value;
	int i;

	for (i = 0; i < CPUS; i++)
		if (counters[i] >= 0 &&
		    read(counters[i], &value, sizeof(value)) == sizeof(value))
			sum += value;
	return sum;
}

/* ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t percentile(double p)
{
	return done ? latencies[(unsigned long)((done - 1) * p)] : 0;
}

static void tell(uint64_t elapsed, uint64_t cycles)
{
	qsort(latencies, done, sizeof(*latencies), by_value);
	printf("{\"requests\": %lu, \"errors\": %lu, \"connections\": %lu, "
	       "\"nanoseconds\": %lu, ", done, errors, opened, elapsed);
	if (cycles)
		printf("\"cycles\": %lu, ", cycles);
	printf("\"latency\": {\"p50\": %lu, \"p90\": %lu, \"p99\": %lu, "
	       "\"p999\": %lu, \"max\": %lu}}\n", percentile(0.5),
	       percentile(0.9), percentile(0.99), percentile(0.999),
	       percentile(1));
}

static void parse_address(char *text)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	char *port = strrchr(text, ':');

	if (n_addresses == ADDRESSES)
		errx(1, "more than %d addresses", ADDRESSES);
	if (!port)
		errx(1, "\"%s\" is not ADDRESS:PORT", text);
	*port++ = '\0';
	if (*text == '[' && port[-2] == ']') {
		port[-2] = '\0';
		text++;
	}
	if (getaddrinfo(text, port, &hints, &addresses[n_addresses++]))
		errx(1, "\"%s\" is no address", text);
}

static void prepare(const char *host)
{
	struct rlimit files = { 65536, 65536 };
	unsigned long i;

	setrlimit(RLIMIT_NOFILE, &files);
	request_len = snprintf(request, sizeof(request),
			       "GET /%zu HTTP/1.1\r\nHost: %s\r\n"
			       "User-Agent: bench\r\nAccept: */*\r\n\r\n",
			       body_size, host);
	if (request_len >= sizeof(request))
		errx(1, "a long name for a host");
	epfd = epoll_create1(0);
	conns = calloc(n_conns, sizeof(*conns));
	if (epfd < 0 || !conns)
		err(1, "preparing");
	for (i = 0; i < n_conns; i++) {
		conns[i].fd = -1;
		put_free(&conns[i]);
	}
	open_counters();
}

int main(int argc, char **argv)
{
	unsigned long count = 1000, warm_up = ~0UL;
	uint64_t *measured, start, cycles;
	const char *host = "web";
	bool marks = false;
	double rate = 0;
	int option;

	while ((option = getopt(argc, argv, "c:k:n:w:r:s:H:m")) != -1) {
		switch (option) {
		case 'c':
			n_conns = strtoul(optarg, NULL, 10);
			break;
		case 'k':
			per_conn = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			count = strtoul(optarg, NULL, 10);
			break;
		case 'w':
			warm_up = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			rate = strtod(optarg, NULL);
			break;
		case 's':
			body_size = strtoul(optarg, NULL, 10);
			break;
		case 'H':
			host = optarg;
			break;
		case 'm':
			marks = true;
			break;
		default:
			return 1;
		}
	}
	for (; optind < argc; optind++)
		parse_address(argv[optind]);
	if (!n_addresses || !n_conns || !count)
		errx(1, "no address, no connection or no request");
	prepare(host);
	measured = calloc(count, sizeof(*measured));
	if (!measured)
		err(1, "calloc");
	/* Its pages are there before anything is measured. */
	memset(measured, 1, count * sizeof(*measured));
	run(warm_up == ~0UL ? count / 10 : warm_up, 0);
	latencies = measured;
	cycles = read_cycles();
	start = now();
	if (marks)
		MARK(1);
	run(count, rate);
	if (marks)
		MARK(2);
	start = now() - start;
	tell(start, read_cycles() - cycles);
	return 0;
}

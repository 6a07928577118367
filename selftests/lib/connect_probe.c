// SPDX-License-Identifier: GPL-2.0
/*
 * Connects in every way there is, and tells what an application sees.
 *
 *	connect_probe connect [OPTION]... ADDRESS PORT [ADDRESS PORT]...
 *		Connects one socket to each in turn, with connect(AF_UNSPEC)
 *		in between, and prints one line for each:
 *			ERRNO
 *			ok peer ADDRESS PORT local ADDRESS SAME reply REPLY
 *		SAME: does the server see the port that getsockname() answers;
 *		REPLY: what the server said, or "-".
 *		-6  IPv6 socket, IPv4 addresses mapped	-o  and IPV6_V6ONLY
 *		-b ADDRESS  bind first	-p PORT  and to that port
 *		-d DEVICE  SO_BINDTODEVICE	-m  MPTCP
 *		-n  non-blocking	-u  io_uring
 *		-F  TCP_FASTOPEN_CONNECT	-f  sendto(MSG_FASTOPEN)
 *		-q  do not wait for a reply
 *		-s  sleep a second before asking for names
 *	connect_probe serve [-e] NAME ADDRESS PORT
 *		Says "NAME PEER-ADDRESS PEER-PORT V4 V6" to everybody, where V4
 *		and V6 are what SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST answer.
 *		-e: echoes instead.
 *	connect_probe names ADDRESS PORT
 *		Checks that getpeername() and getsockname() treat every length
 *		and bad pointers as on any socket. Prints "ok" or what is wrong.
 *	connect_probe options ADDRESS PORT
 *		Listens there, accepts one connection, and checks the same for
 *		SO_ORIGINAL_DST.
 *	connect_probe load ADDRESS PORT
 *		One connection stays and echoes, others come and go. Prints
 *		"begun" when there is the first, and at SIGTERM "done N failed M".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define ORIGINAL_DST 80		/* SO_ and IP6T_SO_ */

static bool on[128];		/* options without a value, by letter */
static const char *bind_address, *bind_device;
static int bind_port;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static socklen_t parse(struct sockaddr_storage *ss, const char *host, int port,
		       bool mapped)
{
	struct sockaddr_in *in = (void *)ss;
	struct sockaddr_in6 *in6 = (void *)ss;
	char text[128];

	memset(ss, 0, sizeof(*ss));
	if (!mapped && inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	snprintf(text, sizeof(text), "%s%s", strchr(host, ':') ? "" : "::ffff:",
		 host);
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1) {
		fprintf(stderr, "not an address: %s\n", host);
		exit(2);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	return sizeof(*in6);
}

static const char *text(const struct sockaddr_storage *ss)
{
	static char buf[4][INET6_ADDRSTRLEN];
	static int turn;
	char *p = buf[turn++ % 4];

	if (ss->ss_family == AF_INET)
		inet_ntop(AF_INET, &((struct sockaddr_in *)ss)->sin_addr, p,
			  INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)ss)->sin6_addr, p,
			  INET6_ADDRSTRLEN);
	return p;
}

static int port_of(const struct sockaddr_storage *ss)
{
	return ntohs(((struct sockaddr_in *)ss)->sin_port);
}

/* ---- io_uring, without liburing ---- */

static int uring_connect(int fd, struct sockaddr_storage *ss, socklen_t len)
{
	struct io_uring_params p = {};
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	unsigned int *head, *tail;
	char *sq, *cq;
	int ring, res;

	ring = syscall(SYS_io_uring_setup, 1, &p);
	if (ring < 0)
		return -errno;
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4,
		  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
		  IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
		  IORING_OFF_CQ_RING);
	sqe = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || (void *)sqe == MAP_FAILED)
		die("mmap");
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_CONNECT;
	sqe->flags = IOSQE_ASYNC;	/* by a worker thread */
	sqe->fd = fd;
	sqe->addr = (unsigned long)ss;
	sqe->off = len;
	*(unsigned int *)(sq + p.sq_off.array) = 0;
	tail = (unsigned int *)(sq + p.sq_off.tail);
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS,
		    NULL, 0) < 0)
		die("io_uring_enter");
	head = (unsigned int *)(cq + p.cq_off.head);
	cqe = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
	res = cqe[*head & (p.cq_entries - 1)].res;
	close(ring);
	return res;
}

/* ---- connect ---- */

static int wait_connected(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err;

	if (poll(&p, 1, 10000) != 1)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
		die("SO_ERROR");
	return -err;
}

static int do_connect(int fd, struct sockaddr_storage *ss, socklen_t len)
{
	int err;

	if (on['u'])
		return uring_connect(fd, ss, len);
	if (on['f'])
		err = sendto(fd, "x", 1, MSG_FASTOPEN, (void *)ss, len);
	else
		err = connect(fd, (void *)ss, len);
	if (err < 0) {
		if (on['n'] && errno == EINPROGRESS)
			return wait_connected(fd);
		return -errno;
	}
	if (on['F'] && send(fd, "x", 1, 0) != 1)
		return -errno;
	return 0;
}

static int open_socket(int family)
{
	struct timeval tv = { .tv_sec = 10 };
	struct sockaddr_storage ss;
	int fd, one = 1;
	socklen_t len;

	fd = socket(family, SOCK_STREAM, on['m'] ? IPPROTO_MPTCP : 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	tv.tv_sec = 5;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (on['o'] &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)))
		die("IPV6_V6ONLY");
	if (bind_device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bind_device,
		       strlen(bind_device)))
		die("SO_BINDTODEVICE");
	if (on['F'] && setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one,
				  sizeof(one)))
		die("TCP_FASTOPEN_CONNECT");
	if (bind_address || bind_port) {
		if (!bind_address)
			bind_address = family == AF_INET6 ? "::" : "0.0.0.0";
		len = parse(&ss, bind_address, bind_port, family == AF_INET6);
		if (bind(fd, (void *)&ss, len))
			die("bind");
	}
	if (on['n'])
		fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void read_reply(int fd, char *buf, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t n = 0;
	ssize_t r;

	while (n < size - 1 && poll(&p, 1, 10000) == 1) {
		r = recv(fd, buf + n, size - 1 - n, 0);
		if (r <= 0)
			break;
		n += r;
		if (memchr(buf, '\n', n))
			break;
	}
	buf[n] = 0;
	buf[strcspn(buf, "\n")] = 0;
}

static void report(int fd)
{
	struct sockaddr_storage peer, local;
	socklen_t len = sizeof(peer);
	char reply[512] = "-";
	int seen = 0;

	if (on['s'])
		sleep(1);
	if (getpeername(fd, (void *)&peer, &len)) {
		printf("getpeername: %s\n", strerrorname_np(errno));
		return;
	}
	len = sizeof(local);
	if (getsockname(fd, (void *)&local, &len))
		die("getsockname");
	if (!on['q'])
		read_reply(fd, reply, sizeof(reply));
	printf("ok peer %s %d local %s ", text(&peer), port_of(&peer),
	       text(&local));
	if (sscanf(reply, "%*s %*s %d", &seen) != 1)
		seen = 0;
	printf("%s reply %s\n",
	       seen == port_of(&local) ? "same" : on['q'] ? "-" : "other",
	       reply);
}

static int main_connect(int argc, char **argv)
{
	struct sockaddr_storage ss;
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };
	bool v6 = on['6'] || on['o'];
	socklen_t len;
	int fd = -1;
	int i, err;

	for (i = 0; i + 1 < argc; i += 2) {
		v6 |= !!strchr(argv[i], ':');
		len = parse(&ss, argv[i], atoi(argv[i + 1]), v6);
		if (fd < 0)
			fd = open_socket(v6 ? AF_INET6 : AF_INET);
		else if (connect(fd, &unspec, sizeof(unspec)))
			die("AF_UNSPEC");
		err = do_connect(fd, &ss, len);
		if (err)
			printf("%s\n", strerrorname_np(-err));
		else
			report(fd);
		fflush(stdout);
	}
	return 0;
}

/* ---- serve ---- */

static int listen_at(const char *host, int port)
{
	struct sockaddr_storage ss;
	socklen_t len = parse(&ss, host, port, false);
	int fd, one = 1, zero = 0, queue = 64;

	fd = socket(ss.ss_family, SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
	if (ss.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, (void *)&ss, len) || listen(fd, 512))
		die("listen");
	return fd;
}

static const char *original(int fd, int level, char *buf, size_t size)
{
	struct sockaddr_storage ss = {};
	socklen_t len = level == SOL_IP ? sizeof(struct sockaddr_in) :
					  sizeof(struct sockaddr_in6);

	if (getsockopt(fd, level, ORIGINAL_DST, &ss, &len))
		return strerrorname_np(errno);
	snprintf(buf, size, "%s/%d", text(&ss), port_of(&ss));
	return buf;
}

static void echo(int fd)
{
	char buf[65536];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		if (send(fd, buf, n, MSG_NOSIGNAL) != n)
			break;
}

static void tell(int fd, const char *name, const struct sockaddr_storage *peer)
{
	char a[80], b[80];

	dprintf(fd, "%s %s %d %s %s\n", name, text(peer), port_of(peer),
		original(fd, SOL_IP, a, sizeof(a)),
		original(fd, IPPROTO_IPV6, b, sizeof(b)));
	shutdown(fd, SHUT_WR);
	recv(fd, a, sizeof(a), 0);
}

static int main_serve(bool echoes, char **argv)
{
	struct sockaddr_storage peer;
	int fd, s = listen_at(argv[1], atoi(argv[2]));
	socklen_t len;

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		len = sizeof(peer);
		fd = accept(s, (void *)&peer, &len);
		if (fd < 0)
			continue;
		if (!fork()) {
			close(s);
			if (echoes)
				echo(fd);
			else
				tell(fd, argv[0], &peer);
			exit(0);
		}
		close(fd);
	}
}

/* ---- names, options ---- */

static int wrong;

static void expect(const char *what, long got, long want)
{
	if (got == want)
		return;
	printf("%s: %ld, not %ld\n", what, got, want);
	wrong = 1;
}

typedef int (*name_fn)(int fd, struct sockaddr *sa, socklen_t *len);

static void check_names(const char *what, int fd, name_fn fn)
{
	struct sockaddr_storage full, part;
	socklen_t len = sizeof(full), size, n;
	char *page;

	memset(&full, 0, sizeof(full));
	if (fn(fd, (void *)&full, &len))
		die(what);
	size = len;
	expect(what, size, full.ss_family == AF_INET ?
	       sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	for (n = 0; n <= size; n++) {
		memset(&part, 0x5a, sizeof(part));
		len = n;
		expect("short buffer", fn(fd, (void *)&part, &len), 0);
		expect("real length", len, size);
		expect("what fits", memcmp(&part, &full, n), 0);
		if (n < sizeof(part))
			expect("beyond", ((char *)&part)[n], 0x5a);
	}
	len = -1;
	expect("negative length", fn(fd, (void *)&part, &len) ? errno : 0,
	       EINVAL);
	len = sizeof(part);
	expect("bad buffer", fn(fd, (void *)8, &len) ? errno : 0, EFAULT);
	expect("bad length", fn(fd, (void *)&part, (void *)8) ? errno : 0,
	       EFAULT);
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + 4096, 4096);
	len = size;
	expect("half of a buffer", fn(fd, (void *)(page + 4096 - 4), &len) ?
	       errno : 0, EFAULT);
	len = 4;
	expect("just in bounds", fn(fd, (void *)(page + 4096 - 4), &len), 0);
}

static int main_names(char **argv)
{
	struct sockaddr_storage ss;
	socklen_t len = parse(&ss, argv[0], atoi(argv[1]), false);
	int fd = open_socket(ss.ss_family);
	socklen_t size = sizeof(ss);

	expect("peer before", getpeername(fd, (void *)&ss, &size) ? errno : 0,
	       ENOTCONN);
	len = parse(&ss, argv[0], atoi(argv[1]), false);
	if (connect(fd, (void *)&ss, len))
		die("connect");
	check_names("getpeername", fd, getpeername);
	check_names("getsockname", fd, getsockname);
	if (!wrong)
		puts("ok");
	return wrong;
}

static void check_option(int fd, int level, socklen_t size)
{
	char buf[128];
	socklen_t len, n;

	for (n = 0; n < size; n++) {
		len = n;
		expect("too short", getsockopt(fd, level, ORIGINAL_DST, buf,
					       &len) ? errno : 0, EINVAL);
	}
	memset(buf, 0x5a, sizeof(buf));
	len = sizeof(buf);
	expect("answer", getsockopt(fd, level, ORIGINAL_DST, buf, &len), 0);
	expect("length stays", len, sizeof(buf));
	expect("beyond", buf[size], 0x5a);
	len = -1;
	expect("negative", getsockopt(fd, level, ORIGINAL_DST, buf, &len) ?
	       errno : 0, EINVAL);
	len = size;
	expect("bad buffer", getsockopt(fd, level, ORIGINAL_DST, (void *)8,
					&len) ? errno : 0, EFAULT);
	expect("bad length", getsockopt(fd, level, ORIGINAL_DST, buf,
					(void *)8) ? errno : 0, EFAULT);
}

static int main_options(char **argv)
{
	int s = listen_at(argv[0], atoi(argv[1]));
	int fd = accept(s, NULL, NULL);

	if (fd < 0)
		die("accept");
	if (strchr(argv[0], ':'))
		check_option(fd, IPPROTO_IPV6, sizeof(struct sockaddr_in6));
	else
		check_option(fd, SOL_IP, sizeof(struct sockaddr_in));
	if (!wrong)
		puts("ok");
	return wrong;
}

/* ---- load ---- */

static bool echoed(int fd, unsigned int n)
{
	unsigned int back = 0;

	return send(fd, &n, sizeof(n), MSG_NOSIGNAL) == sizeof(n) &&
	       recv(fd, &back, sizeof(back), MSG_WAITALL) == sizeof(back) &&
	       back == n;
}

static bool told_to_end(void)
{
	sigset_t pending;

	return !sigpending(&pending) && sigismember(&pending, SIGTERM) == 1;
}

static int main_load(char **argv)
{
	struct sockaddr_storage ss;
	socklen_t len = parse(&ss, argv[0], atoi(argv[1]), false);
	unsigned int done = 0, failed = 0;
	int stays = open_socket(ss.ss_family), fd;
	sigset_t term;

	/* A system call that it interrupts would have failed. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	if (connect(stays, (void *)&ss, len))
		die("connect");
	puts("begun");
	fflush(stdout);
	while (!told_to_end()) {
		fd = open_socket(ss.ss_family);
		if (connect(fd, (void *)&ss, len) || !echoed(fd, done) ||
		    !echoed(stays, done)) {
			perror("load");
			failed++;
		}
		close(fd);
		done++;
	}
	printf("done %u failed %u\n", done, failed);
	return failed != 0;
}

static void usage(void)
{
	fprintf(stderr, "see the head of connect_probe.c\n");
	exit(2);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int c;

	signal(SIGPIPE, SIG_IGN);
	while ((c = getopt(argc - 1, argv + 1, "+6ob:p:d:mnuFfqse")) != -1) {
		switch (c) {
		case 'b':
			bind_address = optarg;
			break;
		case 'p':
			bind_port = atoi(optarg);
			break;
		case 'd':
			bind_device = optarg;
			break;
		case '?':
			usage();
			break;
		default:
			on[c] = true;
		}
	}
	argc -= 1 + optind;
	argv += 1 + optind;
	if (!strcmp(what, "connect") && argc >= 2)
		return main_connect(argc, argv);
	if (!strcmp(what, "serve") && argc == 3)
		return main_serve(on['e'], argv);
	if (!strcmp(what, "names") && argc == 2)
		return main_names(argv);
	if (!strcmp(what, "options") && argc == 2)
		return main_options(argv);
	if (!strcmp(what, "load") && argc == 2)
		return main_load(argv);
	usage();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * sockmap_race: a sockmap takes sockets while their peers send to them.
 *
 *   sockmap_race CONNECTIONS
 *
 * Each connection's messages are numbered. In the middle of them the receiver is
 * put into a map, that has no program, by which no byte is to be lost. Prints
 * what was, exit 1 if a stream broke.
 *
 * Messages are as long as a small one may be: the sender is mostly between having
 * looked up its peer and locking it.
 */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BYTES		2992
#define MESSAGES	40
#define BUFFER		212992	/* has room for all of them */
#define PATIENCE	10000	/* ms */

struct message {
	uint32_t number[BYTES / sizeof(uint32_t)];
};

static int map;

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(__NR_bpf, command, attr, sizeof(*attr));
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void *send_all(void *socket)
{
	int fd = *(int *)socket;
	struct message m;
	unsigned int i, k;

	for (i = 0; i < MESSAGES; i++) {
		for (k = 0; k < BYTES / sizeof(uint32_t); k++)
			m.number[k] = i;
		if (send(fd, &m, BYTES, MSG_NOSIGNAL) != BYTES)
			break;
	}
	return NULL;
}

static int put(int fd)
{
	union bpf_attr attr = { .map_fd = map };
	uint32_t key = 0, value = fd;

	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

/* Whether a whole message came, in time. */
static int receive(int fd, struct message *m)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t have = 0;
	ssize_t n;

	while (have < BYTES) {
		if (poll(&p, 1, PATIENCE) != 1)
			return 0;
		n = recv(fd, (char *)m + have, BYTES - have, 0);
		if (n <= 0)
			return 0;
		have += n;
	}
	return 1;
}

static int is_number(const struct message *m, unsigned int number)
{
	unsigned int i;

	for (i = 0; i < BYTES / sizeof(uint32_t); i++)
		if (m->number[i] != number)
			return 0;
	return 1;
}

/* Returns how many messages came as they were sent. */
static unsigned int receive_all(int fd, unsigned int put_at)
{
	struct message m;
	unsigned int i;

	for (i = 0; i < MESSAGES; i++) {
		if (i == put_at && put(fd))
			die("update");
		if (!receive(fd, &m) || !is_number(&m, i))
			break;
	}
	return i;
}

static unsigned int run(int listener, const struct sockaddr_in *to,
			unsigned int put_at)
{
	int client = socket(AF_INET, SOCK_STREAM, 0), server;
	unsigned int came;
	pthread_t sender;

	if (client < 0 || connect(client, (const void *)to, sizeof(*to)))
		die("connect");
	server = accept(listener, NULL, NULL);
	if (server < 0 || pthread_create(&sender, NULL, send_all, &client))
		die("accept");
	came = receive_all(server, put_at);
	if (came < MESSAGES)
		shutdown(client, SHUT_RDWR);
	pthread_join(sender, NULL);
	close(client);
	close(server);
	return came;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_SOCKMAP,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1,
	};
	int n = argc > 1 ? atoi(argv[1]) : 1, i, broken = 0;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(to);
	const int buffer = BUFFER;
	unsigned int came;

	map = bpf(BPF_MAP_CREATE, &attr);
	if (map < 0)
		die("sockmap");
	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	if (bind(listener, (void *)&to, len) || listen(listener, 10) ||
	    getsockname(listener, (void *)&to, &len))
		die("listen");
	for (i = 0; i < n; i++) {
		came = run(listener, &to, 1 + i % 10);
		if (came == MESSAGES)
			continue;
		broken++;
		printf("connection %d: broken after %u of %d messages\n", i,
		       came, MESSAGES);
		fflush(stdout);
	}
	printf("%d connections, %d broken\n", n, broken);
	return broken > 0;
}

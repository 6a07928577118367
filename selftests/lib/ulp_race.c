// SPDX-License-Identifier: GPL-2.0
/*
 * ulp_race: sockets become kTLS's while they are being connected.
 *
 *   ulp_race CONNECTIONS
 *
 * One thread asks for TCP_ULP for as long as another one connects the same socket over
 * loopback: a call that finds the socket unspliced may get its lock when it is. Prints
 * how many became kTLS's, and exits 0 if each went on as TCP does: without a cipher
 * kTLS passes bytes as they are.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int sock;
static volatile bool over, is_tls;

static void *ask(void *unused)
{
	(void)unused;
	while (!over && !is_tls)
		is_tls = !setsockopt(sock, IPPROTO_TCP, TCP_ULP, "tls", 4);
	return NULL;
}

static void pass(int from, int to)
{
	char got[6] = "";

	if (send(from, "hello", 5, 0) != 5 ||
	    recv(to, got, 5, MSG_WAITALL) != 5 || memcmp(got, "hello", 5))
		errx(1, "bytes were lost");
}

static bool one(int listener, const struct sockaddr_in *address)
{
	pthread_t asker;
	int server;

	sock = socket(AF_INET, SOCK_STREAM, 0);
	over = false;
	is_tls = false;
	if (pthread_create(&asker, NULL, ask, NULL))
		errx(1, "no thread");
	usleep(200);
	if (connect(sock, (const void *)address, sizeof(*address)))
		err(1, "connect");
	server = accept(listener, NULL, NULL);
	usleep(500);
	over = true;
	pthread_join(asker, NULL);
	pass(sock, server);
	pass(server, sock);
	close(sock);
	close(server);
	return is_tls;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int n, left, listener;

	if (argc != 2)
		errx(2, "usage: ulp_race CONNECTIONS");
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (void *)&address, len) || listen(listener, 10) ||
	    getsockname(listener, (void *)&address, &len))
		err(1, "listener");
	for (n = 0, left = atoi(argv[1]); left; left--)
		n += one(listener, &address);
	printf("%d\n", n);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * hang_endpoint: an endpoint that owns its sockets for ever.
 *
 *	hang_endpoint ADDRESS PORT N
 *
 * N threads accept a connection each; the first thing that they do with it is to send
 * from a page that userfaultfd has, and nobody ever fills. Prints "ready".
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "missing_page.h"

#define SIZE 16384

static void *page;
static int listener;

static void listen_at(const char *address, int port)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};

	if (!inet_aton(address, &sa.sin_addr))
		errx(1, "%s is not an address", address);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (void *)&sa, sizeof(sa)) || listen(listener, 4096))
		err(1, "%s:%d", address, port);
}

static void *hang(void *unused)
{
	(void)unused;
	send(accept(listener, NULL, NULL), page, SIZE, MSG_NOSIGNAL);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_attr_t attr;
	pthread_t thread;
	int n;

	if (argc != 4)
		errx(1, "usage: hang_endpoint ADDRESS PORT N");
	page = missing_pages(SIZE);
	listen_at(argv[1], atoi(argv[2]));
	/* Nobody is to come between accept() and send(). */
	setpriority(PRIO_PROCESS, 0, -20);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (n = atoi(argv[3]); n; n--)
		if (pthread_create(&thread, &attr, hang, NULL))
			errx(1, "%d threads are missing", n);
	puts("ready");
	fflush(stdout);
	pause();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * stuck_page: asks for SO_ORIGINAL_DST where the answer cannot be written.
 *
 *	stuck_page VIP PORT PROXY_PORT
 *
 * Connects to VIP, which the mesh sends to PROXY_PORT on loopback, where we listen. Asks
 * first with the answer's place in pages that nobody has touched, then with its length
 * in a page that userfaultfd has, which nobody ever gives: prints the first answer, and
 * hangs.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "missing_page.h"

#define SO_ORIGINAL_DST 80

static int accepted(const char *vip, int port, int proxy_port)
{
	struct sockaddr_in proxy = {
		.sin_family = AF_INET,
		.sin_port = htons(proxy_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	}, to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int l = socket(AF_INET, SOCK_STREAM, 0);
	int c = socket(AF_INET, SOCK_STREAM, 0);

	if (!inet_aton(vip, &to.sin_addr))
		errx(1, "%s is not an address", vip);
	if (bind(l, (void *)&proxy, sizeof(proxy)) || listen(l, 1))
		err(1, "port %d", proxy_port);
	if (connect(c, (void *)&to, sizeof(to)))
		err(1, "%s", vip);
	return accept(l, NULL, NULL);
}

int main(int argc, char *argv[])
{
	struct sockaddr_in *answer = fresh_pages(4096);
	socklen_t len = sizeof(*answer);
	int s;

	if (argc != 4)
		errx(2, "usage: stuck_page VIP PORT PROXY_PORT");
	s = accepted(argv[1], atoi(argv[2]), atoi(argv[3]));
	if (getsockopt(s, SOL_IP, SO_ORIGINAL_DST, answer, &len))
		err(1, "SO_ORIGINAL_DST");
	printf("%s\n", inet_ntoa(answer->sin_addr));
	fflush(stdout);
	getsockopt(s, SOL_IP, SO_ORIGINAL_DST, missing_pages(4096), &len);
	return 0;
}

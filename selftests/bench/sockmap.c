// SPDX-License-Identifier: GPL-2.0
/*
 * sockmap: loads sockmap.bpf.c and keeps it until it is killed.
 *
 *   sockmap OBJECT CGROUP PORT[/lo]...
 *
 * The connections to these ports are spliced; with "/lo" only those of loopback.
 * Prints "ready" when it is in place for the processes of the cgroup (v2). Exit 1 if
 * it cannot be loaded; libbpf says why.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static struct bpf_program *program(struct bpf_object *object, const char *name)
{
	struct bpf_program *p = bpf_object__find_program_by_name(object, name);

	if (!p)
		errx(1, "there is no program %s", name);
	return p;
}

static int map(struct bpf_object *object, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(object, name);

	if (fd < 0)
		errx(1, "there is no map %s", name);
	return fd;
}

static void add_port(int ports, const char *text)
{
	unsigned int port = atoi(text), loopback = !!strchr(text, '/');

	if (bpf_map_update_elem(ports, &port, &loopback, BPF_ANY))
		err(1, "port %s", text);
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	int cgroup, i;

	if (argc < 4)
		errx(1, "usage: sockmap OBJECT CGROUP PORT[/lo]...");
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object))
		errx(1, "%s cannot be loaded", argv[1]);
	cgroup = open(argv[2], O_RDONLY);
	if (cgroup < 0)
		err(1, "%s", argv[2]);
	for (i = 3; i < argc; i++)
		add_port(map(object, "ports"), argv[i]);
	if (bpf_prog_attach(bpf_program__fd(program(object, "on_send")),
			    map(object, "ends"), BPF_SK_MSG_VERDICT, 0))
		err(1, "attaching on_send");
	if (!bpf_program__attach_cgroup(program(object, "on_established"),
					cgroup))
		err(1, "attaching on_established");
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}

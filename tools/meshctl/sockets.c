// SPDX-License-Identifier: GPL-2.0
#include "sockets.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

/* What precedes the inode in a link of /proc/PID/fd. */
#define PREFIX "socket:["

static json_t *command_of(const char *pid)
{
	char *path = xasprintf("/proc/%s/comm", pid), name[32] = "?";
	FILE *file = fopen(path, "re");

	if (file && fgets(name, sizeof(name), file))
		name[strcspn(name, "\n")] = '\0';
	if (file)
		fclose(file);
	free(path);
	return json_text(name, strlen(name));
}

static void note_link(json_t *scan, DIR *fds, const char *fd, const char *pid)
{
	char link[64];
	ssize_t len = readlinkat(dirfd(fds), fd, link, sizeof(link) - 1);
	json_t *owner;

	if (len <= 0)
		return;
	link[len] = '\0';
	if (strncmp(link, PREFIX, strlen(PREFIX)))
		return;
	link[strcspn(link, "]")] = '\0';
	owner = must(json_pack("{s:i, s:o}", "pid", atoi(pid), "command",
			       command_of(pid)));
	json_object_set_new(scan, link + strlen(PREFIX), owner);
}

static void note_process(json_t *scan, const char *pid)
{
	char *path = xasprintf("/proc/%s/fd", pid);
	DIR *fds = opendir(path);
	struct dirent *d;

	free(path);
	if (!fds)
		return;
	while ((d = readdir(fds)))
		note_link(scan, fds, d->d_name, pid);
	closedir(fds);
}

json_t *sockets_scan(void)
{
	json_t *scan = must(json_object());
	DIR *proc = opendir("/proc");
	struct dirent *d;

	while (proc && (d = readdir(proc)))
		if (!d->d_name[strspn(d->d_name, "0123456789")])
			note_process(scan, d->d_name);
	if (proc)
		closedir(proc);
	return scan;
}

const json_t *sockets_known(const json_t *scan, uint64_t inode)
{
	char key[24];

	snprintf(key, sizeof(key), "%llu", (unsigned long long)inode);
	return json_object_get(scan, key);
}

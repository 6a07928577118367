// SPDX-License-Identifier: GPL-2.0
#include "netns.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meshctl.h"
#include "util.h"

#define NETNS_DIR "/run/netns"

static bool is_pid(const char *name)
{
	return *name && !name[strspn(name, "0123456789")];
}

static int open_at(const char *directory, const char *name, const char *file)
{
	char *path = xasprintf("%s/%s%s", directory, name, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	free(path);
	return fd;
}

int netns_open(const char *name)
{
	int fd;

	if (strchr(name, '/')) {
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			complain("%s: %s", name, strerror(errno));
		return fd;
	}
	/* A name may be "." or empty only by mistake. */
	fd = *name && *name != '.' ? open_at(NETNS_DIR, name, "") : -1;
	if (fd >= 0)
		return fd;
	if (is_pid(name))
		fd = open_at("/proc", name, "/ns/net");
	if (fd < 0)
		complain("\"%s\" is neither a network namespace in " NETNS_DIR
			 " nor the number of a process", name);
	return fd;
}

int netns_enter(const char *name)
{
	int fd = netns_open(name), err;

	if (fd < 0)
		return STATUS_USAGE;
	err = setns(fd, CLONE_NEWNET) ? errno : 0;
	close(fd);
	if (!err)
		return STATUS_OK;
	complain("cannot enter network namespace \"%s\": %s", name,
		 err == EINVAL ? "it is not one" : strerror(err));
	return err == EINVAL ? STATUS_USAGE : STATUS_KERNEL;
}

int netns_enter_new(void)
{
	if (!unshare(CLONE_NEWNET))
		return STATUS_OK;
	complain("cannot make a network namespace: %s", strerror(errno));
	return STATUS_KERNEL;
}

static json_t *entry_of(json_t *scan, uint64_t inode)
{
	char key[24];
	json_t *entry;

	snprintf(key, sizeof(key), "%llu", (unsigned long long)inode);
	entry = json_object_get(scan, key);
	if (!entry) {
		entry = must(json_pack("{s:[], s:[]}", "names", "pids"));
		json_object_set_new(scan, key, entry);
	}
	return entry;
}

static void note(json_t *scan, const char *directory, const char *name,
		 bool process)
{
	char *path = xasprintf("%s/%s%s", directory, name,
			       process ? "/ns/net" : "");
	struct stat st;
	json_t *entry;

	if (!stat(path, &st)) {
		entry = entry_of(scan, st.st_ino);
		if (process)
			json_array_append_new(json_object_get(entry, "pids"),
					      must(json_integer(atol(name))));
		else
			json_array_append_new(json_object_get(entry, "names"),
					      json_text(name, strlen(name)));
	}
	free(path);
}

static void scan_directory(json_t *scan, const char *directory, bool processes)
{
	DIR *dir = opendir(directory);
	struct dirent *d;

	if (!dir)
		return;
	while ((d = readdir(dir)))
		if (processes ? is_pid(d->d_name) : d->d_name[0] != '.')
			note(scan, directory, d->d_name, processes);
	closedir(dir);
}

json_t *netns_scan(void)
{
	json_t *scan = must(json_object());

	scan_directory(scan, NETNS_DIR, false);
	scan_directory(scan, "/proc", true);
	return scan;
}

const json_t *netns_known(const json_t *scan, uint64_t inode)
{
	char key[24];

	snprintf(key, sizeof(key), "%llu", (unsigned long long)inode);
	return json_object_get(scan, key);
}

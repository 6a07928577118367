// SPDX-License-Identifier: GPL-2.0
/*
 * mesh_file: any bytes as meshctl's file are refused with a message or accepted;
 * what was accepted is the same again when it has been written and read.
 *
 * Input: the file.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool load(const void *data, size_t size, struct config *config)
{
	int fd = memfd_create("mesh", 0);
	char name[32];
	bool ok;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET))
		abort();
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	ok = load_file(name, config);
	close(fd);
	return ok;
}

/* Complaints are expected, by the thousand. */
static void quiet(void)
{
	static bool done;
	int null;

	if (done)
		return;
	done = true;
	null = open("/dev/null", O_WRONLY);
	stderr = fdopen(null, "w");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config first = { 0 }, again = { 0 };
	json_t *tree, *same;
	char *text;

	quiet();
	if (!load(data, size, &first)) {
		if (first.count)
			abort();
		return 0;
	}
	tree = config_tree(&first, true);
	text = json_dumps(tree, JSON_INDENT(1) | JSON_ENCODE_ANY);
	if (!load(text, strlen(text), &again))
		abort();
	same = config_tree(&again, true);
	if (!json_equal(tree, same))
		abort();
	json_decref(tree);
	json_decref(same);
	free(text);
	config_free(&first);
	config_free(&again);
	return 0;
}

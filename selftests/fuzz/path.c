// SPDX-License-Identifier: GPL-2.0
/*
 * path: a path that is made normal is normal, and nothing is written behind it.
 *
 * Input: rules, the path without its first slash.
 */
#include "fuzz.h"
#include "http/path.h"

static bool has_dot_segment(const char *p, u32 len)
{
	u32 from = 1, i;

	for (i = 1; i <= len; i++) {
		if (i < len && p[i] != '/')
			continue;
		if (i - from == 1 && p[from] == '.')
			return true;
		if (i - from == 2 && p[from] == '.' && p[from + 1] == '.')
			return true;
		from = i + 1;
	}
	return false;
}

static void check(const struct path_rules *r, const char *path, u32 len)
{
	char *again = copy_of(path, len);
	u32 i;

	must_hold(path[0] == '/');
	must_hold(path_normalize(r, again, len) == len);
	must_hold(!memcmp(again, path, len));
	must_hold(!r->normalize || !has_dot_segment(path, len));
	for (i = 1; r->merge_slashes && i < len; i++)
		must_hold(path[i] != '/' || path[i - 1] != '/');
	free(again);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct path_rules r;
	char *path;
	u32 len;

	if (!size)
		return 0;
	r = (struct path_rules){
		.escaped_slashes = data[0] % 3,
		.normalize = data[0] & 4,
		.merge_slashes = data[0] & 8,
	};
	path = copy_of((const char *)data, size);
	path[0] = '/';
	len = path_normalize(&r, path, size);
	must_hold(len <= size);
	if (len)
		check(&r, path, len);
	free(path);
	return 0;
}

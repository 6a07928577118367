// SPDX-License-Identifier: GPL-2.0
/*
 * version: of the tool, and of the module with the state of the mesh.
 */
#include <linux/l7mesh.h>
#include <string.h>

#include "meshctl.h"
#include "nl.h"
#include "util.h"

static void take_info(const struct nlmsghdr *nlh, void *data)
{
	static const struct {
		const char *name;
		uint16_t attr;
	} numbers[] = {
		{ "generation", L7MESH_A_GENERATION },
		{ "config_bytes", L7MESH_A_CONFIG_BYTES },
		{ "config_bytes_max", L7MESH_A_CONFIG_BYTES_MAX },
	};
	const char *version = nl_string(nl_attr(nlh, L7MESH_A_VERSION));
	const struct nlattr *attr;
	json_t *info = data;
	size_t i;

	json_object_set_new(info, "l7mesh", json_text(version,
						      strlen(version)));
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		attr = nl_attr(nlh, numbers[i].attr);
		if (attr)
			json_object_set_new(info, numbers[i].name,
					    must(json_integer(nl_u64(attr))));
	}
}

static void print_text(json_t *info)
{
	const char *name;
	json_t *value;

	json_object_foreach(info, name, value) {
		if (json_is_string(value))
			printf("%s %s\n", name, json_string_value(value));
		else
			printf("%s %" JSON_INTEGER_FORMAT "\n", name,
			       json_integer_value(value));
	}
}

/* The tool's version is printed even if there is no module to ask. */
int cmd_version(const struct ctl *ctl, int argc, char **argv)
{
	json_t *info;
	struct nl nl;
	int status;

	if (argc > 1) {
		complain("usage: meshctl %s", argv[0]);
		return STATUS_USAGE;
	}
	info = must(json_pack("{s:s}", "meshctl", MESHCTL_VERSION));
	status = nl_open(&nl);
	if (!status) {
		status = nl_command(&nl, L7MESH_CMD_INFO_GET, NLM_F_ACK,
				    take_info, info);
		nl_close(&nl);
	}
	if (ctl->json) {
		json_print(info);
		return status;
	}
	print_text(info);
	json_decref(info);
	return status;
}

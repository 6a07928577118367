// SPDX-License-Identifier: GPL-2.0
/*
 * export: prints the configuration as a file that apply reads back identically.
 */
#include "dump.h"
#include "emit.h"
#include "meshctl.h"
#include "resolved.h"
#include "util.h"

int cmd_export(const struct ctl *ctl, int argc, char **argv)
{
	struct config config;
	json_t *tree;
	int status;

	if (argc > 1) {
		complain("usage: meshctl %s", argv[0]);
		return STATUS_USAGE;
	}
	status = dump_open(&config);
	if (status)
		return status;
	resolved_drop(&config);
	tree = config_tree(&config, false);
	config_free(&config);
	emit_file(tree, ctl->json);
	json_decref(tree);
	return STATUS_OK;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * import: what others configure, as a mesh file.
 */
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "gateway_api.h"
#include "load.h"
#include "meshctl.h"
#include "util.h"

#define USAGE "usage: meshctl import gateway-api FILE..."

/* What the tables of the schema cannot tell is found by reading it as a file. */
static bool is_good(json_t *tree)
{
	char *text = json_dumps(tree, JSON_INDENT(2));
	bool good;

	if (!text) {
		must(NULL);
		return false;
	}
	good = load_check("what would be written", text, strlen(text));
	free(text);
	return good;
}

int cmd_import(const struct ctl *ctl, int argc, char **argv)
{
	struct manifests m;
	json_t *tree = NULL;
	int status = STATUS_USAGE;

	if (argc < 3 || strcmp(argv[1], "gateway-api")) {
		complain(USAGE);
		return STATUS_USAGE;
	}
	if (manifests_load(&m, argv + 2, argc - 2))
		tree = gateway_api_import(&m);
	if (tree && is_good(tree)) {
		emit_file(tree, ctl->json);
		status = STATUS_OK;
	}
	json_decref(tree);
	manifests_free(&m);
	return status;
}

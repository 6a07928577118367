// SPDX-License-Identifier: GPL-2.0
/*
 * import: what others configure, as a mesh file.
 */
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "envoy.h"
#include "gateway_api.h"
#include "load.h"
#include "meshctl.h"
#include "util.h"
#include "value.h"

#define USAGE "usage: meshctl import gateway-api [--strict] FILE... | " \
	      "envoy [-a ADDRESS] FILE"

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

/* [--strict] FILE...; *@usage if it is something else. */
static json_t *import_gateway_api(const struct ctl *ctl, int argc, char **argv,
				  bool *usage)
{
	bool strict = !strcmp(argv[0], "--strict");
	json_t *report, *tree = NULL;
	struct manifests m;

	*usage = argc == strict;
	if (*usage)
		return NULL;
	report = ctl->json ? must(json_array()) : NULL;
	if (manifests_load(&m, argv + strict, argc - strict, strict && !report))
		tree = gateway_api_import(&m, strict, report);
	manifests_free(&m);
	if (json_array_size(report)) {
		json_dumpf(report, stderr, JSON_INDENT(2));
		fputc('\n', stderr);
	}
	json_decref(report);
	return tree;
}

/* [-a ADDRESS] FILE; *@usage if it is something else. */
static json_t *import_envoy(int argc, char **argv, bool *usage)
{
	const char *address = NULL;
	struct address a;

	if (argc == 3 && !strcmp(argv[0], "-a")) {
		address = argv[1];
		if (!address_parse(address, &a)) {
			complain("-a: \"%s\" is not an address", address);
			return NULL;
		}
		argc -= 2;
		argv += 2;
	}
	*usage = argc != 1;
	return *usage ? NULL : envoy_import(argv[0], address);
}

int cmd_import(const struct ctl *ctl, int argc, char **argv)
{
	bool usage = argc < 3;
	json_t *tree = NULL;
	int status = STATUS_USAGE;

	if (!usage && !strcmp(argv[1], "gateway-api"))
		tree = import_gateway_api(ctl, argc - 2, argv + 2, &usage);
	else if (!usage && !strcmp(argv[1], "envoy"))
		tree = import_envoy(argc - 2, argv + 2, &usage);
	else
		usage = true;
	if (usage)
		complain(USAGE);
	if (tree && is_good(tree)) {
		emit_file(tree, ctl->json);
		status = STATUS_OK;
	}
	json_decref(tree);
	return status;
}

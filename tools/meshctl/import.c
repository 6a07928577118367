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

#define USAGE "usage: meshctl import gateway-api [--strict] " \
	      "[--addresses NETWORKS] [--root-namespace NAME] FILE... | " \
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

/* Networks of a list with commas; NULL with an error. */
static json_t *networks_of(const char *text)
{
	unsigned char bytes[NETWORK_BYTES_MAX];
	json_t *list = must(json_array());
	const char *one;
	size_t len;

	for (; *text; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		json_array_append_new(list, json_text(text, len));
		one = json_string_value(json_array_get(list,
						       json_array_size(list) - 1));
		if (network_parse(one, bytes))
			continue;
		complain("--addresses: \"%s\" is not a network, as 10.0.0.0/8",
			 one);
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *import_manifests(const struct ctl *ctl, char *const *files,
				size_t n, const struct gateway_options *options)
{
	json_t *report = ctl->json ? must(json_array()) : NULL, *tree = NULL;
	struct manifests m;

	if (manifests_load(&m, files, n, options->strict && !report))
		tree = gateway_api_import(&m, options, report);
	manifests_free(&m);
	if (json_array_size(report)) {
		json_dumpf(report, stderr, JSON_INDENT(2));
		fputc('\n', stderr);
	}
	json_decref(report);
	return tree;
}

/* [--strict] [--addresses ...] [--root-namespace ...] FILE...; else *@usage. */
static json_t *import_gateway_api(const struct ctl *ctl, int argc, char **argv,
				  bool *usage)
{
	struct gateway_options options = { .root = "istio-system" };
	json_t *networks = NULL, *tree;

	for (; argc && !strncmp(*argv, "--", 2); argc--, argv++) {
		if (!strcmp(*argv, "--strict")) {
			options.strict = true;
		} else if (!strcmp(*argv, "--addresses") && argc > 1 && !networks) {
			networks = networks_of(*++argv);
			if (!networks)
				return NULL;
			argc--;
		} else if (!strcmp(*argv, "--root-namespace") && argc > 1) {
			options.root = *++argv;
			argc--;
		} else {
			break;
		}
	}
	*usage = !argc || !strncmp(*argv, "--", 2);
	options.networks = networks;
	tree = *usage ? NULL : import_manifests(ctl, argv, argc, &options);
	json_decref(networks);
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

// SPDX-License-Identifier: GPL-2.0
/*
 * meshctl - configures the l7mesh kernel module.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "meshctl.h"
#include "netns.h"
#include "util.h"
#include "words.h"

static const struct command {
	const char *name;
	int (*run)(const struct ctl *ctl, int argc, char **argv);
} commands[] = {
	{ "add", cmd_add },
	{ "apply", cmd_apply },
	{ "attach", cmd_attach },
	{ "authz", cmd_authz },
	{ "check", cmd_check },
	{ "del", cmd_del },
	{ "detach", cmd_detach },
	{ "diff", cmd_diff },
	{ "drain", cmd_drain },
	{ "explain", cmd_explain },
	{ "export", cmd_export },
	{ "flush", cmd_flush },
	{ "help", cmd_help },
	{ "import", cmd_import },
	{ "monitor", cmd_monitor },
	{ "resolve", cmd_resolve },
	{ "route", cmd_route },
	{ "set", cmd_set },
	{ "show", cmd_show },
	{ "splice", cmd_splice },
	{ "stats", cmd_stats },
	{ "version", cmd_version },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char usage[] =
	"usage: meshctl [-j] [-n NETNS] COMMAND ...\n"
	"\n"
	"  -j, --json         print JSON\n"
	"  -n, --netns NETNS  act on the mesh of that network namespace\n"
	"\n"
	"  apply -f FILE [--dry-run]     make FILE (YAML or JSON, - for standard\n"
	"                                input) the configuration\n"
	"  check -f FILE                 check FILE without asking the kernel\n"
	"  diff -f FILE [--exit-code]    print what apply would change\n"
	"  export                        print the configuration as a file\n"
	"  import gateway-api FILE...    print a file made of Kubernetes manifests\n"
	"  show [KIND [NAME]]            print the configuration, or objects\n"
	"  show maglev CLUSTER           print a cluster's table\n"
	"  show attached                 print the namespaces that obey\n"
	"  show splices                  print the connections that are spliced\n"
	"  add|set|del KIND ...          change one object\n"
	"  splice POLICY ...             say which connections are spliced\n"
	"  flush                         remove all objects\n"
	"  attach|detach NETNS|PID       make a namespace obey, or let it go\n"
	"  attach NETNS|PID workload NAME\n"
	"                                and it is where that workload runs\n"
	"  authz WORKLOAD ...            say whether a connection is allowed, and why\n"
	"  authz test FILE [-f MESH]     check that against what is expected\n"
	"  explain LISTENER URL ...      say what becomes of a request, and why\n"
	"  resolve [--once]              keep endpoints what their names' addresses are\n"
	"  route test FILE [-f MESH]     check requests against what is expected\n"
	"  monitor                       print changes as they happen\n"
	"  stats                         print counters\n"
	"  drain [listener|endpoint ...] end HTTP connections\n"
	"  version                       print the tool's version and the module's\n"
	"  help                          print this\n";

int cmd_help(const struct ctl *ctl, int argc, char **argv)
{
	int kind;

	(void)ctl;
	(void)argc;
	(void)argv;
	fputs(usage, stdout);
	fputs("\nObjects, for add, set and del (the key only):\n", stdout);
	for (kind = 1; kind <= L7MESH_KIND_MAX; kind++)
		printf("  %s\n", words_usage(kind));
	return STATUS_OK;
}

static int run(const struct ctl *ctl, const char *netns, int argc, char **argv)
{
	size_t i;
	int status;

	for (i = 0; i < NCOMMANDS; i++)
		if (!strcmp(argv[0], commands[i].name))
			break;
	if (i == NCOMMANDS) {
		complain("\"%s\" is not a command; try: meshctl help", argv[0]);
		return STATUS_USAGE;
	}
	status = netns ? netns_enter(netns) : STATUS_OK;
	if (!status)
		status = commands[i].run(ctl, argc, argv);
	return finish_output(status);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "netns", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	const char *netns = NULL;
	struct ctl ctl = { 0 };
	int opt;

	while ((opt = getopt_long(argc, argv, "+jn:hV", longs, NULL)) != -1) {
		switch (opt) {
		case 'j':
			ctl.json = true;
			break;
		case 'n':
			netns = optarg;
			break;
		case 'h':
			return finish_output(cmd_help(&ctl, 0, NULL));
		case 'V':
			puts("meshctl " MESHCTL_VERSION);
			return finish_output(STATUS_OK);
		default:
			return STATUS_USAGE;
		}
	}
	if (optind < argc)
		return run(&ctl, netns, argc - optind, argv + optind);
	fputs(usage, stderr);
	return STATUS_USAGE;
}

// SPDX-License-Identifier: GPL-2.0
#include "apply.h"

#include <errno.h>
#include <getopt.h>
#include <linux/l7mesh.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bound.h"
#include "diff.h"
#include "meshctl.h"
#include "resolved.h"
#include "txn.h"
#include "util.h"

/*
 * A file is the whole truth, so losing a race against another change is no reason
 * to give up: it would be replaced anyway.
 */
#define ATTEMPTS_MAX 10

enum { OPT_DRY_RUN = 256, OPT_EXIT_CODE };

bool apply_options(struct apply_options *options, int argc, char **argv,
		   bool diff)
{
	static const struct option longs[] = {
		{ "file", required_argument, NULL, 'f' },
		{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
		{ "exit-code", no_argument, NULL, OPT_EXIT_CODE },
		{ 0 },
	};
	int opt;

	*options = (struct apply_options){ 0 };
	optind = 0;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+:f:", longs, NULL)) != -1) {
		if (opt == 'f')
			options->file = optarg;
		else if (opt == OPT_DRY_RUN && !strcmp(argv[0], "apply"))
			options->dry_run = true;
		else if (opt == OPT_EXIT_CODE && diff)
			options->exit_code = true;
		else
			break;
	}
	if (opt == -1 && optind == argc && options->file)
		return true;
	complain("usage: meshctl %s -f FILE%s", argv[0],
		 diff ? " [--exit-code]" :
		 !strcmp(argv[0], "apply") ? " [--dry-run]" : "");
	return false;
}

/* Prints a refusal, with the place in the file of the object that it is about. */
static int refused(struct nl *nl, const char *file, const struct object *o,
		   struct refusal *r)
{
	char *text = o ? txn_text(nl, o, r) : refusal_text(r, NULL), *label;

	fflush(stdout);
	if (o) {
		label = object_label(o->kind, o->body);
		fprintf(stderr, "%s:%zu:%zu: %s: the kernel refused: %s\n",
			load_name(file), o->mark.line, o->mark.column, label,
			text);
		free(label);
	} else {
		fprintf(stderr, "%s: the kernel refused: %s\n",
			load_name(file), text);
	}
	free(text);
	refusal_free(r);
	return STATUS_KERNEL;
}

static void abort_txn(struct nl *nl)
{
	struct refusal ignored;

	if (txn_abort(nl, &ignored))
		refusal_free(&ignored);
}

/*
 * Stages all of a file; what is refused is printed. What other namespaces workloads get
 * meanwhile is another change, so that the transaction is not committed.
 */
static int stage(struct nl *nl, const char *file, const struct config *config)
{
	const struct object *o = NULL;
	struct config bound;
	struct refusal r;
	int status;

	if (txn_begin(nl, true, &r))
		return refused(nl, file, NULL, &r);
	status = bound_fill(nl, config, &bound);
	if (!status && txn_stage(nl, L7MESH_CMD_ADD, &bound, &o, &r))
		status = refused(nl, file, o, &r);
	config_free(&bound);
	if (status)
		abort_txn(nl);
	return status;
}

static void print_changes(const struct ctl *ctl, const struct config *from,
			  const struct config *config)
{
	struct config bound;

	bound_keep(config, from, &bound);
	diff_print(from, &bound, ctl->json);
	config_free(&bound);
}

/* Everything but publishing it, then how it differs from what there is. */
static int dry_run(const struct ctl *ctl, struct nl *nl, const char *file,
		   const struct config *config)
{
	struct config from;
	struct refusal r;
	int status = stage(nl, file, config);

	if (status)
		return status;
	if (txn_abort(nl, &r))
		return refused(nl, file, NULL, &r);
	status = dump_config(nl, &from);
	if (status)
		return status;
	print_changes(ctl, &from, config);
	config_free(&from);
	return STATUS_OK;
}

int apply_config(struct nl *nl, const char *file, const struct config *config,
		 uint64_t *generation)
{
	struct refusal r = REFUSAL_NONE;
	int status, i;

	for (i = 0; i < ATTEMPTS_MAX; i++) {
		refusal_free(&r);
		status = stage(nl, file, config);
		if (status)
			return status;
		if (!txn_commit(nl, generation, &r))
			return STATUS_OK;
		if (r.code != EBUSY)
			break;
	}
	return refused(nl, file, NULL, &r);
}

static int apply(const struct ctl *ctl, struct nl *nl, const char *file,
		 const struct config *config)
{
	uint64_t generation = 0;
	int status = apply_config(nl, file, config, &generation);

	if (!status && ctl->json)
		json_print(json_pack("{s:I}", "generation",
				     (json_int_t)generation));
	return status;
}

int cmd_apply(const struct ctl *ctl, int argc, char **argv)
{
	struct apply_options options;
	struct config config;
	struct nl nl;
	int status;

	if (!apply_options(&options, argc, argv, false) ||
	    !load_file(options.file, &config))
		return STATUS_USAGE;
	status = nl_open(&nl);
	if (!status) {
		status = resolved_fill(&nl, &config);
		if (!status)
			status = options.dry_run ?
				 dry_run(ctl, &nl, options.file, &config) :
				 apply(ctl, &nl, options.file, &config);
		nl_close(&nl);
	}
	config_free(&config);
	return status;
}

int cmd_check(const struct ctl *ctl, int argc, char **argv)
{
	struct apply_options options;
	struct config config;

	(void)ctl;
	if (!apply_options(&options, argc, argv, false) ||
	    !load_file(options.file, &config))
		return STATUS_USAGE;
	config_free(&config);
	return STATUS_OK;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * icount: counts the instructions that a guest executes.
 *
 * A plugin for QEMU's TCG. Instructions are told apart by where they are: in user
 * space, in the kernel, in modules. An iteration of a REP instruction is executed
 * as an instruction by TCG, but is none of a processor's: these are left out.
 *
 * A program in the guest marks a moment by a NOP that nobody else has,
 *
 *	0f 1f 80 ID ID 4b 4d	nopl 0x4d4bIDID(%rax)
 *
 * upon which the counts so far are a line of the file out=FILE:
 *
 *	ID USER KERNEL MODULES
 *
 * With profile=FILE the blocks of the kernel's code that were executed between ID 1
 * and ID 2 are lines of that file, after a line "cell", in which user space is at 0:
 *
 *	ADDRESS INSTRUCTIONS
 *
 * Exact with one virtual CPU, or with -accel tcg,thread=single.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "qemu_plugin.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 1;

#define MARK_SIZE 7

/* Where x86-64 Linux has its modules and what it compiles from BPF. */
#define MODULES 0xffffffffc0000000ULL

enum { USER, KERNEL, MODULE, REPEATED, KINDS };

static uint64_t counts[KINDS];
static FILE *out, *profile;

/* By the address of a block's first instruction; all of user space is one. */
#define BLOCKS 1048576U	/* 2^20: see block_at() */

static struct block {
	uint64_t address, count;
	bool used;
} blocks[BLOCKS];

static struct block *block_at(uint64_t address)
{
	uint64_t i = address * 0x9e3779b97f4a7c15ULL >> 44;

	while (blocks[i].used && blocks[i].address != address)
		i = (i + 1) % BLOCKS;
	blocks[i].address = address;
	blocks[i].used = true;
	return &blocks[i];
}

static void write_profile(void)
{
	unsigned int i;

	fprintf(profile, "cell\n");
	for (i = 0; i < BLOCKS; i++)
		if (blocks[i].count)
			fprintf(profile, "%lx %lu\n", blocks[i].address,
				blocks[i].count);
	fflush(profile);
}

static void clear_profile(void)
{
	unsigned int i;

	for (i = 0; i < BLOCKS; i++)
		blocks[i].count = 0;
}

static void mark(unsigned int vcpu, void *id)
{
	(void)vcpu;
	if (profile && (uintptr_t)id == 1)
		clear_profile();
	if (profile && (uintptr_t)id == 2)
		write_profile();
	fprintf(out, "%u %lu %lu %lu\n", (unsigned int)(uintptr_t)id,
		counts[USER], counts[KERNEL], counts[MODULE]);
	fflush(out);
}

/* The string instructions, after a REP prefix and what may follow it. */
static bool is_repeated(const struct qemu_plugin_insn *insn)
{
	const uint8_t *code = qemu_plugin_insn_data(insn);
	size_t size = qemu_plugin_insn_size(insn), i = 0;
	bool rep = false;

	for (; i < size && (code[i] >= 0xf2 || code[i] == 0x66); i++)
		rep |= code[i] == 0xf2 || code[i] == 0xf3;
	if (i < size && (code[i] & 0xf0) == 0x40)
		i++;
	return rep && i + 1 == size &&
	       ((code[i] >= 0xa4 && code[i] <= 0xa7) ||
		(code[i] >= 0xaa && code[i] <= 0xaf));
}

static bool is_mark(const struct qemu_plugin_insn *insn)
{
	const uint8_t *code = qemu_plugin_insn_data(insn);

	return qemu_plugin_insn_size(insn) == MARK_SIZE && code[0] == 0x0f &&
	       code[1] == 0x1f && code[2] == 0x80 && code[5] == 0x4b &&
	       code[6] == 0x4d;
}

static void *mark_id(const uint8_t *code)
{
	return (void *)(uintptr_t)(code[3] | code[4] << 8);
}

static int kind_of(const struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb);

	if (qemu_plugin_tb_n_insns(tb) == 1 &&
	    is_repeated(qemu_plugin_tb_get_insn(tb, 0)))
		return REPEATED;
	if (!(address >> 63))
		return USER;
	return address >= MODULES ? MODULE : KERNEL;
}

static void count_block(struct qemu_plugin_tb *tb, int kind)
{
	uint64_t address = kind == USER ? 0 : qemu_plugin_tb_vaddr(tb);

	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 &block_at(address)->count,
						 qemu_plugin_tb_n_insns(tb));
}

static void translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;
	struct qemu_plugin_insn *insn;
	int kind = kind_of(tb);
	const uint8_t *code;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 &counts[kind], n);
	if (profile && kind != REPEATED)
		count_block(tb, kind);
	for (i = 0; i < n && kind == USER; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (!is_mark(insn))
			continue;
		code = qemu_plugin_insn_data(insn);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, mark,
						       QEMU_PLUGIN_CB_NO_REGS,
						       mark_id(code));
	}
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info,
			       int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "we");
		else if (!strncmp(argv[i], "profile=", 8))
			profile = fopen(argv[i] + 8, "we");
		else
			return -1;
	}
	if (!out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	return 0;
}

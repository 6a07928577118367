/* SPDX-License-Identifier: GPL-2.0 */
/*
 * regexp: regular expressions that match in linear time.
 *
 * A pattern is compiled into a deterministic automaton once, in bounded time and
 * memory; matching is one table lookup for each byte of the text, whatever the
 * pattern: nothing is ever tried twice. (Thompson, "Regular Expression Search
 * Algorithm", CACM 1968; subset construction as in Cox, "Regular Expression
 * Matching Can Be Simple And Fast", 2007.)
 *
 * The syntax is a subset of RE2's, which Envoy and Gateway API implementations
 * use, and as in Envoy the whole text must match:
 *
 *	x  \.  \xHH  \t		a byte (a special one after a backslash)
 *	.			any byte but a line feed
 *	[a-z_] [^/]		one of, none of; \d \w \s and escapes in it too
 *	\d \w \s \D \W \S	digit, word character, white space, and the others
 *	(...) (?:...)		a group; nothing is captured
 *	a|b			either
 *	* + ? {n} {n,} {n,m}	repetition; "?" behind one is ignored, as how much
 *				is repeated makes no difference
 *	^ $			at the beginning and the end only, where they change
 *				nothing
 *	(?i)			at the beginning only: ASCII letters without case
 *
 * Bytes are matched, not characters: "." is one byte of a UTF-8 sequence.
 * Everything else is refused: back references, assertions, flags, named groups
 * and classes.
 *
 * Plain C: no kernel call, no allocation. Matching: any context.
 */
#ifndef L7MESH_REGEXP_H
#define L7MESH_REGEXP_H

#include <linux/types.h>
#include "lib/span.h"

#define REGEXP_PROGRAM_MAX	512	/* instructions of the automaton's program */
#define REGEXP_STATES_MAX	1024
#define REGEXP_TABLE_MAX		32768	/* states by classes of bytes */
#define REGEXP_REPEAT_MAX	255
#define REGEXP_GROUPS_MAX	16	/* one inside the other */

/* A compiled pattern. */
struct regexp {
	const u16 *next;	/* by state and class; state 0: no match any more */
	u16 nclasses;
	u16 nstates;
	u8 class_of[256];	/* bytes that no state tells apart are one class */
	u64 accepts[REGEXP_STATES_MAX / 64];
};

#define REGEXP_START	1	/* the first state */

enum regexp_op {
	REGEXP_SET,		/* a byte of a set, then the next instruction */
	REGEXP_SPLIT,		/* go on at both */
	REGEXP_MATCH,
};

/* Places are relative, so that code can be moved and copied. */
struct regexp_instr {
	u8 op;			/* enum regexp_op */
	u16 set;		/* of REGEXP_SET */
	s16 to[2];		/* of REGEXP_SPLIT; a jump has the same twice */
};

#define REGEXP_WORDS	(REGEXP_PROGRAM_MAX / 64)

/* What compiling needs: large, not for a stack. */
struct regexp_builder {
	const char *why;	/* out: what is wrong with the pattern */

	/* private to regex.c */
	struct span rest;	/* of the pattern */
	bool nocase;
	u16 depth;
	u16 len;
	u16 nsets;
	struct regexp_instr program[REGEXP_PROGRAM_MAX];
	u64 sets[REGEXP_PROGRAM_MAX][4];
	u64 states[REGEXP_STATES_MAX][REGEXP_WORDS];
	u16 chain[REGEXP_STATES_MAX];	/* the next state of the same hash */
	u16 heads[256];
	u16 stack[REGEXP_PROGRAM_MAX];
	u8 representative[256];		/* a byte of each class */
	struct regexp regexp;
	u16 table[REGEXP_TABLE_MAX];	/* regexp.next */
};

/**
 * regexp_compile() - Compile a pattern
 * @b: builder, need not be initialised
 * @pattern: pattern
 *
 * On success the result is there until the builder is used again or freed; see
 * regexp_copy().
 *
 * Return: 0; -EINVAL with b->why if it is none, -E2BIG with b->why if its automaton
 * is too large.
 */
int regexp_compile(struct regexp_builder *b, struct span pattern);

/* All that a regular expression takes: what regexp_copy() needs. */
static inline size_t regexp_bytes(const struct regexp *re)
{
	return sizeof(*re) + re->nstates * re->nclasses * sizeof(*re->next);
}

/**
 * regexp_copy() - Take what was compiled out of the builder
 * @b: builder after a success
 * @to: regexp_bytes(&b->regexp) of memory, to be freed as one
 */
static inline void regexp_copy(const struct regexp_builder *b, struct regexp *to)
{
	*to = b->regexp;
	to->next = memcpy(to + 1, b->table, regexp_bytes(to) - sizeof(*to));
}

/* A text may come in pieces: the state behind one, and whether it may be the last. */
static inline u32 regexp_step(const struct regexp *re, u32 state, struct span text)
{
	u32 i;

	for (i = 0; i < text.len && state; i++)
		state = re->next[state * re->nclasses +
				 re->class_of[(u8)text.p[i]]];
	return state;
}

static inline bool regexp_accepts(const struct regexp *re, u32 state)
{
	return re->accepts[state / 64] >> state % 64 & 1;
}

/**
 * regexp_match() - Does all of a text match?
 * @re: compiled pattern
 * @text: any bytes
 */
static inline bool regexp_match(const struct regexp *re, struct span text)
{
	return regexp_accepts(re, regexp_step(re, REGEXP_START, text));
}

#endif

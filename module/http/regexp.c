// SPDX-License-Identifier: GPL-2.0
/*
 * In three steps: the pattern becomes a program, of which an expression's part is
 * always contiguous, so that "?" and "|" are inserted before what is there, and
 * "{n}" copies it; bytes become classes; sets of places in the program become the
 * automaton's states.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "http/regexp.h"

static int refuse(struct regexp_builder *b, const char *why)
{
	b->why = why;
	return -EINVAL;
}

static int too_large(struct regexp_builder *b)
{
	b->why = "too many states: shorten its repetitions";
	return -E2BIG;
}

/* The program. */

static void set_byte(u64 *set, u8 byte)
{
	set[byte / 64] |= 1ULL << byte % 64;
}

static bool has_byte(const u64 *set, u8 byte)
{
	return set[byte / 64] >> byte % 64 & 1;
}

/* Make room for @n instructions at @at. */
static int insert(struct regexp_builder *b, u16 at, u16 n)
{
	if (n > REGEXP_PROGRAM_MAX - b->len)
		return too_large(b);
	memmove(&b->program[at + n], &b->program[at],
		(b->len - at) * sizeof(*b->program));
	b->len += n;
	return 0;
}

static int insert_split(struct regexp_builder *b, u16 at, s16 one, s16 other)
{
	int err = insert(b, at, 1);

	if (!err)
		b->program[at] = (struct regexp_instr){
			.op = REGEXP_SPLIT, .to = { one, other },
		};
	return err;
}

/* One byte of @set, which is copied. */
static int add_set(struct regexp_builder *b, const u64 *set)
{
	int err = insert(b, b->len, 1);

	if (err)
		return err;
	memcpy(b->sets[b->nsets], set, sizeof(b->sets[0]));
	b->program[b->len - 1] = (struct regexp_instr){
		.op = REGEXP_SET, .set = b->nsets++,
	};
	return 0;
}

/* A copy of @n instructions from @at, at the end. */
static int add_copy(struct regexp_builder *b, u16 at, u16 n)
{
	u16 to = b->len;
	int err = insert(b, to, n);

	if (!err)
		memcpy(&b->program[to], &b->program[at],
		       n * sizeof(*b->program));
	return err;
}

/* What begins at @at, or nothing. */
static int make_optional(struct regexp_builder *b, u16 at)
{
	return insert_split(b, at, 1, b->len - at + 1);
}

/* What begins at @at, any number of times. */
static int make_star(struct regexp_builder *b, u16 at)
{
	int err = make_optional(b, at);
	s16 back;

	if (err)
		return err;
	back = at - b->len;
	b->program[at].to[1]++;
	return insert_split(b, b->len, back, back);
}

/* {min,max} of what begins at @at; max 0: without end. */
static int repeat(struct regexp_builder *b, u16 at, u32 min, u32 max)
{
	u16 n = b->len - at, last = at;
	u32 i, copies = max ? max : min + 1;
	int err = 0;

	if (!min)
		err = max ? make_optional(b, at) : make_star(b, at);
	/* The copies are of what stands there once: x x x? x? or x x x*. */
	for (i = 1; i < copies && !err; i++) {
		last = b->len;
		err = add_copy(b, min ? at : at + 1, n);
		if (!err && i >= min)
			err = max ? make_optional(b, last) : make_star(b, last);
	}
	return err;
}

/* Reading the pattern. */

static bool more(const struct regexp_builder *b)
{
	return b->rest.len;
}

static bool next_is(const struct regexp_builder *b, char c)
{
	return b->rest.len && b->rest.p[0] == c;
}

static char take(struct regexp_builder *b)
{
	char c = b->rest.p[0];

	b->rest = span_from(b->rest, 1);
	return c;
}

static bool take_if(struct regexp_builder *b, struct span what)
{
	if (!span_starts_with(b->rest, what))
		return false;
	b->rest = span_from(b->rest, what.len);
	return true;
}

static void add_range(u64 *set, u8 first, u8 last)
{
	u32 c;

	for (c = first; c <= last; c++)
		set_byte(set, c);
}

static void invert(u64 *set)
{
	int i;

	for (i = 0; i < 4; i++)
		set[i] = ~set[i];
}

/* \d, \w, \s and what they are not. Returns whether @c is one of them. */
static bool add_escaped_set(u64 *set, char c)
{
	u64 own[4] = {};
	int i;

	switch (c | 0x20) {
	case 'd':
		add_range(own, '0', '9');
		break;
	case 'w':
		add_range(own, '0', '9');
		add_range(own, 'A', 'Z');
		add_range(own, 'a', 'z');
		set_byte(own, '_');
		break;
	case 's':
		/* as RE2: no vertical tab */
		add_range(own, '\t', '\n');
		add_range(own, '\f', '\r');
		set_byte(own, ' ');
		break;
	default:
		return false;
	}
	if (!(c & 0x20))
		invert(own);
	for (i = 0; i < 4; i++)
		set[i] |= own[i];
	return true;
}

static int take_hex(struct regexp_builder *b, u8 *byte)
{
	int high, low;

	if (b->rest.len < 2)
		return refuse(b, "\\x wants two hexadecimal digits");
	high = hex_digit(take(b));
	low = hex_digit(take(b));
	if (high < 0 || low < 0)
		return refuse(b, "\\x wants two hexadecimal digits");
	*byte = high << 4 | low;
	return 0;
}

static bool is_alnum(char c)
{
	return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
	       (c >= '0' && c <= '9');
}

/* What stands behind a backslash and is one byte. */
static int take_escape(struct regexp_builder *b, char c, u8 *byte)
{
	*byte = c;
	switch (c) {
	case 'x':
		return take_hex(b, byte);
	case 't':
		*byte = '\t';
		return 0;
	case 'n':
		*byte = '\n';
		return 0;
	case 'r':
		*byte = '\r';
		return 0;
	default:
		/* A letter or digit would mean something in other dialects. */
		return is_alnum(c) || c & 0x80 ?
		       refuse(b, "unknown escape sequence") : 0;
	}
}

/* (?i): the other case of each letter is in the set as well. */
static void fold(const struct regexp_builder *b, u64 *set)
{
	u8 c;

	if (!b->nocase)
		return;
	for (c = 'a'; c <= 'z'; c++) {
		if (has_byte(set, c))
			set_byte(set, c - 0x20);
		else if (has_byte(set, c - 0x20))
			set_byte(set, c);
	}
}

/* One end of a range, or a set. *@single: whether it is the former. */
static int take_class_item(struct regexp_builder *b, u64 *set, u8 *byte,
			   bool *single)
{
	char c = take(b);

	*single = true;
	*byte = c;
	if (c == '[' && (next_is(b, ':') || next_is(b, '.') || next_is(b, '=')))
		return refuse(b, "named classes are not supported");
	if (c & 0x80)
		return refuse(b, "only ASCII can stand in a class");
	if (c != '\\')
		return 0;
	if (!more(b))
		return refuse(b, "a backslash at the end");
	c = take(b);
	*single = !add_escaped_set(set, c);
	return *single ? take_escape(b, c, byte) : 0;
}

static int take_class_range(struct regexp_builder *b, u64 *set)
{
	bool single;
	u8 first, last;
	int err = take_class_item(b, set, &first, &single);

	if (err || !single)
		return err;
	last = first;
	/* A '-' before the end is one. */
	if (b->rest.len > 1 && next_is(b, '-') && b->rest.p[1] != ']') {
		take(b);
		err = take_class_item(b, set, &last, &single);
		if (err)
			return err;
		if (!single || last < first)
			return refuse(b, "a range that is none");
	}
	add_range(set, first, last);
	return 0;
}

/* Behind '['. A ']' that comes first is one of the class. */
static int take_class(struct regexp_builder *b)
{
	bool inverted = take_if(b, SPAN("^")), first = true;
	u64 set[4] = {};
	int err;

	for (; more(b) && (first || !next_is(b, ']')); first = false) {
		err = take_class_range(b, set);
		if (err)
			return err;
	}
	if (!take_if(b, SPAN("]")))
		return refuse(b, "[ without ]");
	fold(b, set);
	if (inverted)
		invert(set);
	return add_set(b, set);
}

static int take_expression(struct regexp_builder *b);

/* Behind '('. */
static int take_group(struct regexp_builder *b)
{
	int err;

	if (next_is(b, '?') && !take_if(b, SPAN("?:")))
		return refuse(b, "of (?...) only (?:...) is supported, and (?i) at the beginning");
	if (b->depth == REGEXP_GROUPS_MAX)
		return refuse(b, "too many groups inside each other");
	b->depth++;
	err = take_expression(b);
	b->depth--;
	if (err)
		return err;
	return take_if(b, SPAN(")")) ? 0 : refuse(b, "( without )");
}

static int add_byte(struct regexp_builder *b, u8 byte)
{
	u64 set[4] = {};

	set_byte(set, byte);
	fold(b, set);
	return add_set(b, set);
}

static int take_escaped(struct regexp_builder *b)
{
	u64 set[4] = {};
	u8 byte;
	char c;
	int err;

	if (!more(b))
		return refuse(b, "a backslash at the end");
	c = take(b);
	if (add_escaped_set(set, c))
		return add_set(b, set);
	err = take_escape(b, c, &byte);
	return err ?: add_byte(b, byte);
}

static int take_atom(struct regexp_builder *b)
{
	u64 any[4] = {};
	char c = take(b);

	switch (c) {
	case '(':
		return take_group(b);
	case '[':
		return take_class(b);
	case '\\':
		return take_escaped(b);
	case '.':
		set_byte(any, '\n');
		invert(any);
		return add_set(b, any);
	case '*':
	case '+':
	case '?':
	case '{':
		return refuse(b, "nothing before a repetition (a \"{\" is written \"\\{\")");
	case '^':
	case '$':
		return refuse(b, "^ and $ may stand at the beginning and the end only");
	default:
		return add_byte(b, c);
	}
}

static int take_number(struct regexp_builder *b, u32 *n)
{
	if (!more(b) || b->rest.p[0] < '0' || b->rest.p[0] > '9')
		return refuse(b, "{ wants {n}, {n,} or {n,m}");
	for (*n = 0; more(b) && b->rest.p[0] >= '0' && b->rest.p[0] <= '9';) {
		*n = *n * 10 + (take(b) - '0');
		if (*n > REGEXP_REPEAT_MAX)
			return refuse(b, "more than 255 repetitions");
	}
	return 0;
}

/* Behind '{': the bounds of what begins at @at. */
static int take_bounds(struct regexp_builder *b, u16 at)
{
	u32 min, max;
	int err = take_number(b, &min);

	if (err)
		return err;
	max = min;
	if (take_if(b, SPAN(","))) {
		max = 0;
		if (!next_is(b, '}')) {
			err = take_number(b, &max);
			if (err)
				return err;
			if (max < min || !max)
				return refuse(b, "{n,m} with n above m, or m of 0");
		}
	} else if (!max) {
		return refuse(b, "{0} matches nothing");
	}
	if (!take_if(b, SPAN("}")))
		return refuse(b, "{ wants {n}, {n,} or {n,m}");
	return repeat(b, at, min, max);
}

static bool is_repetition(const struct regexp_builder *b)
{
	return next_is(b, '*') || next_is(b, '+') || next_is(b, '?') ||
	       next_is(b, '{');
}

/* What follows an atom that begins at @at. */
static int take_repetition(struct regexp_builder *b, u16 at)
{
	int err;

	switch (take(b)) {
	case '*':
		err = repeat(b, at, 0, 0);
		break;
	case '+':
		err = repeat(b, at, 1, 0);
		break;
	case '?':
		err = repeat(b, at, 0, 1);
		break;
	default:
		err = take_bounds(b, at);
		break;
	}
	if (err)
		return err;
	take_if(b, SPAN("?"));
	return is_repetition(b) ? refuse(b, "a repetition of a repetition") : 0;
}

static int take_sequence(struct regexp_builder *b)
{
	u16 at;
	int err;

	while (more(b) && !next_is(b, '|') && !next_is(b, ')')) {
		at = b->len;
		err = take_atom(b);
		if (!err && is_repetition(b))
			err = take_repetition(b, at);
		if (err)
			return err;
	}
	return 0;
}

static void set_jump(struct regexp_builder *b, u16 at, s16 to)
{
	b->program[at].to[0] = to;
	b->program[at].to[1] = to;
}

/*
 * Alternatives: each but the last is "split here, behind; ...; jump to the end",
 * where the jump leads to that behind the next one, and so to the end.
 */
static int take_expression(struct regexp_builder *b)
{
	u16 at = b->len, jump = 0;
	bool first = true;
	int err;

	for (;;) {
		err = take_sequence(b);
		if (err)
			return err;
		if (!first)
			set_jump(b, jump, b->len - jump);
		if (!next_is(b, '|'))
			return 0;
		take(b);
		/* The alternatives so far are one. */
		err = insert_split(b, at, 1, 0);
		if (!err)
			err = insert_split(b, b->len, 1, 1);
		if (err)
			return err;

		b->program[at].to[1] = b->len - at;
		jump = b->len - 1;
		first = false;
	}
}

static int take_pattern(struct regexp_builder *b, struct span pattern)
{
	int err;

	b->why = NULL;
	b->rest = pattern;
	b->depth = 0;
	b->len = 0;
	b->nsets = 0;
	b->nocase = take_if(b, SPAN("(?i)"));
	take_if(b, SPAN("^"));
	/* "\$" is a byte; "\\$" ends with an anchor. */
	if (b->rest.len && b->rest.p[b->rest.len - 1] == '$') {
		u32 slashes = 0;

		while (slashes + 1 < b->rest.len &&
		       b->rest.p[b->rest.len - 2 - slashes] == '\\')
			slashes++;
		b->rest.len -= slashes % 2 == 0;
	}
	err = take_expression(b);
	if (err)
		return err;
	if (more(b))
		return refuse(b, ") without (");
	err = insert(b, b->len, 1);
	if (!err)
		b->program[b->len - 1] = (struct regexp_instr){
			.op = REGEXP_MATCH,
		};
	return err;
}

/* Classes: bytes are parted by each set in turn. */

static void part_bytes(struct regexp_builder *b)
{
	struct regexp *re = &b->regexp;
	u32 set, c, n = 1;

	memset(re->class_of, 0, sizeof(re->class_of));
	for (set = 0; set < b->nsets; set++) {
		u16 inside[256] = {};
		bool outside[256] = {};

		for (c = 0; c < 256; c++)
			if (!has_byte(b->sets[set], c))
				outside[re->class_of[c]] = true;
		for (c = 0; c < 256; c++) {
			u8 class = re->class_of[c];

			if (!has_byte(b->sets[set], c) || !outside[class])
				continue;
			if (!inside[class])
				inside[class] = n++;
			re->class_of[c] = inside[class];
		}
	}
	re->nclasses = n;
	for (c = 0; c < 256; c++)
		b->representative[re->class_of[c]] = c;
}

/* States: the places in the program where a byte is wanted, or a match is. */

static void add_place(u64 *state, u16 place)
{
	state[place / 64] |= 1ULL << place % 64;
}

static bool has_place(const u64 *state, u16 place)
{
	return state[place / 64] >> place % 64 & 1;
}

/*
 * All that is reached from @place without a byte. Each place is on the stack once
 * at most, as @seen says.
 */
static void reach(struct regexp_builder *b, u64 *state, u64 *seen, u16 place)
{
	u32 n = 0;
	int i;

	if (has_place(seen, place))
		return;
	add_place(seen, place);
	b->stack[n++] = place;
	while (n) {
		const struct regexp_instr *in = &b->program[b->stack[--n]];

		place = in - b->program;
		if (in->op != REGEXP_SPLIT) {
			add_place(state, place);
			continue;
		}
		for (i = 0; i < 2; i++) {
			u16 to = place + in->to[i];

			if (has_place(seen, to))
				continue;
			add_place(seen, to);
			b->stack[n++] = to;
		}
	}
}

static u8 hash_state(const u64 *state)
{
	u64 hash = 0;
	int i;

	for (i = 0; i < REGEXP_WORDS; i++)
		hash = (hash ^ state[i]) * 0x9e3779b97f4a7c15ULL;
	return hash >> 56;
}

/* The number of the state that b->states[nstates] is: an old one's, or its own. */
static u16 intern(struct regexp_builder *b)
{
	struct regexp *re = &b->regexp;
	const u64 *state = b->states[re->nstates];
	u8 hash = hash_state(state);
	u16 i;

	for (i = b->heads[hash]; i; i = b->chain[i])
		if (!memcmp(b->states[i], state, sizeof(b->states[i])))
			return i;
	i = re->nstates++;
	b->chain[i] = b->heads[hash];
	b->heads[hash] = i;
	if (has_place(state, b->len - 1))
		re->accepts[i / 64] |= 1ULL << i % 64;
	return i;
}

/* Where state @from leads with a byte of @class; 0 if nowhere. */
static u16 step(struct regexp_builder *b, u16 from, u16 class)
{
	struct regexp *re = &b->regexp;
	u64 *state = b->states[re->nstates], seen[REGEXP_WORDS] = {};
	bool some = false;
	u16 place;

	memset(state, 0, sizeof(b->states[0]));
	for (place = 0; place < b->len; place++) {
		const struct regexp_instr *in = &b->program[place];

		if (!b->states[from][place / 64])
			place |= 63;
		if (in->op != REGEXP_SET || !has_place(b->states[from], place) ||
		    !has_byte(b->sets[in->set], b->representative[class]))
			continue;
		reach(b, state, seen, place + 1);
		some = true;
	}
	return some ? intern(b) : 0;
}

static int build_states(struct regexp_builder *b)
{
	struct regexp *re = &b->regexp;
	u64 seen[REGEXP_WORDS] = {};
	u32 from, class;

	memset(b->heads, 0, sizeof(b->heads));
	memset(re->accepts, 0, sizeof(re->accepts));
	memset(b->states[REGEXP_START], 0, sizeof(b->states[0]));
	memset(b->table, 0, re->nclasses * sizeof(*b->table));
	re->next = b->table;
	re->nstates = REGEXP_START;
	reach(b, b->states[REGEXP_START], seen, 0);
	intern(b);
	for (from = REGEXP_START; from < re->nstates; from++) {
		if ((from + 1) * re->nclasses > REGEXP_TABLE_MAX)
			return too_large(b);
		for (class = 0; class < re->nclasses; class++) {
			if (re->nstates == REGEXP_STATES_MAX)
				return too_large(b);
			b->table[from * re->nclasses + class] =
				step(b, from, class);
		}
	}
	return 0;
}

int regexp_compile(struct regexp_builder *b, struct span pattern)
{
	int err = take_pattern(b, pattern);

	if (err)
		return err;
	part_bytes(b);
	return build_states(b);
}

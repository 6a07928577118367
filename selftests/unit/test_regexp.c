// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/http/regexp.c: tables, and glibc's regexec() as an oracle for what both
 * understand.
 */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>

#include "http/regexp.h"
#include "tap.h"
#include "unit.h"

static struct regexp_builder builder;

static struct span text(const char *s)
{
	return (struct span){ s, strlen(s) };
}

/* A compiled pattern of memory of its own, so that ASan sees where it ends. */
static struct regexp *compile(const char *pattern)
{
	struct regexp *re;

	if (regexp_compile(&builder, text(pattern)))
		return NULL;
	re = malloc(regexp_bytes(&builder.regexp));
	regexp_copy(&builder, re);
	return re;
}

/* Words that match, then "!" and words that do not, parted by blanks. */
static const struct {
	const char *pattern, *texts;
} rows[] = {
	{ "abc", "abc ! ab abcd xabc ABC" },
	{ "", "! a" },
	{ "a|bc|d", "a bc d ! ab b c ad" },
	{ "a|b|", "a b ! ab" },
	{ "|a", "a ! b" },
	{ "(a|b)c", "ac bc ! abc c a" },
	{ "(?:a|b)+", "a b abba ! abc" },
	{ "((a)|(b(c|d)))*", "a bc bdabc ! b ab" },
	{ "a*", "a aaaa ! b ab" },
	{ "a+b?", "a ab aaab ! b abb" },
	{ "(a*)*b", "b aaab ! a" },
	{ "(a*)+", "aaa ! b" },
	{ "(a|a)*c", "c aac ! ab" },
	{ "a{3}", "aaa ! aa aaaa" },
	{ "a{2,3}b", "aab aaab ! ab aaaab" },
	{ "a{2,}", "aa aaaaaa ! a" },
	{ "a{0,2}b", "b ab aab ! aaab" },
	{ "a{1}b{1,1}", "ab ! abb" },
	{ "(ab|c){2}", "abab abc cc ! ab ccc" },
	{ "x(a{2}){2}", "xaaaa ! xaa xaaa xaaaaa" },
	{ "a*?b+?c??d", "bd aabbcd ! ad" },
	{ "[a-c]x", "ax bx cx ! dx x" },
	{ "[^/]+", "abc . ! a/b /" },
	{ "[]a]", "] a ! b" },
	{ "[^]a]", "b ! ] a" },
	{ "[a-]", "a - ! b" },
	{ "[-a]", "a - ! b" },
	{ "[a\\-c]", "a - c ! b" },
	{ "[\\d.]+", "1.2 7 ! a" },
	{ "[\\]\\\\]", "] \\ ! a" },
	{ "\\d{4}-\\d\\d", "2026-11 ! 202-11 2026-1a" },
	{ "\\w+\\W\\w+", "a_1-b9 ! ab -" },
	{ "\\S\\D", "ab ! a1" },
	{ "a.c", "abc a.c ! ac abbc" },
	{ "a\\.c", "a.c ! abc" },
	{ "\\x41\\x2f", "A/ ! a/" },
	{ "^/v[12]/.*$", "/v1/ /v2/abc ! /v3/ x/v1/" },
	{ "/price\\$", "/price$ ! /price" },
	{ "/a\\\\$", "/a\\ ! /a" },
	{ "(?i)/Index\\.html", "/index.HTML /INDEX.html ! /index_html" },
	{ "(?i)[^a]b", "cB ! ab AB" },
	{ "/users/[0-9]+(/.*)?", "/users/1 /users/12/x/y ! /users/ /users/a" },
	{ "\xc3\xa4.", "\xc3\xa4x ! \xc3\xa5x" },
	{ "}]", "}] ! }" },
};

static bool row_holds(const struct regexp *re, const char *texts)
{
	char *copy = strdup(texts), *rest = copy, *word;
	bool wanted = true, ok = true;

	while ((word = strsep(&rest, " "))) {
		if (!strcmp(word, "!")) {
			wanted = false;
		} else if (*word && regexp_match(re, text(word)) != wanted) {
			tap_note("\"%s\": %s", word, wanted ? "no" : "yes");
			ok = false;
		}
	}
	free(copy);
	return ok;
}

static void test_rows(void)
{
	struct regexp *re;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		re = compile(rows[i].pattern);
		tap_ok(re && row_holds(re, rows[i].texts), "regexp: %s (%s)",
		       rows[i].pattern, re ? "compiles" : builder.why);
		free(re);
	}
	re = compile("a*");
	tap_ok(re && regexp_match(re, text("")), "regexp: nothing can match");
	free(re);
	re = compile(".*");
	tap_ok(re && regexp_match(re, (struct span){ "\0\xff", 2 }) &&
	       !regexp_match(re, text("a\nb")),
	       "regexp: . is any byte but a line feed");
	free(re);
}

static const struct {
	const char *pattern, *why;
} refusals[] = {
	{ "(a", "( without )" },
	{ "a)", ") without (" },
	{ "[a", "[ without ]" },
	{ "[]", "[ without ]" },
	{ "[z-a]", "a range" },
	{ "[a-\\d]", "a range" },
	{ "[[:alpha:]]", "named classes" },
	{ "[\xc3\xa4]", "only ASCII" },
	{ "*a", "nothing before" },
	{ "(+)", "nothing before" },
	{ "a|?", "nothing before" },
	{ "{2}", "nothing before" },
	{ "a**", "a repetition of a repetition" },
	{ "a+{2}", "a repetition of a repetition" },
	{ "a{", "{ wants" },
	{ "a{x}", "{ wants" },
	{ "a{1", "{ wants" },
	{ "a{1,x}", "{ wants" },
	{ "a{0}", "{0}" },
	{ "a{0,0}", "{n,m}" },
	{ "a{3,2}", "{n,m}" },
	{ "a{256}", "more than 255" },
	{ "a{4294967297}", "more than 255" },
	{ "a^b", "^ and $" },
	{ "(a$)", "^ and $" },
	{ "a\\", "a backslash at the end" },
	{ "[\\", "a backslash at the end" },
	{ "\\1", "unknown escape" },
	{ "\\b", "unknown escape" },
	{ "\\pL", "unknown escape" },
	{ "\\x4", "\\x wants" },
	{ "\\xg0", "\\x wants" },
	{ "(?=a)", "of (?...)" },
	{ "(?P<n>a)", "of (?...)" },
	{ "a(?i)b", "of (?...)" },
	{ "(((((((((((((((((a)))))))))))))))))", "too many groups" },
	{ "((a{200}){200}){200}", "too many states" },
	{ "(a|b)*a(a|b){12}", "too many states" },
};

static void test_refusals(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		int err = regexp_compile(&builder, text(refusals[i].pattern));

		tap_ok(err && strstr(builder.why, refusals[i].why),
		       "regexp: refused: %s: %s", refusals[i].pattern,
		       err ? builder.why : "it is not");
	}
}

/* An expression at random, as both understand it. */
static void random_pattern(char *to, u32 depth)
{
	static const char * const atoms[] = { "a", "b", "c", ".", "[ab]", "[^a]",
					      "[b-c]", "\\." };
	static const char * const ends[] = { "", "", "", "*", "+", "?", "{2}",
					     "{1,2}", "{2,}", "{0,3}" };
	u32 n = 1 + tap_random(3);

	while (n--) {
		if (depth && !tap_random(3)) {
			strcat(to, "(");
			random_pattern(to, depth - 1);
			strcat(to, ")");
		} else {
			strcat(to, atoms[tap_random(ARRAY_SIZE(atoms))]);
		}
		strcat(to, ends[tap_random(ARRAY_SIZE(ends))]);
		if (n && !tap_random(4))
			strcat(to, "|");
	}
}

static bool same(const struct regexp *re, const regex_t *other, const char *s)
{
	return regexp_match(re, text(s)) == !regexec(other, s, 0, NULL, 0);
}

/* Return: -1 if it is too large for us, else whether both agree. */
static int agree(const char *pattern)
{
	char anchored[520], s[16];
	struct regexp *re = compile(pattern);
	regex_t other;
	int ok = 1, i;
	u32 n;

	if (!re)
		return strstr(builder.why, "too many states") ? -1 : 0;
	snprintf(anchored, sizeof(anchored), "^(%s)$", pattern);
	if (regcomp(&other, anchored, REG_EXTENDED | REG_NOSUB)) {
		free(re);
		return 0;
	}
	for (i = 0; i < 40 && ok; i++) {
		for (n = 0; n < (u32)i / 3; n++)
			s[n] = "abc."[tap_random(4)];
		s[n] = '\0';
		ok = same(re, &other, s);
		if (!ok)
			tap_note("%s: \"%s\"", pattern, s);
	}
	regfree(&other);
	free(re);
	return ok;
}

static void test_oracle(void)
{
	u32 i, compared = 0;
	char pattern[512];
	int got = 1;

	for (i = 0; i < 5000 && got; i++) {
		*pattern = '\0';
		random_pattern(pattern, 2);
		got = agree(pattern);
		compared += got == 1;
	}
	if (!got)
		tap_note("%s: %s", pattern, builder.why ?: "");
	tap_ok(got && compared > 4000,
	       "regexp: as glibc on %u patterns", compared);
}

void test_regexp(void)
{
	test_rows();
	test_refusals();
	test_oracle();
}

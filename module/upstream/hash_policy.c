// SPDX-License-Identifier: GPL-2.0
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/sort.h>
#include <linux/xxhash.h>

#include "lib/budget.h"
#include "lib/compat.h"
#include "lib/pack.h"
#include "route/route_match.h"
#include "upstream/hash_policy.h"
#include "upstream/pick.h"

static bool hash_span(struct span s, u64 *hash)
{
	*hash = xxh64(s.p, s.len, 0);
	return true;
}

static bool hash_source(const struct address *source, u64 *hash)
{
	char text[ADDRESS_HOST_MAX];

	return hash_span((struct span){ text, address_host_text(source, text) },
			 hash);
}

u64 hash_policy_flow(const struct address *from, const struct address *to)
{
	char text[2 * ADDRESS_TEXT_MAX];
	struct span all = { text, address_text(from, text) };
	u64 hash;

	text[all.len++] = ' ';
	all.len += address_text(to, text + all.len);
	hash_span(all, &hash);
	return hash;
}

static struct span value_at(const struct pick *pick, const struct message_field *f)
{
	return message_value(pick->message, f);
}

/* Compares the values of two fields, given their places. */
static int compare_values(const void *a, const void *b, const void *priv)
{
	const struct message_field *fields = ((const struct pick *)priv)->message->fields;
	struct span x = value_at(priv, &fields[*(const u8 *)a]);
	struct span y = value_at(priv, &fields[*(const u8 *)b]);
	int order = memcmp(x.p, y.p, min(x.len, y.len));

	return order ?: (x.len > y.len) - (x.len < y.len);
}

/* Hashes all fields called @name, from @f on. Their order makes no difference. */
static u64 hash_values(const struct pick *pick, struct span name,
		       const struct message_field *f)
{
	const struct message *m = pick->message;
	u8 places[MESSAGE_FIELDS_MAX];
	struct xxh64_state state;
	struct span value;
	u32 i, n = 0;

	static_assert(MESSAGE_FIELDS_MAX <= U8_MAX);
	for (; f; f = message_find_from(m, name, f + 1))
		places[n++] = f - m->fields;
	sort_r(places, n, sizeof(*places), compare_values, NULL, pick);
	xxh64_reset(&state, 0);
	for (i = 0; i < n; i++) {
		value = value_at(pick, &m->fields[places[i]]);
		if (value.len)
			xxh64_update(&state, value.p, value.len);
	}
	return xxh64_digest(&state);
}

static bool hash_header(const struct pick *pick, struct span name, u64 *hash)
{
	const struct message_field *f = message_find(pick->message, name);

	if (!f)
		return false;
	if (!message_find_from(pick->message, name, f + 1))
		return hash_span(value_at(pick, f), hash);
	*hash = hash_values(pick, name, f);
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* From a pair on, which is not to be looked at. */
static struct span next_pair(struct span field)
{
	u32 i = 0;

	while (i < field.len && field.p[i] != ';')
		i++;
	return span_from(field, i);
}

/* What is in front of a pair, or instead of one. */
static struct span skip_separators(struct span field)
{
	u32 i = 0;

	while (i < field.len && (field.p[i] == ';' || is_blank(field.p[i])))
		i++;
	return span_from(field, i);
}

/* @s: from the value of a pair on; without the quotes, which what we give has. */
static struct span cookie_value(struct span s)
{
	s.len -= next_pair(s).len;
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;
	if (s.len > 1 && s.p[0] == '"' && s.p[s.len - 1] == '"')
		return (struct span){ s.p + 1, s.len - 2 };
	return s;
}

/*
 * The value of a cookie in a Cookie field's value, RFC 6265 4.2.1. In one go: the client
 * can have a pair of every second byte.
 */
static bool find_cookie(struct span field, struct span name, struct span *value)
{
	for (field = skip_separators(field); field.len;
	     field = skip_separators(next_pair(field))) {
		/* No name has a '=' or a ';'. */
		if (field.len <= name.len || field.p[name.len] != '=' ||
		    !span_starts_with(field, name))
			continue;
		*value = cookie_value(span_from(field, name.len + 1));
		return true;
	}
	return false;
}

bool hash_policy_find_cookie(const struct pick *pick, struct span name,
			     struct span *value)
{
	const struct message *m = pick->message;
	const struct message_field *f;

	for (f = m->fields; f < message_end(m); f++)
		if (span_eq_nocase(message_name(m, f), SPAN("cookie")) &&
		    find_cookie(message_value(m, f), name, value))
			return true;
	return false;
}

void hash_policy_cookie_text(u64 value, char text[COOKIE_VALUE_LEN])
{
	int shift;

	for (shift = 56; shift >= 0; shift -= 8)
		text = hex_byte_pack(text, value >> shift);
}

static bool hash_cookie(const struct hash_policy *hp, struct pick *pick,
			u64 *hash)
{
	char text[COOKIE_VALUE_LEN];
	struct span value;

	if (hash_policy_find_cookie(pick, hp->name, &value) && value.len)
		return hash_span(value, hash);
	if (!hp->has_ttl)
		return false;
	pick->cookie = hp;
	pick->cookie_value = get_random_u64();
	hash_policy_cookie_text(pick->cookie_value, text);
	return hash_span((struct span){ text, sizeof(text) }, hash);
}

static bool hash_query(const struct pick *pick, struct span name, u64 *hash)
{
	struct span value;

	return route_query_value(message_query(pick->message), name, &value) &&
	       hash_span(value, hash);
}

static bool hash_one(const struct hash_policy *hp, struct pick *pick, u64 *hash)
{
	const struct message *m = pick->message;

	if (hp->kind == HASH_POLICY_SOURCE_ADDRESS)
		return hash_source(&pick->source, hash);
	/* A TCP connection has nothing but its source address to hash. */
	if (!m) {
		*hash = pick->flow;
		return pick->has_flow && hp->kind == HASH_POLICY_FIVE_TUPLE;
	}
	switch (hp->kind) {
	case HASH_POLICY_HEADER:
		return hash_header(pick, hp->name, hash);
	case HASH_POLICY_COOKIE:
		return hash_cookie(hp, pick, hash);
	case HASH_POLICY_QUERY:
		return hash_query(pick, hp->name, hash);
	case HASH_POLICY_FIVE_TUPLE:
		return false;
	default:
		return hash_span(message_path(m), hash);
	}
}

/* Names are as long as the one that is looked for, and are looked at twice. */
static u32 header_cost(const struct pick *pick, struct span name)
{
	const struct message *m = pick->message;
	u32 cost = 2 * m->nfields * COST_FIELD, n = 0;
	const struct message_field *f;

	for (f = m->fields; f < message_end(m); f++) {
		if (f->name_len != name.len)
			continue;
		n++;
		cost += 2 * name.len * COST_SAME_BYTE +
			f->value_len * COST_HASH_BYTE;
	}
	return n > 1 ? cost + n * COST_HASH_VALUE : cost;
}

u32 hash_policy_cookie_cost(const struct pick *pick)
{
	const u32 len = sizeof("cookie") - 1;
	const struct message *m = pick->message;
	u32 cost = m->nfields * COST_FIELD;
	const struct message_field *f;

	for (f = m->fields; f < message_end(m); f++)
		if (f->name_len == len)
			cost += len * COST_SAME_BYTE +
				f->value_len * COST_COOKIE_BYTE;
	return cost;
}

u32 hash_policy_cost(const struct hash_policy *hp, const struct pick *pick)
{
	const struct message *m = pick->message;

	switch (hp->kind) {
	case HASH_POLICY_HEADER:
		return header_cost(pick, hp->name);
	case HASH_POLICY_COOKIE:
		return hash_policy_cookie_cost(pick);
	case HASH_POLICY_QUERY:
		return m->query_len * (COST_QUERY_BYTE + COST_HASH_BYTE);
	case HASH_POLICY_PATH:
		return m->path_len * COST_HASH_BYTE;
	default:
		return 0;
	}
}

u32 hash_policy_most(const struct pick *pick)
{
	const struct message *m = pick->message;

	return m->len * max(COST_QUERY_BYTE + COST_HASH_BYTE,
				 2 * COST_SAME_BYTE) +
	       m->nfields * (2 * COST_FIELD + COST_HASH_VALUE);
}

bool hash_policies_ask(const struct hash_policies *policies, struct pick *pick)
{
	const struct hash_policy *hp;
	u64 value;

	if (pick->asked >= policies->n)
		return false;
	hp = &policies->list[pick->asked++];
	if (hash_one(hp, pick, &value)) {
		/* Rotated, so that two equal values do not cancel each other. */
		pick->hash = pick->hashed ? rol64(pick->hash, 1) ^ value : value;
		pick->hashed = true;
	}
	if (pick->hashed && !hp->combine)
		pick->asked = policies->n;
	return pick->asked < policies->n;
}

bool hash_policy_equal(const struct hash_policy *a,
		       const struct hash_policy *b)
{
	return a->kind == b->kind && a->combine == b->combine &&
	       a->has_ttl == b->has_ttl &&
	       a->ttl == b->ttl && span_eq(a->name, b->name) &&
	       span_eq(a->cookie_path, b->cookie_path);
}

bool hash_policies_equal(const struct hash_policies *a,
			 const struct hash_policies *b)
{
	u32 i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (!hash_policy_equal(&a->list[i], &b->list[i]))
			return false;
	return true;
}

void hash_policies_pack(struct packer *p, struct hash_policies *policies)
{
	struct hash_policy *list;
	u32 i;

	list = pack_array(p, policies->list, policies->n * sizeof(*list));
	policies->list = list;
	for (i = 0; i < policies->n; i++) {
		pack_span(p, &list[i].name);
		pack_span(p, &list[i].cookie_path);
	}
}

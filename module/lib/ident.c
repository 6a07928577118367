// SPDX-License-Identifier: GPL-2.0
#include "lib/ident.h"

#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/siphash.h>

#include "lib/compat.h"

static siphash_key_t id_key;
static u64 id_offset;
static DEFINE_PER_CPU(u64, requests_begun);

void ident_init(void)
{
	get_random_bytes(&id_key, sizeof(id_key));
	get_random_bytes(&id_offset, sizeof(id_offset));
}

/* The finalizer of SplitMix64 (Steele et al., 2014): one to one, and well mixed. */
static u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/*
 * A number for the n-th request on this CPU, much cheaper than random numbers. One
 * half is a keyed hash, which nobody can guess; the other half differs for each
 * request.
 */
void ident_make(u64 id[2])
{
	u64 cpu = get_cpu(), n = this_cpu_inc_return(requests_begun);

	put_cpu();
	n = n << 16 | cpu;
	id[0] = siphash_1u64(n, &id_key);
	id[1] = mix(id_offset + n);
}

/* Eight digits of a word's four bytes, the first byte's first: all at once. */
static void put_hex(char *text, u32 word)
{
	const u64 ones = 0x0101010101010101ULL;
	u64 x = word, letters;
	__le64 digits;

	/* each byte's upper half into the byte before its lower one's */
	x = (x | x << 16) & 0x0000ffff0000ffffULL;
	x = (x | x << 8) & 0x00ff00ff00ff00ffULL;
	x = (x >> 4 & ones * 0x0f) | (x & ones * 0x0f) << 8;
	x &= ones * 0x0f;
	/* those above 9 have bit 4 when 6 is added */
	letters = (x + ones * 6) >> 4 & ones;
	digits = cpu_to_le64(x + ones * '0' + letters * ('a' - '0' - 10));
	memcpy(text, &digits, sizeof(digits));
}

/* RFC 9562 5.4 fixes some bits of the 13th and the 17th digit. */
void ident_text(const u64 id[2], char *text)
{
	u64 high = (id[0] & ~(0xf0ULL << 48)) | 0x40ULL << 48;
	u64 low = (id[1] & ~0xc0ULL) | 0x80;
	char digits[32];

	put_hex(digits, high);
	put_hex(digits + 8, high >> 32);
	put_hex(digits + 16, low);
	put_hex(digits + 24, low >> 32);
	memcpy(text, digits, 8);
	memcpy(text + 9, digits + 8, 4);
	memcpy(text + 14, digits + 12, 4);
	memcpy(text + 19, digits + 16, 4);
	memcpy(text + 24, digits + 20, 12);
	text[8] = '-';
	text[13] = '-';
	text[18] = '-';
	text[23] = '-';
}

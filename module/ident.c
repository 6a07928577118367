// SPDX-License-Identifier: GPL-2.0
#include "ident.h"

#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/siphash.h>

#include "compat.h"

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
 * Of the n-th request that this CPU has passed on since the module was loaded, at a
 * fraction of the price of random numbers: half of it is a keyed hash, so that
 * nobody can tell one from another; the other half is different for each of them.
 */
void ident_make(u64 id[2])
{
	u64 cpu = get_cpu(), n = this_cpu_inc_return(requests_begun);

	put_cpu();
	id[0] = siphash_2u64(n, cpu, &id_key);
	id[1] = mix(id_offset + (n << 16 | cpu));
}

void ident_text(const u64 id[2], char *text)
{
	const u8 *bytes = (const u8 *)id;
	int i;

	for (i = 0; i < 16; i++) {
		u8 byte = bytes[i];

		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		if (i == 6)
			byte = (byte & 0x0f) | 0x40;
		if (i == 8)
			byte = (byte & 0x3f) | 0x80;
		text = hex_byte_pack(text, byte);
	}
}

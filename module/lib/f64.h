/* SPDX-License-Identifier: GPL-2.0 */
/*
 * f64: IEEE 754 double arithmetic in integers, bit for bit, as far as Maglev and the
 * ring need it: positive numbers, neither subnormal nor infinite, rounding to nearest even.
 *
 * A number is a u64 in the encoding of a double: they compare as integers, and 0 is
 * zero. The kernel has no floating point, and Envoy's weighted tables depend on
 * how doubles round.
 */
#ifndef L7MESH_F64_H
#define L7MESH_F64_H

#include <linux/bitops.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/types.h>

#define F64_FRACTION_BITS	52
#define F64_ONE			BIT_ULL(F64_FRACTION_BITS)	/* of a significand */
#define F64_BIAS		(1023 + F64_FRACTION_BITS)

static inline u64 f64_significand(u64 a)
{
	return (a & (F64_ONE - 1)) | F64_ONE;
}

/* a = significand * 2^exponent */
static inline int f64_exponent(u64 a)
{
	return (int)(a >> F64_FRACTION_BITS) - F64_BIAS;
}

/*
 * Rounds (m + a little) * 2^exponent, where a little is less than 1, and more than 0
 * if @sticky. @m must have at least 55 significant bits if @sticky, and one at least:
 * zero has no exponent.
 */
static inline u64 f64_round(u64 m, int exponent, bool sticky)
{
	int shift = 64 - fls64(m);
	u64 rest, half = 1 << 10;

	if (!m)
		return 0;
	m <<= shift;
	rest = m & (2 * half - 1);
	m >>= 11;
	if (rest > half || (rest == half && (sticky || m & 1)))
		m++;
	/* a carry into the exponent is what it should be */
	exponent += 11 - shift;
	return ((u64)(exponent + F64_BIAS) << F64_FRACTION_BITS) + (m - F64_ONE);
}

static inline u64 f64_from(u64 n)
{
	return f64_round(n, 0, false);
}

/* The least whole number that is not below a; a < 2^63 */
static inline u64 f64_ceil(u64 a)
{
	int exponent = f64_exponent(a);
	u64 m = f64_significand(a);

	if (!a)
		return 0;
	if (exponent >= 0)
		return m << exponent;
	if (exponent <= -64)
		return 1;
	return (m >> -exponent) + !!(m << (64 + exponent));
}

/* a * b */
static inline u64 f64_mul(u64 a, u64 b)
{
	/* 64 bits each, as two halves */
	u64 x = f64_significand(a) << 11, y = f64_significand(b) << 11;
	u64 low = (x & U32_MAX) * (y & U32_MAX);
	u64 one = (x >> 32) * (y & U32_MAX), other = (x & U32_MAX) * (y >> 32);
	u64 middle = (low >> 32) + (one & U32_MAX) + (other & U32_MAX);
	u64 high = (x >> 32) * (y >> 32) + (one >> 32) + (other >> 32) +
		   (middle >> 32);

	if (!a || !b)
		return 0;
	return f64_round(high, f64_exponent(a) + f64_exponent(b) + 42,
			 (low & U32_MAX) || (middle & U32_MAX));
}

/* a / b; 0 < a <= b < 2^54 */
static inline u64 f64_ratio(u64 a, u64 b)
{
	u64 quotient = a == b, rest = a == b ? 0 : a;
	int exponent = 0;

	while (!(quotient >> 63)) {
		rest <<= 1;
		quotient <<= 1;
		exponent--;
		if (rest >= b) {
			rest -= b;
			quotient |= 1;
		}
	}
	return f64_round(quotient, exponent, rest);
}

/* a / b; neither 0 */
static inline u64 f64_div(u64 a, u64 b)
{
	u64 x = f64_significand(a), y = f64_significand(b);
	int exponent = f64_exponent(a) - f64_exponent(b);

	if (x > y) {
		y <<= 1;
		exponent++;
	}
	return f64_ratio(x, y) + ((u64)(s64)exponent << F64_FRACTION_BITS);
}

/* i * a; 0 < i < 2^23 */
static inline u64 f64_scale(u32 i, u64 a)
{
	/* i becomes 23 bits, and the product 75 or 76, of which 12 go */
	int shift = 23 - fls(i);
	u64 m = f64_significand(a);
	u64 low = (m & U32_MAX) * ((u64)i << shift);
	u64 high = (m >> 32) * ((u64)i << shift) + (low >> 32);

	return f64_round(high << 20 | (low & U32_MAX) >> 12,
			 f64_exponent(a) + 12 - shift, low & 0xfff);
}

/* a + b */
static inline u64 f64_add(u64 a, u64 b)
{
	u64 big = max(a, b), small = min(a, b), low;
	int shift;

	if (!small)
		return big;
	/* 63 bits each: room for the carry, and for what is shifted out */
	shift = f64_exponent(big) - f64_exponent(small);
	small = f64_significand(small) << 10;
	low = shift < 64 ? small >> shift : 0;
	return f64_round((f64_significand(big) << 10) + low,
			 f64_exponent(big) - 10,
			 shift >= 64 || low << shift != small);
}

#endif

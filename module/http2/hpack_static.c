// SPDX-License-Identifier: GPL-2.0
#include "http2/hpack_static.h"

#include <linux/kernel.h>

#define NAMED(name, value, id)	{ SPAN(name value), sizeof(name) - 1, id }

const struct hpack_static hpack_static[HPACK_STATIC_MAX + 1] = {
	[1] = NAMED(":authority", "", HPACK_AUTHORITY),
	[2] = NAMED(":method", "GET", HPACK_METHOD),
	[3] = NAMED(":method", "POST", HPACK_METHOD),
	[4] = NAMED(":path", "/", HPACK_PATH),
	[5] = NAMED(":path", "/index.html", HPACK_PATH),
	[6] = NAMED(":scheme", "http", HPACK_SCHEME),
	[7] = NAMED(":scheme", "https", HPACK_SCHEME),
	[8] = NAMED(":status", "200", HPACK_STATUS),
	[9] = NAMED(":status", "204", HPACK_STATUS),
	[10] = NAMED(":status", "206", HPACK_STATUS),
	[11] = NAMED(":status", "304", HPACK_STATUS),
	[12] = NAMED(":status", "400", HPACK_STATUS),
	[13] = NAMED(":status", "404", HPACK_STATUS),
	[14] = NAMED(":status", "500", HPACK_STATUS),
	[15] = NAMED("accept-charset", "", FIELD_OTHER),
	[16] = NAMED("accept-encoding", "gzip, deflate", FIELD_OTHER),
	[17] = NAMED("accept-language", "", FIELD_OTHER),
	[18] = NAMED("accept-ranges", "", FIELD_OTHER),
	[19] = NAMED("accept", "", FIELD_OTHER),
	[20] = NAMED("access-control-allow-origin", "", FIELD_OTHER),
	[21] = NAMED("age", "", FIELD_OTHER),
	[22] = NAMED("allow", "", FIELD_OTHER),
	[23] = NAMED("authorization", "", FIELD_OTHER),
	[24] = NAMED("cache-control", "", FIELD_OTHER),
	[25] = NAMED("content-disposition", "", FIELD_OTHER),
	[26] = NAMED("content-encoding", "", FIELD_OTHER),
	[27] = NAMED("content-language", "", FIELD_OTHER),
	[28] = NAMED("content-length", "", FIELD_CONTENT_LENGTH),
	[29] = NAMED("content-location", "", FIELD_OTHER),
	[30] = NAMED("content-range", "", FIELD_OTHER),
	[31] = NAMED("content-type", "", FIELD_OTHER),
	[32] = NAMED("cookie", "", HPACK_COOKIE),
	[33] = NAMED("date", "", FIELD_OTHER),
	[34] = NAMED("etag", "", FIELD_OTHER),
	[35] = NAMED("expect", "", FIELD_EXPECT),
	[36] = NAMED("expires", "", FIELD_OTHER),
	[37] = NAMED("from", "", FIELD_OTHER),
	[38] = NAMED("host", "", FIELD_HOST),
	[39] = NAMED("if-match", "", FIELD_OTHER),
	[40] = NAMED("if-modified-since", "", FIELD_OTHER),
	[41] = NAMED("if-none-match", "", FIELD_OTHER),
	[42] = NAMED("if-range", "", FIELD_OTHER),
	[43] = NAMED("if-unmodified-since", "", FIELD_OTHER),
	[44] = NAMED("last-modified", "", FIELD_OTHER),
	[45] = NAMED("link", "", FIELD_OTHER),
	[46] = NAMED("location", "", FIELD_OTHER),
	[47] = NAMED("max-forwards", "", FIELD_OTHER),
	[48] = NAMED("proxy-authenticate", "", FIELD_OTHER),
	[49] = NAMED("proxy-authorization", "", FIELD_OTHER),
	[50] = NAMED("range", "", FIELD_OTHER),
	[51] = NAMED("referer", "", FIELD_OTHER),
	[52] = NAMED("refresh", "", FIELD_OTHER),
	[53] = NAMED("retry-after", "", FIELD_OTHER),
	[54] = NAMED("server", "", FIELD_OTHER),
	[55] = NAMED("set-cookie", "", FIELD_OTHER),
	[56] = NAMED("strict-transport-security", "", FIELD_OTHER),
	[57] = NAMED("transfer-encoding", "", FIELD_TRANSFER_ENCODING),
	[58] = NAMED("user-agent", "", FIELD_OTHER),
	[59] = NAMED("vary", "", FIELD_OTHER),
	[60] = NAMED("via", "", FIELD_VIA),
	[61] = NAMED("www-authenticate", "", FIELD_OTHER),
};

#define SAME_LENGTH	6

/* The first index of each name, by how long names are. */
static const u8 by_length[][SAME_LENGTH] = {
	[3] = { 21, 60 },
	[4] = { 33, 34, 37, 38, 45, 59 },
	[5] = { 4, 22, 50 },
	[6] = { 19, 32, 35, 54 },
	[7] = { 2, 6, 8, 36, 51, 52 },
	[8] = { 39, 42, 46 },
	[10] = { 1, 55, 58 },
	[11] = { 53 },
	[12] = { 31, 47 },
	[13] = { 18, 23, 24, 30, 41, 44 },
	[14] = { 15, 28 },
	[15] = { 16, 17 },
	[16] = { 26, 27, 29, 61 },
	[17] = { 40, 57 },
	[18] = { 48 },
	[19] = { 25, 43, 49 },
	[25] = { 56 },
	[27] = { 20 },
};

u32 hpack_static_find(struct span name)
{
	const char *text;
	u32 i, at;

	if (name.len >= ARRAY_SIZE(by_length))
		return 0;
	for (i = 0; i < SAME_LENGTH && by_length[name.len][i]; i++) {
		at = by_length[name.len][i];
		text = hpack_static[at].text.p;
		/* The last bytes tell most names apart. */
		if (text[name.len - 1] == name.p[name.len - 1] &&
		    !memcmp(text, name.p, name.len))
			return at;
	}
	return 0;
}

static u8 pseudo_id(struct span name)
{
	u32 at = hpack_static_find(name);

	if (at)
		return hpack_static[at].id;
	return span_eq(name, SPAN(":protocol")) ? HPACK_PROTOCOL : HPACK_PSEUDO;
}

u8 hpack_static_id(struct span name)
{
	if (name.p[0] == ':')
		return pseudo_id(name);
	if (span_eq(name, SPAN("cookie")))
		return HPACK_COOKIE;
	return field_id_of(name.p, name.len);
}

// SPDX-License-Identifier: GPL-2.0
#include "http/field_id.h"

const struct field_id_name field_id_names[FIELD_ID_LENGTH + 1][FIELD_ID_SAME] = {
	[2] = { { "te", FIELD_TE } },
	[3] = { { "via", FIELD_VIA } },
	[4] = { { "host", FIELD_HOST } },
	[6] = { { "expect", FIELD_EXPECT } },
	[7] = { { "trailer", FIELD_TRAILER },
		{ "upgrade", FIELD_UPGRADE } },
	[9] = { { "forwarded", FIELD_FORWARDED } },
	[10] = { { "connection", FIELD_CONNECTION },
		 { "keep-alive", FIELD_KEEP_ALIVE },
		 { "tracestate", FIELD_TRACESTATE } },
	[11] = { { "traceparent", FIELD_TRACEPARENT } },
	[12] = { { "x-request-id", FIELD_X_REQUEST_ID } },
	[14] = { { "content-length", FIELD_CONTENT_LENGTH } },
	[15] = { { "x-forwarded-for", FIELD_X_FORWARDED_FOR } },
	[16] = { { "proxy-connection", FIELD_PROXY_CONNECTION },
		 { "x-forwarded-host", FIELD_X_FORWARDED_HOST } },
	[17] = { { "transfer-encoding", FIELD_TRANSFER_ENCODING },
		 { "x-forwarded-proto", FIELD_X_FORWARDED_PROTO } },
};

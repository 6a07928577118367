/* SPDX-License-Identifier: GPL-2.0 */
/* Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen. */
/* For policy/fault.c, which has struct fault. */
#ifndef L7MESH_GENERATED_FAULT_OPTIONS_H
#define L7MESH_GENERATED_FAULT_OPTIONS_H

static const struct attr_option fault_table[] = {
	ATTR_OPTIONAL(U32, L7MESH_FAULT_A_DELAY, fault, delay),
	ATTR_OPTION(U32, L7MESH_FAULT_A_DELAY_FRACTION, fault, delay_fraction),
	ATTR_OPTIONAL(U16, L7MESH_FAULT_A_ABORT, fault, abort),
	ATTR_OPTION(U32, L7MESH_FAULT_A_ABORT_FRACTION, fault, abort_fraction),
	ATTR_OPTIONAL(U32, L7MESH_FAULT_A_RESPONSE_RATE, fault, response_rate),
	ATTR_OPTION(U32, L7MESH_FAULT_A_RATE_FRACTION, fault, rate_fraction),
	ATTR_OPTION(FLAG, L7MESH_FAULT_A_BY_HEADER, fault, by_header),
};

ATTR_OPTION_IS(fault, delay, u32);
ATTR_OPTION_IS(fault, delay_fraction, u32);
ATTR_OPTION_IS(fault, abort, u16);
ATTR_OPTION_IS(fault, abort_fraction, u32);
ATTR_OPTION_IS(fault, response_rate, u32);
ATTR_OPTION_IS(fault, rate_fraction, u32);
ATTR_OPTION_IS(fault, by_header, bool);

static const struct attr_options fault_options = {
	.table = fault_table,
	.n = ARRAY_SIZE(fault_table),
};

static const struct fault fault_default = {
	.delay_fraction = L7MESH_FRACTION_MAX,
	.abort_fraction = L7MESH_FRACTION_MAX,
	.rate_fraction = L7MESH_FRACTION_MAX,
};

#endif

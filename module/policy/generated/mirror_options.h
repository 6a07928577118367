/* SPDX-License-Identifier: GPL-2.0 */
/* Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen. */
/* For policy/mirror.c, which has struct mirror. */
#ifndef L7MESH_GENERATED_MIRROR_OPTIONS_H
#define L7MESH_GENERATED_MIRROR_OPTIONS_H

static const struct attr_option mirror_table[] = {
	ATTR_OPTION(U32, L7MESH_MIRROR_A_FRACTION, mirror, fraction),
	ATTR_OPTION(FLAG, L7MESH_MIRROR_A_SHADOW, mirror, shadow),
};

ATTR_OPTION_IS(mirror, fraction, u32);
ATTR_OPTION_IS(mirror, shadow, bool);

static const struct attr_options mirror_options = {
	.table = mirror_table,
	.n = ARRAY_SIZE(mirror_table),
};

static const struct mirror mirror_default = {
	.fraction = L7MESH_FRACTION_MAX,
	.shadow = true,
};

#endif

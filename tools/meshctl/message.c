// SPDX-License-Identifier: GPL-2.0
#include "message.h"

#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "text.h"
#include "set.h"
#include "util.h"
#include "value.h"

static bool put_fields(struct nlmsghdr *nlh, const struct schema *schema,
		       const json_t *body);

static bool put_string(struct nlmsghdr *nlh, uint16_t type, const json_t *value)
{
	return mnl_attr_put_strz_check(nlh, MESSAGE_MAX, type,
				       json_string_value(value));
}

static bool put_address(struct nlmsghdr *nlh, uint16_t type,
			const json_t *value)
{
	struct address a;

	return address_parse(json_string_value(value), &a) &&
	       mnl_attr_put_check(nlh, MESSAGE_MAX, type, a.len, a.bytes);
}

static bool put_network(struct nlmsghdr *nlh, uint16_t type,
			const json_t *value)
{
	unsigned char bytes[NETWORK_BYTES_MAX];
	size_t len = network_parse(json_string_value(value), bytes);

	return len && mnl_attr_put_check(nlh, MESSAGE_MAX, type, len, bytes);
}

static bool put_numbers(struct nlmsghdr *nlh, uint16_t type,
			const json_t *value)
{
	uint16_t numbers[SET_NUMBERS_MAX];
	size_t n = set_numbers(value, numbers);

	return mnl_attr_put_check(nlh, MESSAGE_MAX, type, n * sizeof(*numbers),
				  numbers);
}

static bool put_base64(struct nlmsghdr *nlh, uint16_t type, const json_t *value)
{
	size_t len = json_string_length(value);
	unsigned char *bytes = xrealloc(NULL, len);
	ssize_t n = base64_decode(json_string_value(value), len, bytes);
	bool ok;

	ok = n >= 0 && mnl_attr_put_check(nlh, MESSAGE_MAX, type, n, bytes);
	free(bytes);
	return ok;
}

static uint32_t enum_value(const struct field *f, const json_t *value)
{
	uint32_t i = 0;

	while (strcmp(f->names[i], json_string_value(value)))
		i++;
	return i;
}

/* Of a list without a schema. */
static bool put_item(struct nlmsghdr *nlh, const struct field *f,
		     const json_t *item)
{
	switch (f->item) {
	case FIELD_ADDRESS:
		return put_address(nlh, L7MESH_LIST_ITEM, item);
	case FIELD_NETWORK:
		return put_network(nlh, L7MESH_LIST_ITEM, item);
	default:
		return put_string(nlh, L7MESH_LIST_ITEM, item);
	}
}

static bool put_list(struct nlmsghdr *nlh, const struct field *f,
		     const json_t *list)
{
	const json_t *item;
	struct nlattr *nest;
	size_t i;

	json_array_foreach(list, i, item) {
		if (!f->sub) {
			if (!put_item(nlh, f, item))
				return false;
			continue;
		}
		nest = mnl_attr_nest_start_check(nlh, MESSAGE_MAX,
						 L7MESH_LIST_ITEM);
		if (!nest || !put_fields(nlh, f->sub, item))
			return false;
		mnl_attr_nest_end(nlh, nest);
	}
	return true;
}

static bool put_nest(struct nlmsghdr *nlh, const struct field *f,
		     const json_t *value)
{
	struct nlattr *nest;

	nest = mnl_attr_nest_start_check(nlh, MESSAGE_MAX, f->attr);
	if (!nest)
		return false;
	if (f->type == FIELD_LIST ? !put_list(nlh, f, value) :
				    !put_fields(nlh, f->sub, value))
		return false;
	mnl_attr_nest_end(nlh, nest);
	return true;
}

static bool put_field(struct nlmsghdr *nlh, const struct field *f,
		      const json_t *value)
{
	switch (f->type) {
	case FIELD_STRING:
		return put_string(nlh, f->attr, value);
	case FIELD_BODY:
		return mnl_attr_put_check(nlh, MESSAGE_MAX, f->attr,
					  json_string_length(value),
					  json_string_value(value));
	case FIELD_BASE64:
		return put_base64(nlh, f->attr, value);
	case FIELD_U8_BOOL:
		return mnl_attr_put_u8_check(nlh, MESSAGE_MAX, f->attr,
					     json_is_true(value));
	case FIELD_U16:
		return mnl_attr_put_u16_check(nlh, MESSAGE_MAX, f->attr,
					      json_integer_value(value));
	case FIELD_U32:
		return mnl_attr_put_u32_check(nlh, MESSAGE_MAX, f->attr,
					      json_integer_value(value));
	case FIELD_PERCENT:
		return mnl_attr_put_u32_check(nlh, MESSAGE_MAX, f->attr,
					      percent_millionths(value));
	case FIELD_NETWORK:
		return put_network(nlh, f->attr, value);
	case FIELD_U64:
	case FIELD_S64:
		return mnl_attr_put_u64_check(nlh, MESSAGE_MAX, f->attr,
					      json_integer_value(value));
	case FIELD_DURATION:
		return mnl_attr_put_u32_check(nlh, MESSAGE_MAX, f->attr,
					      duration_ms(value));
	case FIELD_ADDRESS:
		return put_address(nlh, f->attr, value);
	case FIELD_ENUM:
		return mnl_attr_put_u32_check(nlh, MESSAGE_MAX, f->attr,
					      enum_value(f, value));
	case FIELD_FLAG:
		return mnl_attr_put_check(nlh, MESSAGE_MAX, f->attr, 0, NULL);
	case FIELD_FLAGS:
		return mnl_attr_put_u32_check(nlh, MESSAGE_MAX, f->attr,
					      set_flags(f, value));
	case FIELD_U16S:
		return put_numbers(nlh, f->attr, value);
	case FIELD_LIST:
	case FIELD_NEST:
		return put_nest(nlh, f, value);
	case FIELD_GROUP:
		return put_fields(nlh, f->sub, value);
	case FIELD_CHILDREN:
	case FIELD_CHILD:
	case FIELD_ANY:
	case FIELD_MAP:
		break;
	}
	return true;
}

static bool put_fields(struct nlmsghdr *nlh, const struct schema *schema,
		       const json_t *body)
{
	const json_t *value;
	size_t i;

	for (i = 0; i < schema->nfields; i++) {
		value = json_object_get(body, schema->fields[i].name);
		if (value && !put_field(nlh, &schema->fields[i], value))
			return false;
	}
	return true;
}

bool message_put(struct nlmsghdr *nlh, enum l7mesh_kind kind,
		 const json_t *body)
{
	const struct schema *schema = schema_of(kind);
	struct nlattr *nest;

	nest = mnl_attr_nest_start_check(nlh, MESSAGE_MAX, schema->attr);
	if (!nest || !put_fields(nlh, schema, body))
		return false;
	mnl_attr_nest_end(nlh, nest);
	return true;
}

bool message_fits(const struct object *o)
{
	static char buf[MESSAGE_MAX];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	return message_put(nlh, o->kind, o->body);
}

static json_t *get_fields(const struct schema *schema,
			  const struct nlattr *nest);

static json_t *get_item(const struct field *f, const struct nlattr *item)
{
	const char *s = mnl_attr_get_payload(item);
	size_t len = mnl_attr_get_payload_len(item);

	if (f->sub)
		return get_fields(f->sub, item);
	switch (f->item) {
	case FIELD_ADDRESS:
		return address_json(s, len);
	case FIELD_NETWORK:
		return network_json(s, len);
	default:
		return json_text(s, strnlen(s, len));
	}
}

static json_t *get_list(const struct field *f, const struct nlattr *attr)
{
	json_t *list = must(json_array());
	const struct nlattr *item;

	mnl_attr_for_each_nested(item, attr)
		json_array_append_new(list, get_item(f, item));
	return list;
}

static json_t *get_string(const struct field *f, const struct nlattr *attr)
{
	const char *s = mnl_attr_get_payload(attr);
	size_t len = strnlen(s, mnl_attr_get_payload_len(attr)), i;
	char *copy;
	json_t *value;

	if (!(f->flags & FIELD_LOWER))
		return json_text(s, len);
	copy = xrealloc(NULL, len);
	for (i = 0; i < len; i++)
		copy[i] = s[i] >= 'A' && s[i] <= 'Z' ? s[i] | 0x20 : s[i];
	value = json_text(copy, len);
	free(copy);
	return value;
}

/* A number of any width: the kernel's choice, not ours. */
static uint64_t get_number(const struct nlattr *attr)
{
	switch (mnl_attr_get_payload_len(attr)) {
	case 1:
		return mnl_attr_get_u8(attr);
	case 2:
		return mnl_attr_get_u16(attr);
	case 4:
		return mnl_attr_get_u32(attr);
	case 8:
		return mnl_attr_get_u64(attr);
	default:
		return 0;
	}
}

static json_t *get_enum(const struct field *f, uint64_t n)
{
	uint64_t i = 0;

	while (f->names[i] && i < n)
		i++;
	return f->names[i] ? json_text(f->names[i], strlen(f->names[i])) :
			     must(json_sprintf("%llu", (unsigned long long)n));
}

static json_t *get_value(const struct field *f, const struct nlattr *attr)
{
	switch (f->type) {
	case FIELD_STRING:
		return get_string(f, attr);
	case FIELD_BODY:
	case FIELD_BASE64:
		return base64_json(mnl_attr_get_payload(attr),
				   mnl_attr_get_payload_len(attr));
	case FIELD_U8_BOOL:
		return json_boolean(get_number(attr));
	case FIELD_U16:
	case FIELD_U32:
	case FIELD_U64:
	case FIELD_S64:
		return must(json_integer(get_number(attr)));
	case FIELD_PERCENT:
		return percent_json(get_number(attr));
	case FIELD_NETWORK:
		return network_json(mnl_attr_get_payload(attr),
				    mnl_attr_get_payload_len(attr));
	case FIELD_DURATION:
		return duration_json(get_number(attr));
	case FIELD_ADDRESS:
		return address_json(mnl_attr_get_payload(attr),
				    mnl_attr_get_payload_len(attr));
	case FIELD_ENUM:
		return get_enum(f, get_number(attr));
	case FIELD_FLAGS:
		return set_flags_json(f, get_number(attr));
	case FIELD_U16S:
		return set_numbers_json(mnl_attr_get_payload(attr),
					mnl_attr_get_payload_len(attr));
	case FIELD_LIST:
		return get_list(f, attr);
	case FIELD_NEST:
		return get_fields(f->sub, attr);
	default:
		return json_true();
	}
}

/* A body is text where it can be: value_set() sees to it. */
static void get_field(const struct field *f, const struct nlattr *attr,
		      json_t *body)
{
	struct field base64 = *f;

	if (f->type == FIELD_BODY) {
		base64.type = FIELD_BASE64;
		base64.name = "body_base64";
		f = &base64;
	}
	value_set(body, f, get_value(f, attr));
}

#define ATTRS_MAX 64

/* Sets the fields of @schema from the attributes @attrs, by type. */
static void get_all(const struct schema *schema,
		    const struct nlattr *const *attrs, json_t *body)
{
	const struct field *f;
	json_t *group;
	size_t i;

	for (i = 0; i < schema->nfields; i++) {
		f = &schema->fields[i];
		if (f->type == FIELD_GROUP) {
			group = must(json_object());
			get_all(f->sub, attrs, group);
			if (json_object_size(group))
				json_object_set(body, f->name, group);
			json_decref(group);
		} else if (f->attr && attrs[f->attr] &&
			   f->type != FIELD_BASE64) {
			get_field(f, attrs[f->attr], body);
		}
	}
}

static json_t *get_fields(const struct schema *schema,
			  const struct nlattr *nest)
{
	const struct nlattr *attrs[ATTRS_MAX] = { NULL }, *attr;
	json_t *body = must(json_object());

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) < ATTRS_MAX)
			attrs[mnl_attr_get_type(attr)] = attr;
	get_all(schema, attrs, body);
	return body;
}

json_t *message_get(const struct nlattr *attr, const struct schema *schema)
{
	return get_fields(schema, attr);
}

const struct schema *message_object(const struct nlmsghdr *nlh,
				    const struct nlattr **attr)
{
	const struct schema *schema;
	const struct nlattr *a;
	int kind;

	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
		for (kind = 1; kind <= L7MESH_KIND_MAX; kind++) {
			schema = schema_of(kind);
			if (schema->attr != mnl_attr_get_type(a))
				continue;
			*attr = a;
			return schema;
		}
	}
	return NULL;
}

/* The field and its group: "proxy.address"; a number if it is unknown. */
static char *field_name(const struct schema *schema, uint16_t type)
{
	const struct field *group, *f = schema_attr(schema, type, &group);

	if (!f)
		return xasprintf("attribute %u", type);
	return group ? xasprintf("%s.%s", group->name, f->name) :
		       xstrdup(f->name);
}

/* @prefix with a step more; frees the step. */
static char *join(const char *prefix, char *step)
{
	char *joined = xasprintf("%s.%s", prefix, step);

	free(step);
	return joined;
}

/* Where in a request an attribute is looked for. */
struct search {
	const struct nlattr *target;
	int missing;
};

static char *find_in_nest(const struct search *s, const struct nlattr *nest,
			  const struct schema *schema, const char *prefix);

static char *find_in_list(const struct search *s, const struct nlattr *list,
			  const struct field *f, const char *prefix)
{
	const struct nlattr *item;
	char *name, *found;
	int i = 0;

	mnl_attr_for_each_nested(item, list) {
		name = xasprintf("%s[%d]", prefix, i++);
		if (item == s->target && s->missing < 0)
			return name;
		found = f->sub ? find_in_nest(s, item, f->sub, name) : NULL;
		free(name);
		if (found)
			return found;
	}
	return NULL;
}

/* The name of the target if it is @nest itself, or in it. */
static char *find_in_nest(const struct search *s, const struct nlattr *nest,
			  const struct schema *schema, const char *prefix)
{
	const struct field *f, *group;
	const struct nlattr *attr;
	char *name, *found = NULL;

	if (nest == s->target)
		return s->missing < 0 ? xstrdup(prefix) :
			join(prefix, field_name(schema, s->missing));
	mnl_attr_for_each_nested(attr, nest) {
		f = schema_attr(schema, mnl_attr_get_type(attr), &group);
		name = join(prefix, field_name(schema,
					       mnl_attr_get_type(attr)));
		if (attr == s->target && (s->missing < 0 || !f || !f->sub))
			return name;
		if (f && f->type == FIELD_LIST)
			found = find_in_list(s, attr, f, name);
		else if (f && f->type == FIELD_NEST)
			found = find_in_nest(s, attr, f->sub, name);
		free(name);
		if (found)
			return found;
	}
	return NULL;
}

/* Top-level attributes that are not objects. */
static const char *top_name(int type)
{
	static const char *const names[] = {
		[L7MESH_A_KIND] = "kind",
		[L7MESH_A_REPLACE] = "replace",
		[L7MESH_A_NETNS_FD] = "netns_fd",
		[L7MESH_A_NETNS_PID] = "netns_pid",
		[L7MESH_A_CLUSTER_NAME] = "cluster_name",
	};
	int kind;

	for (kind = 1; kind <= L7MESH_KIND_MAX; kind++)
		if (schema_of(kind)->attr == type)
			return schema_of(kind)->name;
	if ((size_t)type >= sizeof(names) / sizeof(names[0]))
		return NULL;
	return names[type];
}

char *message_name(const struct nlmsghdr *nlh, size_t offset, int missing)
{
	struct search s = {
		.target = (const void *)((const char *)nlh + offset),
		.missing = missing,
	};
	const struct nlattr *attr = NULL;
	const struct schema *schema = message_object(nlh, &attr);
	const char *name;

	if (!offset) {
		name = missing >= 0 ? top_name(missing) : NULL;
		return name ? xstrdup(name) : NULL;
	}
	if (schema)
		return find_in_nest(&s, attr, schema, schema->name);
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (attr == s.target && top_name(mnl_attr_get_type(attr)))
			return xstrdup(top_name(mnl_attr_get_type(attr)));
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Of Envoy's subsets, which are of all values of some keys, those that routes match
 * become named ones.
 */
#include "envoy_priv.h"
#include "text.h"

/* What load balancing looks at; or NULL. */
static const json_t *pairs_of(const json_t *metadata)
{
	return get(get(metadata, "filter_metadata"), "envoy.lb");
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "key=value,..." in the order of keys, freed by the caller. */
static char *text_of(const json_t *pairs)
{
	size_t n = json_object_size(pairs), i = 0;
	const char **keys = xrealloc(NULL, (n + 1) * sizeof(*keys)), *key;
	char *text = xstrdup(""), *more;
	json_t *value;

	json_object_foreach((json_t *)pairs, key, value)
		keys[i++] = key;
	qsort(keys, n, sizeof(*keys), compare);
	for (i = 0; i < n; i++) {
		more = xasprintf("%s%s%s=%s", text, i ? "," : "", keys[i],
				 object_get(pairs, keys[i]));
		free(text);
		text = more;
	}
	free(keys);
	return text;
}

static bool check(struct envoy *e, const struct path *path, const char *text)
{
	const char *wanted = text_check_metadata(text, strlen(text));

	if (wanted)
		envoy_fail(e, path, "\"%s\" is not %s", text, wanted);
	return !wanted;
}

static const json_t *config_of(const struct envoy *e, const char *cluster)
{
	const json_t *item;
	size_t i;

	json_array_foreach(e->clusters, i, item)
		if (is(item, "name", cluster))
			return get(item, "lb_subset_config");
	return NULL;
}

static bool has_key(const json_t *keys, const char *key)
{
	const json_t *item;
	size_t i;

	json_array_foreach(keys, i, item)
		if (!strcmp(json_string_value(item), key))
			return true;
	return false;
}

/* A subset is of a selector's keys, no more and no less. */
static bool is_selected(const json_t *config, const json_t *pairs)
{
	const json_t *selector, *keys;
	const char *key;
	json_t *value;
	size_t i, n;

	json_array_foreach(get(config, "subset_selectors"), i, selector) {
		keys = get(selector, "keys");
		n = 0;
		json_object_foreach((json_t *)pairs, key, value)
			n += has_key(keys, key);
		if (n == json_object_size(pairs) && n == json_array_size(keys))
			return true;
	}
	return false;
}

static void note(struct envoy *e, const char *cluster, const char *name,
		 const char *text)
{
	json_t *known = get(e->subsets, cluster);

	if (!known) {
		known = must(json_object());
		json_object_set_new(e->subsets, cluster, known);
	}
	set_text(known, name, text);
}

/* The subset's name is its metadata, with dots. */
static void name_subset(struct envoy *e, json_t *to, const char *cluster,
			const json_t *pairs, const struct path *path)
{
	char *text = text_of(pairs), *name = xstrdup(text), *at;

	for (at = name; *at; at++)
		if (*at == '=')
			*at = '.';
	if (check(e, path, text)) {
		if (text_check_subset(name, strlen(name)))
			envoy_fail(e, path, "\"%s\" is too long for the name of a "
				   "subset", name);
		note(e, cluster, name, text);
		set_text(to, "subset", name);
	}
	free(name);
	free(text);
}

void envoy_set_subset(struct envoy *e, json_t *to, const char *cluster,
		      const json_t *route, const json_t *entry,
		      const struct path *path)
{
	const json_t *config = config_of(e, cluster);
	struct path self = { path, "metadata_match", -1 };
	json_t *pairs;

	if (!config)
		return;
	pairs = must(json_object());
	json_object_update(pairs, (json_t *)pairs_of(get(route, "metadata_match")));
	json_object_update(pairs, (json_t *)pairs_of(get(entry, "metadata_match")));
	if (json_object_size(pairs)) {
		if (!is_selected(config, pairs))
			envoy_fail(e, &self, "no subset selector of cluster %s has "
				   "these keys", cluster);
		name_subset(e, to, cluster, pairs, &self);
	} else if (!is(config, "fallback_policy", "ANY_ENDPOINT")) {
		envoy_fail(e, &self, "missing: without it, and with NO_FALLBACK, a "
			   "request has no endpoint of cluster %s", cluster);
	}
	json_decref(pairs);
}

void envoy_set_subsets(struct envoy *e, json_t *to, const json_t *from)
{
	const json_t *config = get(from, "lb_subset_config");
	json_t *list = must(json_array()), *text;
	const char *name;

	json_object_foreach(get(e->subsets, object_get(from, "name")), name, text)
		json_array_append_new(list, must(json_pack("{s:s, s:O}", "name",
							   name, "metadata",
							   text)));
	set_list(to, "subsets", list);
	if (is(config, "fallback_policy", "ANY_ENDPOINT"))
		set_text(to, "subset_fallback", "any_endpoint");
}

void envoy_set_metadata(struct envoy *e, json_t *to, const json_t *endpoint,
			const struct path *path)
{
	const json_t *pairs = pairs_of(get(endpoint, "metadata"));
	struct path self = { path, "metadata", -1 };
	char *text;

	if (!json_object_size(pairs))
		return;
	text = text_of(pairs);
	if (check(e, &self, text))
		set_text(to, "metadata", text);
	free(text);
}

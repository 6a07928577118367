/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text_match: what the values of authorization rules may hold: Istio's.
 *
 * Each function returns as those of text.h: NULL if the string is allowed, else words
 * for what is.
 */
#ifndef MESHCTL_TEXT_MATCH_H
#define MESHCTL_TEXT_MATCH_H

#include <stddef.h>

/* "spiffe://cluster.local/ns/shop/sa/cart": of a workload. */
const char *text_check_spiffe(const char *s, size_t len);

/* With a star at one end, or nothing else. */
const char *text_check_principal(const char *s, size_t len);
const char *text_check_host_match(const char *s, size_t len);
const char *text_check_method_match(const char *s, size_t len);
/* Or a template: "/users/{*}/{**}". */
const char *text_check_path_match(const char *s, size_t len);

const char *text_check_port(const char *s, size_t len);
/* "22,8000-8010", or nothing. */
const char *text_check_port_list(const char *s, size_t len);

/* "10.0.0.1", "10.0.0.0/8": bits that do not count may be set. */
const char *text_check_ip_block(const char *s, size_t len);

/* "source.ip", "request.headers[x-user]". */
const char *text_check_condition_key(const char *s, size_t len);

/* Whatever the key; the rest is said by text_condition_check(). */
const char *text_check_condition_value(const char *s, size_t len);

/* What checks the values of a condition with that key, which is allowed. */
typedef const char *(*text_check)(const char *s, size_t len);
text_check text_condition_check(const char *key);

#endif

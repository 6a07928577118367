/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tls_table: which route tables a tls listener may use.
 *
 * It sees no request: a virtual host is found by the name of the server that a client
 * asks for, and has one route at most, to a cluster or to some by weight; without a route
 * it is as if it were not there. What would look at a request, or answer or change one,
 * would be without effect; it is refused, as somebody may rely on it. Of policies that
 * leaves retries, of connections that are not made. Hash policies are not looked at:
 * clusters have them, too, which are others' as well.
 */
#ifndef L7MESH_TLS_TABLE_H
#define L7MESH_TLS_TABLE_H

struct listener;
struct refusal;
struct route_table;

/**
 * tls_table_check() - May a tls listener use it?
 * @l: listener
 * @t: the table that it refers to
 * @r: filled if not
 *
 * Context: process, may sleep.
 *
 * Return: 0 or -EINVAL.
 */
int tls_table_check(const struct listener *l, const struct route_table *t,
		    struct refusal *r);

#endif

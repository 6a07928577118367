/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packet: connections to listeners that arrive as packets.
 *
 * From other nodes, virtual machines, namespaces that are not attached: whoever sends
 * packets to a listener's address that are not ours to redirect at connect(). Where a
 * listener takes packets, each namespace that obeys the mesh has a hook at PRE_ROUTING,
 * behind conntrack and before DNAT. It gives a SYN to the engine's acceptor, as TPROXY
 * does (net/netfilter/nf_tproxy_core), and later packets to the socket that they belong
 * to, with a local destination, whatever a route would say. No rule and no route is
 * needed. Where no listener takes packets there is no hook. Where one keeps its clients'
 * addresses towards endpoints, there is a hook at LOCAL_OUT as well, for endpoints of the
 * same namespace.
 *
 * What the hook does for a packet to another address is some instructions. It takes no
 * lock. A packet that it does not want goes on untouched; one that it wants and cannot
 * take is dropped: it must not go around the mesh.
 */
#ifndef L7MESH_PACKET_H
#define L7MESH_PACKET_H

#include <linux/types.h>

struct client_claim;
struct mesh_net;
struct sock;

/**
 * packet_settle() - Take a namespace's packets from now on, or not any more
 * @mn: namespace that is not going
 *
 * As the mesh that it obeys says now; what was taken before goes on. Context: process, may
 * sleep; without mesh_mutex.
 *
 * Return: 0; or a negative errno: then nothing is taken, and it is tried again by itself
 * while it is wanted. Not to take any more never fails.
 */
int packet_settle(struct mesh_net *mn);

/* The same, soon. Any context; @mn may not be going. */
void packet_settle_later(struct mesh_net *mn);

/**
 * packet_claim() - Has this accepted socket arrived as packets?
 * @child: socket that an acceptor was given
 * @claim: out, as of client_claim(); it acts for nobody: the identity is NULL
 *
 * Any context but hard interrupts.
 *
 * Return: true if so, and there is a listener for it.
 */
bool packet_claim(const struct sock *child, struct client_claim *claim);

/*
 * A namespace begins; it leaves its mesh and has no hook any more; it ends, a grace period
 * later. Context: process.
 */
int packet_net_init(struct mesh_net *mn);
void packet_net_leave(struct mesh_net *mn);
void packet_net_exit(struct mesh_net *mn);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * datagram: UDP to listeners.
 *
 * The kernel's NAT does it. A namespace that obeys a mesh with udp listeners has its
 * packets tracked (nf_conntrack), and a function of ours is the first of its NAT at
 * LOCAL_OUT: before iptables', nft's and so kube-proxy's. It is asked about the first
 * datagram of a flow alone, and picks an endpoint; what follows, the answers and ICMP
 * errors are the kernel's business. No socket sees another address than the listener's,
 * whatever it sends with.
 *
 * A flow stays with its endpoint as long as conntrack knows it, whatever else changes.
 * Where the endpoint goes, is ill or has been drained, or the listener goes, its entry is
 * ended by a walk through conntrack's table, soon: the next datagram begins anew. A walk is
 * for all namespaces, and there is one in WALK_EVERY at most, however much is changed.
 *
 * A flow that is to have no endpoint is refused, never let through to the listener's
 * address. What conntrack does not see (NOTRACK, which needs CAP_NET_ADMIN) is not seen
 * here.
 */
#ifndef L7MESH_DATAGRAM_H
#define L7MESH_DATAGRAM_H

struct mesh_net;

/**
 * datagram_settle() - Take what a namespace sends from now on, or not any more
 * @mn: namespace that is not going
 *
 * As the mesh that it obeys says now. Flows that do not go where they should are ended
 * soon. Context: process, may sleep; without mesh_mutex.
 *
 * Return: 0; or a negative errno: then nothing is taken. -EOPNOTSUPP: the kernel has no
 * NAT. Not to take any more never fails.
 */
int datagram_settle(struct mesh_net *mn);

/* The same, soon. Any context; @mn may not be going. */
void datagram_settle_later(struct mesh_net *mn);

/* Flows may have to leave their endpoints: soon. Context: process. */
void datagram_look(void);

/*
 * A namespace begins; it leaves its mesh and has no hook any more; it ends, a grace period
 * later. Context: process.
 */
int datagram_net_init(struct mesh_net *mn);
void datagram_net_leave(struct mesh_net *mn);
void datagram_net_exit(struct mesh_net *mn);

/*
 * Module-wide, as it goes. Context: process. Stop: while all namespaces are there; no walk
 * looks at them afterwards. Exit: none is left, and nor is a hook; ends flows of ours.
 */
void datagram_stop(void);
void datagram_exit(void);

#endif

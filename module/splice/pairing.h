/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pairing: finds out which two sockets of this node are each other's TCP peers.
 *
 * A client that gets established is a candidate. When a server's socket gets
 * established, the candidate that is its peer is looked up and claimed. On one node
 * the client's transition is always the earlier one: its ACK causes the server's.
 *
 * Why no two strangers are ever paired. Four numbers have to agree, each with its
 * counterpart on the other side:
 *
 *	the client's first sequence number	what the server expects next
 *	the server's first sequence number	what the client expects next
 *	the client's sk_txhash			the server's sk_rxhash
 *	the server's sk_txhash			the client's sk_rxhash
 *
 * Sequence numbers alone prove nothing: with TCP_REPAIR, or by packets of its own
 * making, a process chooses them. sk_txhash is a random number that the kernel draws
 * for each connection. The kernel puts it into skb->hash of what the socket sends; it
 * is not in the packet, and stays with the skb over loopback, veth, bridges, routing
 * and NAT, and the receiver's sk_rxhash is that of the last skb that came. So equal
 * hashes say that the very skb which that socket sent has been received by this
 * one, in both directions. A packet from a wire, a TUN device or a packet socket has
 * none, or one that the kernel computes with a secret key. A socket in repair, whose
 * handshake was no handshake, is never a candidate.
 *
 * A path that loses the hash (a tunnel, XDP, a SYN cookie) costs the pair, no more.
 */
#ifndef L7MESH_PAIRING_H
#define L7MESH_PAIRING_H

#include <net/sock.h>

/* Module-wide. Context: process. */
int pairing_init(void);
void pairing_exit(void);

/* When nobody adds any more. Context: process. */
void pairing_forget_all(void);

/**
 * pairing_add() - A client has been established
 * @sk: client, locked in any way, still with its first sequence numbers
 *
 * Any context but hard interrupts. @sk is not held: pairing_forget() has to be
 * called before it is destroyed. Without memory it is not paired.
 */
void pairing_add(struct sock *sk);

/**
 * pairing_forget() - A client is not established any more
 * @sk: any socket; after its state has changed, before it is destroyed
 *
 * Any context but hard interrupts.
 */
void pairing_forget(const struct sock *sk);

/**
 * pairing_claim() - Find a server's client, once
 * @child: server, locked in any way, still with its first sequence numbers
 *
 * Any context but hard interrupts.
 *
 * Return: the client, held: sock_put() it; or NULL. It is not locked, and may be
 * in any state by now.
 */
struct sock *pairing_claim(const struct sock *child);

#endif

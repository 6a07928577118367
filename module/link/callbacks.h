/* SPDX-License-Identifier: GPL-2.0 */
/*
 * callbacks: a socket's events, taken over and given back.
 *
 * TCP calls these with the socket locked, so once they are given back under that
 * lock none of ours can be running or run later. While they are ours
 * sk->sk_user_data is ours, too.
 */
#ifndef L7MESH_CALLBACKS_H
#define L7MESH_CALLBACKS_H

#include <net/sock.h>

struct callbacks {
	void (*data_ready)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	void (*write_space)(struct sock *sk);
	void (*error_report)(struct sock *sk);
};

/**
 * callbacks_swap() - Exchange a socket's callbacks
 * @sk: socket, locked or not yet known to anybody else
 * @cb: in: what it is to have; out: what it had
 * @user_data: sk_user_data that belongs to the former
 */
static inline void callbacks_swap(struct sock *sk, struct callbacks *cb,
				  void *user_data)
{
	write_lock_bh(&sk->sk_callback_lock);
	swap(sk->sk_data_ready, cb->data_ready);
	swap(sk->sk_state_change, cb->state_change);
	swap(sk->sk_write_space, cb->write_space);
	swap(sk->sk_error_report, cb->error_report);
	sk->sk_user_data = user_data;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* Are these a socket's? Any context. */
static inline bool callbacks_are(const struct sock *sk,
				 const struct callbacks *cb)
{
	return READ_ONCE(sk->sk_data_ready) == cb->data_ready;
}

#endif

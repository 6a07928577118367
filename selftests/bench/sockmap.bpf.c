// SPDX-License-Identifier: GPL-2.0
/*
 * sockmap: bytes of a proxy's connections go from one socket to the other without
 * TCP/IP, as products and papers do it; sockmap.c loads it.
 *
 * Both ends of a connection on this node enter themselves under where its client is:
 * a redirection changes the address that the client asked for, but not its own. What
 * one end sends is handed to the other's receive queue.
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define INET 2
#define CONNECTIONS 65536

enum role { CLIENT, SERVER };

struct end {
	__u64 netns;		/* of a loopback address, which any may have */
	__u32 address, port;	/* the client's; network and host order */
	__u32 role, zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, CONNECTIONS);
	__type(key, struct end);
	__type(value, __u64);
} ends SEC(".maps");

/*
 * Those that servers listen at, and that clients ask for: no client's own. Those of
 * value LOOPBACK count within a network namespace, as a wire may be between others.
 */
enum where { ANYWHERE, LOOPBACK };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

static __always_inline int is_loopback(__u32 address)
{
	return (address & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000);
}

static __always_inline int counts(__u32 port, __u32 peer)
{
	__u32 *where = bpf_map_lookup_elem(&ports, &port);

	return where && (*where == ANYWHERE || is_loopback(peer));
}

SEC("sockops")
int on_established(struct bpf_sock_ops *ops)
{
	__u32 local_address = ops->local_ip4, remote_address = ops->remote_ip4;
	__u32 local = ops->local_port, remote = bpf_ntohl(ops->remote_port);
	struct end end = {};

	/* The verifier wants the context read at constant offsets. */
	barrier_var(local_address);
	barrier_var(remote_address);
	if (ops->family != INET)
		return 0;
	if (ops->op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB &&
	    counts(remote, remote_address)) {
		end.role = CLIENT;
		end.address = local_address;
		end.port = local;
	} else if (ops->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB &&
		   counts(local, remote_address)) {
		end.role = SERVER;
		end.address = remote_address;
		end.port = remote;
	} else {
		return 0;
	}
	if (is_loopback(end.address))
		end.netns = bpf_get_netns_cookie(ops);
	bpf_sock_hash_update(ops, &ends, &end, BPF_ANY);
	return 0;
}

SEC("sk_msg")
int on_send(struct sk_msg_md *msg)
{
	__u32 local_address = msg->local_ip4, remote_address = msg->remote_ip4;
	__u32 local = msg->local_port, remote = bpf_ntohl(msg->remote_port);
	struct end peer = {};

	barrier_var(local_address);
	barrier_var(remote_address);
	if (bpf_map_lookup_elem(&ports, &local)) {
		peer.role = CLIENT;
		peer.address = remote_address;
		peer.port = remote;
	} else {
		peer.role = SERVER;
		peer.address = local_address;
		peer.port = local;
	}
	if (is_loopback(peer.address))
		peer.netns = bpf_get_netns_cookie(msg);
	/* Without such a peer it is sent as ever. */
	bpf_msg_redirect_hash(msg, &ends, &peer, BPF_F_INGRESS);
	return SK_PASS;
}

char _license[] SEC("license") = "GPL";

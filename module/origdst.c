// SPDX-License-Identifier: GPL-2.0
/*
 * Lengths and errors are those of nf_conntrack_proto.c: getorigdst(), down to
 * the length that is given back as it came. Any other socket gets the kernel's
 * own answer: conntrack's, or ENOPROTOOPT.
 *
 * An AF_INET6 socket asks for the address of a v4-mapped connection with SOL_IP,
 * which ipv6_getsockopt() hands to ip_getsockopt().
 *
 * The hook needs no mark on our call of the original, which happens only when
 * the record has gone in between: then it does not want that call either.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/uaccess.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include "hook.h"
#include "origdst.h"
#include "redirect.h"

static bool original_of(const struct sock *sk, u16 family, struct address *a)
{
	return sk->sk_protocol == IPPROTO_TCP && redirect_original(sk, a) &&
	       a->family == family;
}

bool origdst_wanted_v4(struct ftrace_regs *regs)
{
	const struct sock *sk = (void *)compat_ftrace_argument(regs, 0);
	struct address a;

	return (int)compat_ftrace_argument(regs, 2) == SO_ORIGINAL_DST &&
	       (int)compat_ftrace_argument(regs, 1) == SOL_IP &&
	       original_of(sk, AF_INET, &a);
}

bool origdst_wanted_v6(struct ftrace_regs *regs)
{
	const struct sock *sk = (void *)compat_ftrace_argument(regs, 0);
	struct address a;

	return (int)compat_ftrace_argument(regs, 2) == IP6T_SO_ORIGINAL_DST &&
	       (int)compat_ftrace_argument(regs, 1) == SOL_IPV6 &&
	       original_of(sk, AF_INET6, &a);
}

static int answer(const struct address *a, char __user *value, int __user *len)
{
	struct sockaddr_storage ss;
	int size = address_to_sockaddr(a, &ss);
	int room;

	if (get_user(room, len))
		return -EFAULT;
	if (room < size)
		return -EINVAL;
	if (copy_to_user(value, &ss, size))
		return -EFAULT;
	return put_user(room, len);
}

int origdst_v4(struct sock *sk, int level, int name, char __user *value,
	       int __user *len)
{
	struct address a;
	int err;

	if (original_of(sk, AF_INET, &a))
		err = answer(&a, value, len);
	else
		err = ip_getsockopt(sk, level, name, value, len);
	hook_leave();
	return err;
}

int origdst_v6(struct sock *sk, int level, int name, char __user *value,
	       int __user *len)
{
	struct address a;
	int err;

	if (original_of(sk, AF_INET6, &a))
		err = answer(&a, value, len);
	else
		err = ipv6_getsockopt(sk, level, name, value, len);
	hook_leave();
	return err;
}

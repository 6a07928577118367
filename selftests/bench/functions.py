# SPDX-License-Identifier: GPL-2.0
"""Whose a request's instructions are: what icount.c counted, block by block, as
functions, and functions as parts of the way.

    Profiles(path).following(symbols)	instructions by function, between the next two
		marks; symbols is a copy of /proc/kallsyms from that time
    part_of(function)	one of PARTS

User space is one function, "user space"; those of modules end in "[MODULE]", our own
in "[l7mesh/FILE]", without its folder.
"""

import bisect
import glob
import os
import re

MODULE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../module")

# What a function's name says of what it is for; the first that matches. Debian's
# kernels have no more than names.
PARTS = [
    ("application", r"^user space$"),
    ("l7mesh: splice", r"\[l7mesh/(splice|pairing)"),
    ("l7mesh: heads, bodies", r"\[l7mesh/(http1|head|message|edit|field_|body|ident|"
     r"forward|rewrite|cors|path\])"),
    ("l7mesh: routes, endpoints", r"\[l7mesh/(route|routing|regexp|path_template|"
     r"cluster|maglev|endpoint|ring|hash_policy|listener|objset|fault|accrual|"
     r"outlier)"),
    ("l7mesh: connections", r"\[l7mesh/"),
    ("netfilter, IPVS", r"^(nf_|nft_|ip_vs|ipt_|__nf_|tcp_packet|\w+ \[(nf_\w+|"
     r"nft\w*|ip_vs\w*|nfnetlink|ip_tables|iptable_\w+)\])|\[(nf_\w+|nft?_?\w*|"
     r"ip_vs\w*|ip_tables|iptable_\w+)\]$"),
    ("BPF", r"^bpf_prog|^__?bpf|^sk_psock|^sk_msg|^sock_(map|hash)|^tcp_bpf"),
    ("copy", r"copy_(to|from|user|page)|^memcpy|^memset|^memmove|^memcmp|"
     r"csum_partial|clear_page|rep_movs|rep_stos|check_object|__virt_addr_valid|"
     r"usercopy"),
    ("memory", r"kmem_cache|kmalloc|kfree|^__kmal|slab|page_frag|^__alloc_|"
     r"free_page|get_page|rmqueue|___cache|cache_from_obj|mod_memcg|memcg|"
     r"obj_cgroup|page_counter|^__free|alloc_pages|get_partial|put_cpu_partial|"
     r"refill_"),
    ("scheduler", r"sched|enqueue|dequeue|pick_next|psi_|update_(curr|load|rq|min|"
     r"cfs)|try_to_wake|ttwu|wake|__switch|switch_|load_avg|resched|_entity|"
     r"prepare_to|finish_|finish_task|idle|rcu_note|context_|select_task|"
     r"place_|cpuacct|check_preempt|set_next|put_prev|newidle|available_idle|"
     r"hrtick|cgroup|_rq_|raw_spin_rq|nohz|tick_|menu_|default_wake|autoremove"),
    ("epoll, poll", r"^ep_|epoll|_poll$|poll"),
    ("links, bridge", r"^(veth|br_|eth_)|\[(veth|bridge|stp|llc|br_netfilter)\]$|"
     r"netif|napi|net_rx|net_tx|dev_|skb_scrub|xmit|qdisc|sch_|gro|backlog|"
     r"enqueue_to_backlog|validate_xmit|netem|passthru|neigh|arp"),
    ("TCP/IP, sockets", r"tcp|^ip_|^ip6|^ipv4|^ipv6|inet|^sk_|^__sk|skb|sock|"
     r"fib|route|^rt_|dst_|sk_|__ip_|raw_local|icmp|timestamp|secure_|"
     r"^net_|^__skb|csum|ktime|bictcp|cubic|rtt|minmax|siphash|inet_|_rcv"),
    ("system call", r"syscall|^entry_|^do_sys|^ksys|^x64_sys|^__x64|vfs_|fget|fput|"
     r"fdget|security|apparmor|aa_|exit_to_user|rseq|user_mode|new_sync|rw_verify|"
     r"fsnotify|import_|iov_|_file|task_work|fd_install|alloc_fd|__fd|path|dput|"
     r"mntput|dentry|inode|alloc_empty|filp|evict|d_"),
    ("locks, timers, interrupts", r"."),
]


def part_of(function):
    return next(part for part, pattern in PARTS if re.search(pattern, function))


def own_files():
    """The module's functions, and the files that define them, from MODULE."""
    found = {}
    for path in glob.glob(f"{MODULE}/**/*.c", recursive=True):
        with open(path, encoding="utf-8") as f:
            for line in f:
                start = re.match(r"[a-z][\w *]*?[ *](\w+)\([^;]*$", line)
                if start:
                    name = os.path.relpath(path, MODULE)[:-len(".c")]
                    found.setdefault(start[1], []).append(name)
    return found


class Symbols:
    def __init__(self, path):
        table = []
        with open(path, encoding="ascii") as f:
            for line in f:
                address, _, name, *module = line.split()
                table.append((int(address, 16), name, *module))
        table.sort()
        self.addresses = [entry[0] for entry in table]
        self.names = [" ".join(words) for words in self.placed(table)]

    @staticmethod
    def placed(table):
        """The linker has our files one after the other, in the order of their paths,
        which tells functions of one name apart; and what is of a header."""
        files = own_files()
        here = ""
        for _, name, *module in table:
            if module == ["[l7mesh]"]:
                found = files.get(name.partition(".")[0], [])
                if found and here not in found:
                    here = min((f for f in found if f > here), default=found[0])
                module = [f"[l7mesh/{os.path.basename(here)}]"]
            yield [name, *module]

    def name(self, address):
        if not address:
            return "user space"
        return self.names[bisect.bisect_right(self.addresses, address) - 1]


class Profiles:
    def __init__(self, path):
        self.path = path
        self.offset = 0

    def following(self, symbols):
        found = {}
        table = Symbols(symbols)
        with open(self.path, encoding="ascii") as f:
            f.seek(self.offset)
            assert f.readline() == "cell\n", "there is no profile where one was due"
            while True:
                self.offset = f.tell()
                line = f.readline()
                if not line or line == "cell\n":
                    return found
                address, count = line.split()
                name = table.name(int(address, 16))
                found[name] = found.get(name, 0) + int(count)

# SPDX-License-Identifier: GPL-2.0
"""What the benchmark compares: ways from a client's pod to the pods of a service.

Each is a class with the same contract, used in the VM, as root:

    up(net)	sets it up between the pods of `net` (topology.py); they have servers
		at port 8080 already
    address	what the client connects to, "ADDRESS:PORT", or a list of them
    processes()	the process IDs of its proxies
    change(n)	its configuration's n-th change, while it serves
    missing()	what this machine lacks for it, or None
    down()	ends what goes on; the pods themselves are removed after it

A proxy runs under a user of its own, whose connections are not redirected.
"""

import itertools
import json
import os
import pwd
import shutil
import signal
import subprocess
import time

from command import run
from topology import PORT, VIP, until

OUTBOUND, INBOUND = 15001, 15006
QUICK_CONTENDERS = ("direct", "l4", "http", "ipvs", "nginx", "nginx-chain",
                    "haproxy-chain")
USER = "www-data"


class Contender:
    """Without a mesh, the client deals its connections out to the endpoints."""
    name = "direct"
    label = "direct, no mesh"
    uses_module = False
    chain = False   # it is on the servers' machine, too
    command = None

    def __init__(self):
        self.net = None
        self.address = None

    def missing(self):
        return self.command if self.command and not shutil.which(self.command) \
            else None

    def up(self, net):
        self.net = net
        self.address = net.endpoints

    def processes(self):
        return []

    def change(self, n):
        pass

    def down(self):
        pass


class L7mesh(Contender):
    uses_module = True
    protocol = "http"
    splice = "mesh"

    def __init__(self, name, label, protocol, splice):
        super().__init__()
        self.name, self.label = name, label
        self.protocol, self.splice = protocol, splice

    def up(self, net):
        self.net = net
        self.address = f"{VIP}:80"
        run(f"meshctl splice {self.splice}")
        for number, service in enumerate(net.services):
            name = service.name
            run(f"meshctl add cluster {name} lb round_robin")
            for endpoint in service.endpoints:
                run(f"meshctl add endpoint {name} {endpoint}")
            to = f"cluster {name}"
            if self.protocol == "http":
                run(f"meshctl add route_table {name}")
                run(f"meshctl add virtual_host {name}/{name} domain *")
                run(f"meshctl add route {name}/{name} cluster {name}")
                to = f"route_table {name}"
            run(f"meshctl add listener {name} {net.vip(number)}:80 "
                f"protocol {self.protocol} {to}")
        for pod in net.pods:
            run(f"meshctl attach {pod}")

    def change(self, n):
        run(f"meshctl set endpoint web {self.net.endpoints[n % 3]} "
            f"weight {1 + n % 2}")

    def down(self):
        run("meshctl flush")


class Packets(L7mesh):
    """The client's pod is not attached: its packets are taken at the node."""

    def up(self, net):
        super().up(net)
        run("meshctl detach client")
        for number, service in enumerate(net.services):
            run(f"meshctl set listener {service.name} {net.vip(number)}:80 packets true")


class Hooks(L7mesh):
    """All pods are attached, and a listener takes packets; but it is another address's."""

    def up(self, net):
        super().up(net)
        self.address = net.endpoints
        run(f"meshctl set listener web {net.vip(0)}:80 packets true")


class Guarded(L7mesh):
    """Each server's pod is a workload, and a policy says who may connect: its clients'."""
    policy = {"from": [{"principals": ["*/sa/caller"]}]}

    def up(self, net):
        super().up(net)
        for pod, address in net.addresses().items():
            role = "caller" if pod in net.callers else "server"
            run(f"meshctl add workload {pod} namespace bench service_account {role} "
                f"address {address} labels role={role}")
            run(f"meshctl detach {pod}")
            run(f"meshctl attach {pod} workload {pod}")
        rule = json.dumps(self.policy, separators=(",", ":"))
        run(f"meshctl add authorization p selector role=server rule {rule}")


class Inbound(Guarded):
    """And each request is asked for: by a listener at each server's address, or, if the
    policy has no condition on what is in it, in the client's pod."""

    def __init__(self, name, label, conditions=None):
        super().__init__(name, label, "http", "mesh")
        self.policy = {**Guarded.policy, **(conditions or {})}

    def up(self, net):
        super().up(net)
        for service in net.services:
            for i, endpoint in enumerate(service.endpoints):
                name = f"own-{service.name}-{i}"
                run(f"meshctl add cluster {name}")
                run(f"meshctl add endpoint {name} {endpoint}")
                run(f"meshctl add route_table {name}")
                run(f"meshctl add virtual_host {name}/{name} domain *")
                run(f"meshctl add route {name}/{name} cluster {name}")
                run(f"meshctl add listener {name} {endpoint} protocol http packets true "
                    f"inbound true source keep route_table {name}")


class Ipvs(Contender):
    name = "ipvs"
    label = "IPVS, mh"
    command = "ipvsadm"

    def up(self, net):
        self.net = net
        self.address = f"{VIP}:80"
        run("modprobe -a ip_vs ip_vs_mh")
        for number, service in enumerate(net.services):
            rules = [f"-A -t {net.vip(number)}:80 -s mh -b mh-port"]
            rules += [f"-a -t {net.vip(number)}:80 -r {endpoint} -m"
                      for endpoint in service.endpoints]
            for pod in net.callers:
                run(f"ip netns exec {pod} ipvsadm -R", "\n".join(rules) + "\n")

    def change(self, n):
        run(f"ip netns exec client ipvsadm -e -t {VIP}:80 -m "
            f"-r {self.net.endpoints[n % 3]} -w {1 + n % 2}")


class Proxy(Contender):
    """A sidecar in the client's pod, and with `chain` one in each server's too."""
    needs_listeners = True

    def __init__(self, name, label, chain, splice=None):
        super().__init__()
        self.name, self.label = name, label
        self.chain, self.splice = chain, splice
        self.uses_module = splice == "l7mesh"
        self.sockmap = None
        self.pids = []

    def up(self, net):
        self.net = net
        self.address = f"{VIP}:80"
        self.begin_splice()
        for pod in net.pods:
            outbound = pod in net.callers
            inbound = self.chain and pod != "client"
            if outbound or inbound:
                self.redirect(pod, outbound, inbound)
                self.start(pod, outbound, inbound)

    def redirect(self, pod, outbound, inbound):
        rules = ["table ip sidecar {"]
        if outbound:
            rules.append(f"""chain out {{
                type nat hook output priority -100;
                meta skuid {pwd.getpwnam(USER).pw_uid} return
                ip daddr 10.96.0.0/16 tcp dport 80 redirect to :{OUTBOUND}
            }}""")
        if inbound:
            rules.append(f"""chain in {{
                type nat hook prerouting priority -100;
                tcp dport {PORT} redirect to :{INBOUND}
            }}""")
        run(f"ip netns exec {pod} nft -f -", "\n".join(rules + ["}"]))

    def start(self, pod, outbound, inbound):
        folder = os.path.join(self.net.folder, pod)
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"{self.command}.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.config(folder, outbound, inbound))
        os.chmod(self.net.folder, 0o755)
        self.pids += self.launch(pod, folder, path)
        for port in [OUTBOUND] * outbound + [INBOUND] * inbound:
            self.net.until_listens(pod, port)

    def begin_splice(self):
        if self.splice == "l7mesh":
            run("meshctl splice all")
            for pod in self.net.pods:
                run(f"meshctl attach {pod}")
        elif self.splice == "sockmap":
            self.sockmap = self.net.start_sockmap(
                (80, OUTBOUND), (PORT, INBOUND))

    def processes(self):
        return self.pids

    def down(self):
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.pids = []
        if self.sockmap:
            self.sockmap.kill()
            self.sockmap.wait()
            self.sockmap = None
        if self.splice == "l7mesh":
            run("meshctl flush")

    def config(self, folder, outbound, inbound):
        raise NotImplementedError

    def launch(self, pod, folder, path):
        raise NotImplementedError


def children(pid):
    """It and those that it has started."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [pid] + [int(p) for p in f.read().split()]


def read_pid(path):
    until(30, lambda: os.path.exists(path) and os.path.getsize(path))
    with open(path, encoding="ascii") as f:
        return int(f.read())


class Haproxy(Proxy):
    command = "haproxy"

    def config(self, folder, outbound, inbound):
        lines = [f"""
global
    maxconn 8000
    nbthread 1
    user {USER}
    pidfile {folder}/haproxy.pid
    stats socket {folder}/haproxy.sock mode 600 level admin
defaults
    mode http
    option http-keep-alive
    timeout connect 10s
    timeout client 300s
    timeout server 300s
    timeout http-keep-alive 300s
    http-reuse always
"""]
        if outbound:
            lines.append(f"frontend outbound\n    bind :{OUTBOUND}\n")
            for service in self.net.services:
                lines.append(f"    use_backend {service.name} "
                             f"if {{ hdr(host) {service.name} }}\n")
            for service in self.net.services:
                lines.append(f"backend {service.name}\n    balance roundrobin\n")
                lines += [f"    server s{i} {endpoint}\n"
                          for i, endpoint in enumerate(service.endpoints)]
        if inbound:
            lines.append(f"frontend inbound\n    bind :{INBOUND}\n"
                         "    default_backend application\n"
                         "backend application\n"
                         f"    server local 127.0.0.1:{PORT}\n")
        return "".join(lines)

    def launch(self, pod, folder, path):
        run(f"ip netns exec {pod} haproxy -D -q -f {path}")
        return [read_pid(f"{folder}/haproxy.pid")]

    def change(self, n):
        run(f"socat - UNIX-CONNECT:{self.net.folder}/client/haproxy.sock",
            f"set weight web/s{n % 3} {1 + n % 2}\n")


class NftDnat(Contender):
    """At the node, for clients that are not attached, as kube-proxy does in nft mode."""
    name = "nft-dnat"
    label = "nft DNAT at the node"
    command = "nft"

    def up(self, net):
        self.net = net
        self.address = f"{VIP}:80"
        run("sysctl -qw net.ipv4.ip_forward=1")
        rules = ["table ip bench {", "chain pre {",
                 "type nat hook prerouting priority -100;"]
        for number, service in enumerate(net.services):
            ends = [e.replace(":", " . ") for e in service.endpoints]
            choice = ", ".join(f"{i} : {e}" for i, e in enumerate(ends))
            rules.append(f"ip daddr {net.vip(number)} tcp dport 80 dnat ip addr . port "
                         f"to numgen inc mod {len(ends)} map {{ {choice} }}")
        # The answers would not come by the node.
        rules += ["}", "chain post {", "type nat hook postrouting priority 100;",
                  "ct status dnat masquerade", "}", "}"]
        run(["nft", "-f", "-"], "\n".join(rules))

    def down(self):
        run("nft delete table ip bench")


class Tproxy(Haproxy):
    """At the node, for clients that are not attached."""

    def up(self, net):
        self.net = net
        self.address = f"{VIP}:80"
        run("sysctl -qw net.ipv4.ip_forward=1")
        run("ip rule add fwmark 1 lookup 100")
        run("ip route add local default dev lo table 100")
        run(["nft", "-f", "-"], f"""table ip bench {{
            chain pre {{ type filter hook prerouting priority -150;
                ip daddr 10.96.0.0/16 tcp dport 80 meta mark set 1 tproxy to 127.0.0.1:{OUTBOUND} accept
            }}
        }}""")
        self.start("node", True, False)

    def config(self, folder, outbound, inbound):
        return super().config(folder, outbound, inbound).replace(
            f"bind :{OUTBOUND}", f"bind 127.0.0.1:{OUTBOUND} transparent")

    def launch(self, pod, folder, path):
        run(f"haproxy -D -q -f {path}")
        return [read_pid(f"{folder}/haproxy.pid")]

    def change(self, n):
        run(f"socat - UNIX-CONNECT:{self.net.folder}/node/haproxy.sock",
            f"set weight web/s{n % 3} {1 + n % 2}\n")

    def down(self):
        super().down()
        run("nft delete table ip bench")
        run("ip route del local default dev lo table 100")
        run("ip rule del fwmark 1 lookup 100")


class Nginx(Proxy):
    """Where a read fills its buffer it asks FIONREAD whether there is more, which knows
    nothing of what a sockmap has brought (in Linux 6.1), and waits for ever: beside one
    it has a buffer that is never full."""
    command = "nginx"

    def config(self, folder, outbound, inbound):
        upstreams, servers = [], []
        groups = [(s.name, s.endpoints, OUTBOUND) for s in self.net.services
                  if outbound]
        groups += [("application", [f"127.0.0.1:{PORT}"], INBOUND)] * inbound
        ports = set()
        for name, endpoints, port in groups:
            backlog = "" if port in ports else "backlog=4096"
            ports.add(port)
            members = "".join(f"server {e};" for e in endpoints)
            upstreams.append(f"upstream {name} {{ {members} keepalive 1000; "
                             "keepalive_requests 100000000; }")
            host = f"server_name {name};" if port == OUTBOUND else ""
            servers.append(f"server {{ listen {port} {backlog}; {host} "
                           f"location / {{ proxy_pass http://{name}; }} }}")
        buffers = ("proxy_buffering off; proxy_buffer_size 2m; proxy_buffers 3 2m;"
                   if self.splice == "sockmap" else "")
        return f"""
user {USER};
pid {folder}/nginx.pid;
worker_processes 1;
worker_rlimit_nofile 16384;
events {{ worker_connections 8000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_max_temp_file_size 0;
    {buffers}
    {chr(10).join(upstreams)}
    {chr(10).join(servers)}
}}
"""

    def launch(self, pod, folder, path):
        run(f"ip netns exec {pod} nginx -p {folder} -e {folder}/error.log "
            f"-c {path}")
        return children(read_pid(f"{folder}/nginx.pid"))

    def change(self, n):
        """It has no other way than to read its configuration again."""
        os.kill(self.pids[0], signal.SIGHUP)
        time.sleep(0.02)
        self.pids = children(self.pids[0])


class Envoy(Proxy):
    command = "envoy"

    def config(self, folder, outbound, inbound):
        clusters, listeners = [], []
        if outbound:
            hosts = [(s.name, [s.name], s.name) for s in self.net.services]
            listeners.append(envoy_listener("outbound", OUTBOUND, hosts))
            clusters += [envoy_cluster(s.name, s.endpoints)
                         for s in self.net.services]
        if inbound:
            listeners.append(envoy_listener(
                "inbound", INBOUND, [("all", ["*"], "application")]))
            clusters.append(envoy_cluster("application", [f"127.0.0.1:{PORT}"]))
        return ("static_resources:\n  listeners:\n" + "".join(listeners) +
                "  clusters:\n" + "".join(clusters))

    def launch(self, pod, folder, path):
        # pylint: disable=consider-using-with # it goes on
        process = subprocess.Popen(
            ["ip", "netns", "exec", pod, "setpriv", "--reuid", USER,
             "--clear-groups", "envoy", "-c", path, "--concurrency", "1",
             "-l", "error", "--disable-hot-restart"])
        return [process.pid]

    def change(self, n):
        """A static bootstrap does not change without a control plane."""


def envoy_listener(name, port, hosts):
    virtual_hosts = "".join(f"""
              - name: {host}
                domains: ["{'", "'.join(domains)}"]
                routes:
                - match: {{prefix: "/"}}
                  route: {{cluster: {cluster}}}"""
                            for host, domains, cluster in hosts)
    kind = "envoy.extensions.filters"
    url = f"type.googleapis.com/{kind}"
    return f"""
  - name: {name}
    address: {{socket_address: {{address: 0.0.0.0, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {url}.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: {name}
          route_config:
            virtual_hosts:{virtual_hosts}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": {url}.http.router.v3.Router
"""


def envoy_cluster(name, endpoints):
    members = "".join(f"""
        - endpoint:
            address:
              socket_address: {{address: {e.split(":")[0]}, port_value: {PORT}}}"""
                      for e in endpoints)
    return f"""
  - name: {name}
    type: STATIC
    connect_timeout: 10s
    load_assignment:
      cluster_name: {name}
      endpoints:
      - lb_endpoints:{members}
"""


def proxies(kind, name, label):
    return [
        kind(name, label, False),
        kind(f"{name}-chain", f"{label}, two sidecars", True),
        kind(f"{name}-chain-l7mesh", f"{label}, two sidecars, spliced by l7mesh",
             True, "l7mesh"),
        kind(f"{name}-chain-sockmap", f"{label}, two sidecars, sockmap", True,
             "sockmap"),
    ]


def contenders():
    return list(itertools.chain(
        [Contender(),
         L7mesh("l4", "l7mesh L4", "tcp", "mesh"),
         L7mesh("l4-plain", "l7mesh L4, no splice", "tcp", "off"),
         L7mesh("http", "l7mesh HTTP", "http", "mesh"),
         L7mesh("http-plain", "l7mesh HTTP, no splice", "http", "off"),
         Guarded("l4-policy", "l7mesh L4, and inbound policy", "tcp", "mesh"),
         Inbound("inbound", "l7mesh HTTP, and inbound policy: one hop"),
         Inbound("inbound-http", "l7mesh HTTP, and inbound policy of paths: two hops",
                 {"to": [{"methods": ["GET", "POST"], "paths": ["/*"]}]}),
         Hooks("hooks", "direct, past a mesh that takes packets to others", "tcp", "off"),
         Packets("packets-l4", "l7mesh L4, client not attached", "tcp", "mesh"),
         Packets("packets-http", "l7mesh HTTP, client not attached", "http", "mesh"),
         Ipvs(), NftDnat(),
         Tproxy("haproxy-tproxy", "nft TPROXY and HAProxy at the node", False)],
        proxies(Nginx, "nginx", "nginx"),
        proxies(Haproxy, "haproxy", "HAProxy"),
        proxies(Envoy, "envoy", "Envoy")))

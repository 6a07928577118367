#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# needs: no VM
"""What meshctl makes of the configuration of others, where these do not trust each
other: Gateway API's manifests of several namespaces, workloads and policies, and the
order of Envoy's header operations."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from random import Random

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
# pylint: disable=wrong-import-position
from l7 import equal, run_tests, test, true

MESHCTL = (os.environ.get("MESHCTL") or shutil.which("meshctl") or
           os.path.join(HERE, "../tools/meshctl/meshctl"))
SHARED, GOOD, EVIL = "10.96.0.1", "10.97.0.1", "10.97.0.2"
OLD, YOUNG = "2020-01-01T00:00:00Z", "2024-01-01T00:00:00Z"


# ---- manifests ----

def manifest(kind, name, spec=None, born=None, version="gateway.networking.k8s.io/v1",
             labels=None, **more):
    namespace, name = name.split("/")
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": born,
                "labels": labels or {}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata,
            **({"spec": spec} if spec is not None else {}), **more}


def gateway(name, *addresses, given=(), listeners=None, born=None):
    """It asks for addresses, and a controller gave it some."""
    return manifest("Gateway", name, {
        "gatewayClassName": "x", "addresses": [{"value": a} for a in addresses],
        "listeners": listeners or [{"name": "http", "port": 80, "protocol": "HTTP"}]},
        born, status={"addresses": [{"type": "IPAddress", "value": a} for a in given]})


def service(name, *addresses, given=(), born=None, **spec):
    return manifest("Service", name, {
        "clusterIP": addresses[0] if addresses else "None", "clusterIPs": [*addresses],
        "ports": [{"name": "h", "port": 80}], **spec}, born, "v1",
        status={"loadBalancer": {"ingress": [{"ip": a} for a in given]}})


def slice_of(name, *addresses, of=None):
    return manifest("EndpointSlice", name, None, None, "discovery.k8s.io/v1",
                    {"kubernetes.io/service-name": of or name.split("/")[1]},
                    addressType="IPv4", ports=[{"name": "h", "port": 8080}],
                    endpoints=[{"addresses": [a]} for a in addresses])


def route(name, parent, backend, hostnames=(), born=None, kind="HTTPRoute", **rule):
    """Parents and backends are references, or names of Gateways and Services."""
    def ref(to):
        namespace, inner = to.split("/")
        return {"namespace": namespace, "name": inner}
    return manifest(kind, name, {
        "parentRefs": [parent if isinstance(parent, dict) else ref(parent)],
        **({"hostnames": [*hostnames]} if hostnames else {}),
        "rules": [{"backendRefs": [{**ref(backend), "port": 80}], **rule}]}, born)


def grant(key, whose, to="Service", kind="HTTPRoute", **more):
    return manifest("ReferenceGrant", key, {
        "from": [{"group": "gateway.networking.k8s.io", "kind": kind,
                  "namespace": whose}],
        "to": [{"group": "", "kind": to, **more}]})


# A namespace of the operator's, with a Gateway for all, and one of a tenant's.
ALL = [{"name": "http", "port": 80, "protocol": "HTTP",
        "allowedRoutes": {"namespaces": {"from": "All"}}}]
OTHERS = [gateway("infra/gw", SHARED, listeners=ALL, born=YOUNG),
          service("good/good", GOOD), slice_of("good/good", "10.2.0.20"),
          route("good/good", "infra/gw", "good/good", ["good.example"], YOUNG)]
MINE = [service("evil/evil", EVIL), slice_of("evil/evil", "10.2.0.66"),
        route("evil/evil", "evil/mine", "evil/evil", born=OLD)]


def run_import(*manifests, options=()):
    """Its status, the mesh, and what is reported, by kind, namespace and name."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump({"apiVersion": "v1", "kind": "List", "items": manifests}, f)
        f.flush()
        done = subprocess.run([MESHCTL, "-j", "import", "gateway-api", *options,
                               f.name], capture_output=True, text=True, check=False)
    report = json.loads(done.stderr) if done.stderr.startswith("[") else done.stderr
    if isinstance(report, list):
        equal(len({(r["line"], r["column"]) for r in report}), len(report))
        report = {f"{r['kind']} {r['namespace']}/{r['name']}": r for r in report}
    return done.returncode, json.loads(done.stdout or "{}"), report


def imported(*manifests, options=()):
    status, mesh, report = run_import(*manifests, options=options)
    equal((status, type(report)), (0, dict))
    return mesh, report


def listeners(mesh):
    """Who listens where."""
    return {f"{ln['address']}:{ln['port']}":
            (ln.get("route_table") or ln["cluster"]).rsplit(":", 1)[0]
            for ln in mesh["listeners"]}


def hosts(mesh, table):
    """By hostname: where requests go."""
    hosts_of = [t["virtual_hosts"] for t in mesh["route_tables"] if t["name"] == table]
    return {h["name"]: [r["action"].get("cluster") for r in h.get("routes", [])]
            for host in hosts_of for h in host}


def reason(conditions, kind):
    """Of a condition that is not as it should be."""
    bad = "True" if kind in ("Conflicted", "PartiallyInvalid") else "False"
    for condition in conditions:
        if condition["type"] == kind and condition["status"] == bad:
            return condition["reason"]
    return None


def programmed(report, name):
    return reason(report["Gateway " + name]["conditions"], "Programmed")


def judged(report, name, condition, kind="HTTPRoute"):
    return reason(report[f"{kind} {name}"]["parents"][0]["conditions"], condition)


def accepted(report, name, kind="HTTPRoute"):
    return judged(report, name, "Accepted", kind)


def resolved(report, name, kind="HTTPRoute"):
    return judged(report, name, "ResolvedRefs", kind)


UNTOUCHED = {f"{SHARED}:80": "infra/gw"}


# ---- addresses of Gateways ----

@test("a Gateway is not given what means no machine, or another namespace's")
def _():
    for address in ("127.0.0.1", "127.9.9.9", "169.254.169.254", "224.0.0.1",
                    "255.255.255.255", "0.0.0.0", "0.1.2.3", "::", "::1", "fe80::1",
                    "ff02::1", f"::ffff:{GOOD}",
                    # A Service's, an endpoint's, a load balancer's.
                    GOOD, "10.2.0.20", "192.0.2.9", "fd00::7", "FD00:0::0007"):
        mesh, report = imported(
            *OTHERS, service("good/lb", "10.97.0.9", "fd00::7", given=["192.0.2.9"]),
            gateway("evil/mine", address, born=OLD), *MINE)
        equal((address, listeners(mesh)), (address, UNTOUCHED))
        equal((address, programmed(report, "evil/mine")), (address, "AddressNotUsable"))
        equal(programmed(report, "infra/gw"), None)


@test("it has the others that it asks for, and those that it was given")
def _():
    mesh, report = imported(
        *OTHERS, gateway("evil/mine", GOOD, "10.96.0.7", "10.96.0.7", born=OLD), *MINE)
    equal(listeners(mesh), {**UNTOUCHED, "10.96.0.7:80": "evil/mine"})
    equal(programmed(report, "evil/mine"), "AddressNotUsable")
    mesh, report = imported(
        *OTHERS, gateway("evil/mine", GOOD, given=["10.96.0.8", "127.0.0.1"]), *MINE)
    equal(listeners(mesh), {**UNTOUCHED, "10.96.0.8:80": "evil/mine"})


@test("a Service's address is for Gateways of its own namespace, or by their status")
def _():
    mesh, report = imported(*OTHERS, gateway("evil/mine", EVIL), *MINE)
    equal(listeners(mesh), {**UNTOUCHED, f"{EVIL}:80": "evil/mine"})
    mesh, report = imported(*OTHERS, *MINE, service("infra/lb", "10.97.0.8"),
                            gateway("evil/mine", "10.97.0.8", given=["10.97.0.8"]))
    equal(listeners(mesh), {**UNTOUCHED, "10.97.0.8:80": "evil/mine"})
    equal(programmed(report, "evil/mine"), None)


@test("what a tenant says of addresses takes none from others")
def _():
    for theirs in (service("evil/x", "10.97.0.5", externalIPs=[SHARED]),
                   service("evil/x", "10.97.0.5", loadBalancerIP=SHARED)):
        mesh, report = imported(theirs, *OTHERS)
        equal(listeners(mesh), UNTOUCHED)
    # An endpoint's may be any; --addresses or the status say whose it is.
    theirs = slice_of("evil/x", SHARED)
    mesh, report = imported(theirs, *OTHERS, options=["--addresses", "10.96.0.0/16"])
    equal(listeners(mesh), UNTOUCHED)
    mesh, report = imported(theirs, *OTHERS[1:],
                            gateway("infra/gw", given=[SHARED], listeners=ALL))
    equal(listeners(mesh), UNTOUCHED)


@test("--addresses: these are all that Gateways may ask for")
def _():
    for networks, good in (("10.96.0.1/32", False), ("10.96.0.0/29,fd00::/64", True),
                           ("10.0.0.0/8", True), ("fd00::/64", False),
                           ("10.96.0.6/31", True), ("0.0.0.0/0", True)):
        mesh, report = imported(
            gateway("infra/gw", given=[SHARED], listeners=ALL), *OTHERS[1:],
            gateway("evil/mine", "10.96.0.7"), *MINE,
            options=["--addresses", networks])
        equal((networks, listeners(mesh)), (networks, {
            **UNTOUCHED, **({"10.96.0.7:80": "evil/mine"} if good else {})}))
        equal(programmed(report, "evil/mine"), None if good else "AddressNotUsable")
    mesh, report = imported(*OTHERS, gateway("evil/mine", GOOD), *MINE,
                            options=["--addresses", "0.0.0.0/0"])
    equal(listeners(mesh), UNTOUCHED)
    for networks in ("10.0.0.0", "10.0.0.1/8", "x", ",10.0.0.0/8"):
        status, _, said = run_import(*OTHERS, options=["--addresses", networks])
        true(status == 1 and "is not a network" in said, said)


@test("of two Gateways that ask for one address and port the oldest has it")
def _():
    for born, other, winner in ((OLD, YOUNG, "evil/mine"), (YOUNG, OLD, "infra/gw"),
                                (None, YOUNG, "infra/gw"), (OLD, OLD, "evil/mine"),
                                (None, None, "evil/mine")):
        two = [gateway("evil/mine", SHARED, born=born),
               gateway("infra/gw", SHARED, listeners=ALL, born=other)]
        for both in two, two[::-1]:
            mesh, report = imported(*both, *OTHERS[1:], *MINE)
            equal(listeners(mesh), {f"{SHARED}:80": winner})
            loser = ({"evil/mine", "infra/gw"} - {winner}).pop()
            entry = report["Gateway " + loser]["listeners"][0]
            equal(reason(entry["conditions"], "Accepted"), "PortUnavailable")


@test("an address that a Gateway was given is its own, at every port, however young it is")
def _():
    for port in 80, 443:
        asking = gateway("evil/mine", SHARED, born=OLD)
        asking["spec"]["listeners"][0]["port"] = port
        mesh, report = imported(asking, gateway("infra/gw", given=[SHARED], listeners=ALL,
                                                born=YOUNG), *OTHERS[1:], *MINE)
        equal(listeners(mesh), UNTOUCHED)
        equal(programmed(report, "evil/mine"), "AddressNotUsable")
    # Within a namespace, and where it was given to both, each has its ports.
    for other in gateway("infra/mine", SHARED), gateway("evil/mine", given=[SHARED]):
        other["spec"]["listeners"][0]["port"] = 443
        mesh, _ = imported(gateway("infra/gw", given=[SHARED], listeners=ALL),
                           *OTHERS[1:], other, *MINE[:2])
        equal(set(listeners(mesh)), {f"{SHARED}:80", f"{SHARED}:443"})


@test("a port that is taken at one of two addresses is there at the other")
def _():
    mesh, report = imported(*OTHERS, gateway("evil/mine", SHARED, "10.96.0.7"), *MINE)
    equal(listeners(mesh), {**UNTOUCHED, "10.96.0.7:80": "evil/mine"})
    equal(hosts(mesh, "evil/mine:80"), {"*": ["evil/evil:80"]})


@test("--strict refuses all of it")
def _():
    for address in GOOD, "127.0.0.1":
        status, mesh, _ = run_import(*OTHERS, gateway("evil/mine", address), *MINE,
                                     options=["--strict"])
        equal((status, mesh), (1, {}))


# ---- what else crosses a namespace ----

@test("a Service is a parent only of routes of its namespace")
def _():
    parent = {"group": "", "kind": "Service", "name": "good", "namespace": "good"}
    theirs = route("evil/gamma", parent, "evil/evil", born=OLD)
    mesh, report = imported(*OTHERS, *MINE, theirs)
    equal(listeners(mesh), UNTOUCHED)
    equal(accepted(report, "evil/gamma"), "NoMatchingParent")
    # Nor is it told what is there.
    parent["name"] = "none"
    _, other = imported(*OTHERS, *MINE, route("evil/gamma", parent, "evil/evil"))
    said = [r["HTTPRoute evil/gamma"]["parents"][0]["conditions"][0]["message"]
            for r in (report, other)]
    equal(said[0], said[1])


@test("a Service with the clusterIP of another, or of none, has no listener there")
def _():
    parent = {"group": "", "kind": "Service", "name": "x"}
    for address in (GOOD, f"::ffff:{GOOD}", "169.254.169.254", "127.0.0.1", "0.0.0.0",
                    "224.0.0.1", "x"):
        mesh, report = imported(*OTHERS, service("evil/x", address, born=OLD),
                                service("good/good", GOOD, born="2019-01-01T00:00:00Z"),
                                *MINE, route("evil/gamma", parent, "evil/evil"))
        equal((address, listeners(mesh)), (address, UNTOUCHED))
        equal(accepted(report, "evil/gamma"), "NoMatchingParent")
    mesh, _ = imported(*OTHERS, service("evil/x", "127.0.0.1", "10.97.0.7"), *MINE,
                       route("evil/gamma", parent, "evil/evil"))
    equal(listeners(mesh), {**UNTOUCHED, "10.97.0.7:80": "evil/x"})


@test("a Gateway's listener takes routes of the namespaces and kinds that it says")
def _():
    def allowed(**rules):
        return [{"name": "http", "port": 80, "protocol": "HTTP",
                 "allowedRoutes": rules}]
    own = route("infra/own", "infra/gw", "infra/own", ["own.example"])
    theirs = route("evil/x", "infra/gw", "evil/evil", ["x.example"])
    for rules, got in (
            ({}, {"own.example"}), ({"namespaces": {"from": "Same"}}, {"own.example"}),
            ({"namespaces": {"from": "All"}}, {"own.example", "x.example"}),
            ({"namespaces": {"from": "All"},
              "kinds": [{"group": "example.org", "kind": "HTTPRoute"}]}, set()),
            ({"namespaces": {"from": "All"}, "kinds": [{"kind": "HTTPRoute"}]},
             {"own.example", "x.example"})):
        mesh, report = imported(
            gateway("infra/gw", SHARED, listeners=allowed(**rules)),
            service("infra/own", "10.97.0.3"), own, theirs, *MINE)
        equal((rules, set(hosts(mesh, "infra/gw:80"))), (rules, got))
        equal(accepted(report, "evil/x"),
              None if "x.example" in got else "NotAllowedByListeners")


@test("a backend, and where requests are mirrored, is of the route's namespace or granted")
def _():
    backend = {"name": "good", "namespace": "good", "port": 80}
    mirror = [{"type": "RequestMirror", "requestMirror": {"backendRef": backend}}]
    rules = ({"backendRefs": [backend]},
             {"backendRefs": [{"name": "evil", "port": 80}], "filters": mirror},
             {"backendRefs": [{"name": "evil", "port": 80}, backend]})
    for given, good in (
            ([], False), ([grant("evil/g", "evil")], False),
            ([grant("good/g", "other")], False),
            ([grant("good/g", "evil", to="Secret")], False),
            ([grant("good/g", "evil", name="another")], False),
            ([grant("good/g", "evil", name="good")], True),
            ([grant("good/g", "other"), grant("good/h", "evil")], True)):
        for rule in rules:
            mesh, report = imported(
                *given, *OTHERS[1:3], gateway("evil/mine", "10.96.0.7"), *MINE[:2],
                route("evil/evil", "evil/mine", "evil/evil", **rule))
            equal((given, resolved(report, "evil/evil")),
                  (given, None if good else "RefNotPermitted"))
            equal(any(c["name"] == "good/good:80" for c in mesh["clusters"]), good)


@test("an EndpointSlice is of a Service of its own namespace, and of machines")
def _():
    mesh, _ = imported(*OTHERS, gateway("evil/mine", "10.96.0.7"), *MINE,
                       slice_of("evil/more", "10.2.0.67", of="good"),
                       slice_of("evil/self", "127.0.0.1", "169.254.169.254", "10.2.0.68",
                                "::1", "224.0.0.1", of="evil"))
    equal({c["name"]: [e["address"] for e in c["endpoints"]] for c in mesh["clusters"]},
          {"good/good:80": ["10.2.0.20"], "evil/evil:80": ["10.2.0.66", "10.2.0.68"]})


@test("two namespaces are not one, whatever they are called")
def _():
    theirs = [service("evil/x", EVIL)]
    theirs[0]["metadata"].update(namespace="good/good:80", name="x")
    mesh, report = imported(*OTHERS, *theirs)
    equal([r["problems"][0].split(":")[0] for r in report.values() if "problems" in r],
          ["items[4].metadata.namespace"])
    equal(hosts(mesh, "infra/gw:80"), {"good.example": ["good/good:80"]})


@test("a Service's ports as parents: of a name and number, and no UDP")
def _():
    ports = [{"name": "a", "port": 1}, {"name": "b", "port": 2, "protocol": "TCP"},
             {"name": "u", "port": 3, "protocol": "UDP"}]
    for ref, got in (({}, {1, 2}), ({"port": 2}, {2}), ({"sectionName": "a"}, {1}),
                     ({"sectionName": "a", "port": 2}, set()), ({"port": 3}, set()),
                     ({"sectionName": "none"}, set())):
        for kind in "HTTPRoute", "TCPRoute":
            mesh, report = imported(
                *MINE[:2], service("evil/x", "10.97.0.7", ports=ports),
                route("evil/x", {"group": "", "kind": "Service", "name": "x", **ref},
                      "evil/evil", kind=kind))
            equal((ref, {ln["port"] for ln in mesh["listeners"]}), (ref, got))
            equal((ref, accepted(report, "evil/x", kind)),
                  (ref, None if got else "NoMatchingParent"))


@test("a backend is the port of its number that speaks TCP")
def _():
    ports = [{"name": "u", "port": 80, "protocol": "UDP"}, {"name": "h", "port": 80}]
    for listed, why in ((ports, None), (ports[:1], "BackendNotFound")):
        mesh, report = imported(
            *OTHERS, service("good/both", "10.97.0.7", ports=listed),
            slice_of("good/both", "10.2.0.9"), route("good/x", "infra/gw", "good/both"))
        equal(resolved(report, "good/x"), why)
        equal([c["endpoints"][0]["address"] for c in mesh["clusters"]
               if c["name"] == "good/both:80"], [] if why else ["10.2.0.9"])


# ---- who is wrong holds up nobody else ----

@test("what is wrong with a listener, or a rule, is said in its conditions")
def _():
    wrong = gateway("evil/mine", "10.96.0.7", listeners=[
        {"name": "a", "port": 80, "protocol": "HTTPS"},
        {"name": "b", "port": 81, "protocol": "HTTP"}])
    rule = {"matches": [{"path": {"type": "Odd", "value": "/"}}]}
    _, report = imported(wrong, *MINE[:2],
                         route("evil/evil", "evil/mine", "evil/evil", **rule))
    equal([reason(ln["conditions"], "Accepted")
           for ln in report["Gateway evil/mine"]["listeners"]],
          ["UnsupportedValue", None])
    equal(reason(report["HTTPRoute evil/evil"]["parents"][0]["conditions"],
                 "PartiallyInvalid"), "UnsupportedValue")


@test("whatever is wrong with a namespace's manifests, others are imported")
def _():
    session = {"sessionName": "a b"}
    path = {"type": "ReplaceFullPath", "replaceFullPath": "no path"}
    long = "x" * 70000
    for wrong in (
            [gateway("evil/mine", "224.0.0.1")], [gateway("evil/mine", "x")],
            [gateway("evil/mine", given=["0.0.0.0"])], [gateway("evil/mine", SHARED)],
            [gateway("evil/mine", "10.96.0.7", listeners=[
                {"name": "a", "port": 80, "protocol": "HTTP", "hostname": "a..b"}])],
            [gateway("evil/mine", "10.96.0.7", listeners=[
                {"name": "a", "port": 80, "protocol": "TCP"}]),
             route("evil/x", "evil/mine", "evil/none", kind="TCPRoute")],
            [route("evil/x", "infra/gw", "evil/evil", ["good.example"], OLD, "TLSRoute"),
             route("evil/x", "infra/gw", "evil/evil", (), OLD, "TCPRoute")],
            [route("evil/x", "infra/gw", "evil/evil", ["*evil"])],
            [route("evil/x", "infra/gw", "evil/evil", ["1.2.3.4", "good.*", "*"])],
            [route("evil/x", "infra/gw", "evil/evil", sessionPersistence=session)],
            [route("evil/x", "infra/gw", "evil/evil",
                   filters=[{"type": "URLRewrite", "urlRewrite": {"path": path}}])],
            [route("evil/x", "infra/gw", "evil/evil",
                   matches=[{"headers": [{"name": "a", "value": long}]}])],
            [service("evil/x", "0.0.0.0"),
             route("evil/x", {"group": "", "kind": "Service", "name": "x"},
                   "evil/evil")],
            [service("evil/" + "x" * 250, EVIL),
             route("evil/x", "infra/gw", "evil/" + "x" * 250)]):
        status, mesh, report = run_import(*OTHERS, *MINE, *wrong)
        equal((wrong, status), (wrong, 0))
        equal(listeners(mesh)[f"{SHARED}:80"], "infra/gw")
        equal(hosts(mesh, "infra/gw:80")["good.example"], ["good/good:80"])
        equal(accepted(report, "good/good"), None)


# ---- TLSRoute and TCPRoute ----

PASS = {"mode": "Passthrough"}
FROM_ALL = {"namespaces": {"from": "All"}}


def listener(protocol, port=443, **more):
    return {"name": f"{protocol.lower()}{port}", "port": port, "protocol": protocol,
            "allowedRoutes": FROM_ALL, **({"tls": PASS} if protocol == "TLS" else {}),
            **more}


def at(*own, port=443, more=()):
    """A Gateway with listeners, and two Services."""
    return [gateway("infra/gw", SHARED, listeners=[*own]),
            service("good/good", GOOD), slice_of("good/good", "10.2.0.20"),
            service("evil/evil", EVIL), slice_of("evil/evil", "10.2.0.66"), *more]


def tcp(mesh):
    """By address and port of listeners: the endpoints that they have, and weights."""
    endpoints = {c["name"]: {e["address"]: e.get("weight", 1)
                             for e in c.get("endpoints", [])} for c in mesh["clusters"]}
    return {f"{ln['address']}:{ln['port']}": endpoints[ln["cluster"]]
            for ln in mesh["listeners"] if ln["protocol"] == "tcp"}


@test("TLS: a hostname is the closest listener's, and the oldest route's there")
def _():
    mesh, report = imported(
        *at(listener("TLS"), listener("TLS", name="deep", hostname="*.a.example"),
            listener("TLS", name="one", hostname="x.a.example")),
        route("good/old", "infra/gw", "good/good", ["x.a.example", "b.example"], OLD,
              "TLSRoute"),
        route("evil/young", "infra/gw", "evil/evil",
              ["B.example", "*.a.example", "*.example"], YOUNG, "TLSRoute"),
        route("evil/above", {"name": "gw", "namespace": "infra", "sectionName": "deep"},
              "good/good", ["*.example"], None, "TLSRoute"))
    equal(hosts(mesh, "infra/gw:443"), {
        "x.a.example": ["good/good:80"], "b.example": ["good/good:80"],
        "*.a.example": ["evil/evil:80"], "*.example": ["evil/evil:80"]})
    equal([(ln["protocol"], ln["route_table"]) for ln in mesh["listeners"]],
          [("tls", "infra/gw:443")])
    # Who has not all of them is told, and who has none.
    equal([judged(report, name, condition, "TLSRoute")
           for name in ("good/old", "evil/young", "evil/above")
           for condition in ("Accepted", "PartiallyInvalid")],
          [None, None, None, "Conflicted", "Conflicted", None])


@test("TLS: without hostnames a route has all of its listeners'")
def _():
    for hostname, names in ((None, {"*"}), ("*.a.example", {"*.a.example"}),
                            ("a.example", {"a.example"})):
        own = listener("TLS", **({"hostname": hostname} if hostname else {}))
        mesh, _ = imported(*at(own), route("evil/x", "infra/gw", "evil/evil",
                                           kind="TLSRoute"))
        equal(hosts(mesh, "infra/gw:443"), {name: ["evil/evil:80"] for name in names})
    # One that nobody has a route for is not answered by another listener's.
    mesh, _ = imported(*at(listener("TLS"), listener("TLS", name="b", hostname="b.x")),
                       route("evil/x", {"name": "gw", "namespace": "infra",
                                        "sectionName": "tls443"},
                             "evil/evil", kind="TLSRoute"))
    equal(hosts(mesh, "infra/gw:443"), {"b.x": [], "*": ["evil/evil:80"]})


@test("TCP: a listener is the oldest route's, and nobody's without one")
def _():
    for born, other, winner in ((OLD, YOUNG, "20"), (YOUNG, OLD, "66"), (None, OLD, "66"),
                                (OLD, OLD, "66")):
        two = [route("good/x", "infra/gw", "good/good", (), born, "TCPRoute"),
               route("evil/x", "infra/gw", "evil/evil", (), other, "TCPRoute")]
        for both in two, two[::-1]:
            mesh, report = imported(*at(listener("TCP", 5432)), *both)
            equal(tcp(mesh), {f"{SHARED}:5432": {"10.2.0." + winner: 1}})
            equal({accepted(report, "good/x", "TCPRoute"),
                   accepted(report, "evil/x", "TCPRoute")}, {None, "Conflicted"})
    mesh, _ = imported(*at(listener("TCP", 5432)))
    equal(tcp(mesh), {f"{SHARED}:5432": {}})


@test("TCP: a route that has one of two listeners is accepted, in part")
def _():
    mesh, report = imported(
        *at(listener("TCP", 1), listener("TCP", 2)),
        route("good/x", {"name": "gw", "namespace": "infra", "port": 1}, "good/good", (),
              OLD, "TCPRoute"),
        route("evil/x", "infra/gw", "evil/evil", (), YOUNG, "TCPRoute"))
    equal(tcp(mesh), {f"{SHARED}:1": {"10.2.0.20": 1}, f"{SHARED}:2": {"10.2.0.66": 1}})
    equal([judged(report, "evil/x", condition, "TCPRoute")
           for condition in ("Accepted", "PartiallyInvalid")], [None, "Conflicted"])
    # Nor is it accepted in part where it has nothing, whatever else is wrong.
    young = route("evil/x", "infra/gw", "evil/evil", (), YOUNG, "TCPRoute")
    young["spec"]["rules"] *= 2
    _, report = imported(*at(listener("TCP", 1)), young,
                         route("good/x", "infra/gw", "good/good", (), OLD, "TCPRoute"))
    equal([judged(report, "evil/x", condition, "TCPRoute")
           for condition in ("Accepted", "PartiallyInvalid")], ["Conflicted", None])
    # One that is its parent twice has it once.
    twice = route("good/x", "infra/gw", "good/good", kind="TCPRoute")
    twice["spec"]["parentRefs"] *= 2
    _, report = imported(*at(listener("TCP", 1)), twice)
    equal([reason(parent["conditions"], "Accepted")
           for parent in report["TCPRoute good/x"]["parents"]], [None, None])


@test("a listener takes the routes of its protocol, if it allows them")
def _():
    kinds = {"HTTP": "HTTPRoute", "TLS": "TLSRoute", "TCP": "TCPRoute"}
    for protocol, goes in kinds.items():
        for kind in kinds.values():
            for allowed in ([], [{"kind": goes}], [{"kind": k} for k in kinds.values()],
                            [{"kind": k} for k in kinds.values() if k != goes],
                            [{"kind": goes, "group": "example.org"}]):
                own = listener(protocol, allowedRoutes={**FROM_ALL, "kinds": allowed})
                mesh, report = imported(*at(own), route("evil/x", "infra/gw", "evil/evil",
                                                        kind=kind))
                takes = kind == goes and (not allowed or {"kind": goes} in allowed)
                equal((protocol, kind, allowed, accepted(report, "evil/x", kind)),
                      (protocol, kind, allowed,
                       None if takes else "NotAllowedByListeners"))
                equal(any(c["name"] == "evil/evil:80" for c in mesh["clusters"]), True)
    for kind in kinds.values():
        _, report = imported(
            *at(*(listener(p, 443 + i, allowedRoutes={})
                  for i, p in enumerate(kinds))),
            route("evil/x", "infra/gw", "evil/evil", kind=kind),
            route("infra/x", "infra/gw", "infra/none", kind=kind))
        equal([accepted(report, name, kind) for name in ("evil/x", "infra/x")],
              ["NotAllowedByListeners", None])


@test("parents are a Gateway's listeners of a name and port, also of TLS and TCP")
def _():
    for ref, ports in (({}, {1, 2}), ({"port": 2}, {2}), ({"sectionName": "tcp1"}, {1}),
                       ({"sectionName": "tcp1", "port": 1}, {1}),
                       ({"sectionName": "tcp1", "port": 2}, set()),
                       ({"sectionName": "tls3"}, set()), ({"port": 3}, set())):
        mesh, report = imported(
            *at(listener("TCP", 1), listener("TCP", 2), listener("TLS", 3)),
            route("evil/x", {"name": "gw", "namespace": "infra", **ref}, "evil/evil",
                  kind="TCPRoute"))
        equal((ref, {int(at.rsplit(":", 1)[1]) for at, to in tcp(mesh).items() if to}),
              (ref, ports))
        equal((ref, accepted(report, "evil/x", "TCPRoute") is None), (ref, bool(ports)))


@test("listeners of a port have one protocol: with several none of them is there")
def _():
    for other in (listener("HTTP"), listener("TCP"), listener("HTTP", hostname="a.b")):
        mesh, report = imported(
            *at(listener("TLS"), other, listener("TCP", 5432)),
            route("evil/x", "infra/gw", "evil/evil", kind="TLSRoute"))
        equal({ln["port"] for ln in mesh["listeners"]}, {5432})
        equal([reason(ln["conditions"], "Conflicted")
               for ln in report["Gateway infra/gw"]["listeners"]],
              ["ProtocolConflict", "ProtocolConflict", None])
        equal(accepted(report, "evil/x", "TLSRoute"), "NotAllowedByListeners")
    _, report = imported(*at(listener("TCP"), listener("TCP", name="b")))
    equal([reason(ln["conditions"], "Conflicted")
           for ln in report["Gateway infra/gw"]["listeners"]], ["HostnameConflict"] * 2)


@test("what a listener of a protocol cannot have is an error with its place")
def _():
    for wrong, field, why in (
            (listener("TLS", tls={"mode": "Terminate"}), "tls", "is not there yet"),
            (listener("TLS", tls={"certificateRefs": [{"name": "x"}]}), "tls",
             "is not there yet"),
            ({"name": "a", "port": 443, "protocol": "TLS"}, "protocol", "is not there yet"),
            (listener("TLS", tls={"mode": "Odd"}), "tls.mode", "is not one of"),
            (listener("TCP", tls=PASS), "tls", "not allowed with protocol TCP"),
            (listener("HTTP", tls=PASS), "tls", "not allowed with protocol HTTP"),
            (listener("TCP", hostname="a.b"), "hostname", "not allowed with protocol TCP"),
            ({"name": "a", "port": 1}, "protocol", "missing"),
            (listener("UDP"), "protocol", "is not one of HTTP, TLS, TCP")):
        mesh, report = imported(*at(wrong, listener("TCP", 5432)))
        equal({ln["port"] for ln in mesh["listeners"]}, {5432})
        condition = report["Gateway infra/gw"]["listeners"][0]["conditions"][0]
        equal((wrong, condition["status"], condition["reason"]),
              (wrong, "False", "UnsupportedValue"))
        messages = condition["message"].split("; items")
        true(len(messages) == 1 and f"listeners[0].{field}: " in messages[0] and
             why in messages[0], f"{wrong}: {messages}")
        status, mesh, _ = run_import(*at(wrong), options=["--strict"])
        equal((status, mesh), (1, {}))


def backends(*refs):
    """Each: its name, weight, and endpoints."""
    return [item for name, _, addresses in refs
            for item in (service(f"good/{name}"), slice_of(f"good/{name}", *addresses))], [
                {"name": name, "port": 80, "weight": weight} for name, weight, _ in refs]


def by_backends(kind, *refs):
    own, listed = backends(*refs)
    mesh, _ = imported(*at(listener("TCP" if kind == "TCPRoute" else "TLS"), more=own),
                       route("good/x", "infra/gw", "good/good", kind=kind,
                             backendRefs=listed))
    return mesh


@test("TCP: endpoints of several backends have their parts of the weights, exactly")
def _():
    random = Random(7)
    for _ in range(40):
        refs = [(f"s{i}", random.choice((0, 1, 3, 10, 77, 100)),
                 [f"10.3.{i}.{k}" for k in range(random.choice((1, 2, 3, 5, 7, 12)))])
                for i in range(random.choice((2, 3, 4)))]
        refs.append(("last", 1, ["10.3.9.1"]))
        got, = tcp(by_backends("TCPRoute", *refs)).values()
        all_of = sum(weight for _, weight, _ in refs)
        for _, weight, addresses in refs:
            for address in addresses:
                equal((refs, got.get(address, 0) * all_of * len(addresses)),
                      (refs, weight * sum(got.values())))
    # A backend that is named twice has both weights.
    got, = tcp(by_backends("TCPRoute", ("a", 5, ["10.3.0.1"]), ("b", 3, ["10.3.0.2"]),
                           ("a", 1, ["10.3.0.1"]))).values()
    equal(got, {"10.3.0.1": 2, "10.3.0.2": 1})
    # One of two backends has what each gives it; a backend without any gives nothing.
    got, = tcp(by_backends("TCPRoute", ("a", 3, ["10.3.0.1", "10.3.0.2"]),
                           ("b", 1, ["10.3.0.2"]), ("c", 9, []))).values()
    equal(got, {"10.3.0.1": 3, "10.3.0.2": 5})
    # What no weights can be exactly they are as closely as they can.
    got, = tcp(by_backends("TCPRoute", ("a", 1000000, ["10.3.0.1"]),
                           ("b", 1, [f"10.3.1.{i}" for i in range(7)]),
                           ("c", 999999, ["10.3.2.1", "10.3.2.2"]))).values()
    equal(got, {"10.3.0.1": 1000000, **{f"10.3.1.{i}": 1 for i in range(7)},
                "10.3.2.1": 500000, "10.3.2.2": 500000})


@test("one backend that has all connections is the cluster of its Service")
def _():
    for refs in ([("a", 5, ["10.3.0.1"])], [("a", 5, ["10.3.0.1"]), ("b", 0, ["10.3.0.2"])],
                 [("a", 5, ["10.3.0.1"]), ("a", 6, ["10.3.0.1"])]):
        mesh = by_backends("TCPRoute", *refs)
        equal([ln["cluster"] for ln in mesh["listeners"]], ["good/a:80"])
    mesh = by_backends("TLSRoute", ("a", 5, ["10.3.0.1"]))
    equal(hosts(mesh, "infra/gw:443"), {"*": ["good/a:80"]})


def shares(mesh):
    """By listeners: of each cluster with endpoints, and of those without."""
    empty = {c["name"] for c in mesh["clusters"] if not c.get("endpoints")}
    result = {}
    for ln in mesh["listeners"]:
        action = {"cluster": ln.get("cluster")}
        for table in mesh["route_tables"]:
            if table["name"] == ln.get("route_table"):
                action = table["virtual_hosts"][0]["routes"][0]["action"]
        for part in action.get("weighted_clusters") or [
                {"name": action["cluster"], "weight": 1}]:
            key = ln["protocol"], part["name"] not in empty
            result[key] = result.get(key, 0) + part["weight"]
    return result


@test("the share of a backend that cannot be resolved is refused; by TCP, all are")
def _():
    good = {"name": "evil", "port": 80, "weight": 3}
    udp = service("evil/udp", "10.97.0.7",
                  ports=[{"name": "h", "port": 80, "protocol": "UDP"}])
    for bad, why in (({"name": "none"}, "BackendNotFound"),
                     ({"name": "evil", "port": 81}, "BackendNotFound"),
                     ({"name": "udp"}, "BackendNotFound"),
                     ({"name": "good", "namespace": "good"}, "RefNotPermitted"),
                     ({"kind": "Bucket", "name": "x"}, "InvalidKind")):
        bad = {"port": 80, "weight": 2, **bad}
        for refs, tls in (([good, bad], {True: 3, False: 2}), ([bad], {False: 1}),
                          ([good, {**bad, "weight": 0}], {True: 1}),
                          ([good, bad, {**bad, "weight": 1000000}],
                           {True: 3, False: 1000002}),
                          ([{**good, "weight": 0}, {**bad, "weight": 0}], {False: 1})):
            mesh, report = imported(
                *at(listener("TLS"), listener("TCP", 5432), more=[udp]),
                *(route("evil/x", "infra/gw", "evil/evil", kind=kind, backendRefs=refs)
                  for kind in ("TLSRoute", "TCPRoute")))
            all_of_tcp = {False: 1} if False in tls else {True: 1}
            equal((refs, shares(mesh)),
                  (refs, {**{("tls", g): n for g, n in tls.items()},
                          **{("tcp", g): n for g, n in all_of_tcp.items()}}))
            for kind in "TLSRoute", "TCPRoute":
                equal([accepted(report, "evil/x", kind), resolved(report, "evil/x", kind)],
                      [None, why])
    mesh, _ = imported(*at(listener("TLS"), listener("TCP", 5432)),
                       *(route("evil/x", "infra/gw", "evil/evil", kind=kind, backendRefs=[])
                         for kind in ("TLSRoute", "TCPRoute")))
    equal(shares(mesh), {("tls", False): 1, ("tcp", False): 1})


@test("a grant is for routes of a kind")
def _():
    kinds = "HTTPRoute", "TLSRoute", "TCPRoute"
    for given in kinds:
        for kind in kinds:
            _, report = imported(
                *at(listener("HTTP", 80), listener("TLS"), listener("TCP", 5432)),
                grant("good/g", "evil", kind=given),
                route("evil/x", "infra/gw", "good/good", kind=kind))
            equal((given, kind, resolved(report, "evil/x", kind)),
                  (given, kind, None if given == kind else "RefNotPermitted"))


@test("what a Service's port speaks is of no matter to TLS and TCP")
def _():
    speaks = service("evil/odd", "10.97.0.7",
                     ports=[{"name": "u", "port": 80, "protocol": "UDP"},
                            {"name": "h", "port": 80, "appProtocol": "kubernetes.io/h2c"}])
    mesh, report = imported(
        *at(listener("HTTP", 80), listener("TLS"), listener("TCP", 5432),
            more=[speaks, slice_of("evil/odd", "10.2.0.9")]),
        *(route("evil/x", "infra/gw", "evil/odd", kind=kind)
          for kind in ("HTTPRoute", "TLSRoute", "TCPRoute")))
    equal([resolved(report, "evil/x", kind)
           for kind in ("HTTPRoute", "TLSRoute", "TCPRoute")],
          ["UnsupportedProtocol", None, None])
    equal(tcp(mesh), {f"{SHARED}:5432": {"10.2.0.9": 1}})


@test("TLS and TCP: the first rule has all connections, which is said of others")
def _():
    first, second = ({"backendRefs": [{"name": name, "port": 80}]}
                     for name in ("evil", "other"))
    wrong = {"backendRefs": [{"name": "evil", "port": 80}], "matches": []}
    for kind in "TLSRoute", "TCPRoute":
        for rules, whole, part, sent in (
                ([first, second], None, "UnsupportedValue", True),
                ([first, wrong], None, "UnsupportedValue", True),
                ([wrong], "UnsupportedValue", None, False),
                ([wrong, first], "UnsupportedValue", None, False),
                ([], None, None, False)):
            made = route("evil/x", "infra/gw", "evil/evil", kind=kind)
            made["spec"]["rules"] = rules
            mesh, report = imported(*at(listener("TLS"), more=[service("evil/other")]),
                                    made)
            if kind == "TCPRoute":
                mesh, report = imported(*at(listener("TCP")), made)
            equal((kind, rules, [judged(report, "evil/x", condition, kind)
                                 for condition in ("Accepted", "PartiallyInvalid")]),
                  (kind, rules, [whole, part]))
            equal((kind, rules, shares(mesh)), (kind, rules, {(kind[:3].lower(), sent): 1}))


@test("a key that a kind does not have is an error with its place")
def _():
    for kind, wrong, field in (("TCPRoute", {"hostnames": ["a.b"]}, '"hostnames"'),
                               ("TLSRoute", {"hostnames": ["1.2.3.4"]}, "hostnames[0]"),
                               ("TLSRoute", {"odd": 1}, '"odd"'),
                               ("TCPRoute", {"rules": [{"filters": []}]}, "rules[0]"),
                               ("TLSRoute", {"rules": [{"timeouts": {}}]}, "rules[0]"),
                               ("TLSRoute", {"rules": [{"backendRefs": [
                                   {"name": "a", "filters": []}]}]}, "backendRefs[0]")):
        made = route("evil/x", "infra/gw", "evil/evil", kind=kind)
        made["spec"].update(wrong)
        _, report = imported(*at(listener("TLS"), listener("TCP", 5432)), made)
        condition = report[f"{kind} evil/x"]["parents"][0]["conditions"][0]
        equal((wrong, condition["reason"]), (wrong, "UnsupportedValue"))
        true("items[5].spec" in condition["message"] and field in condition["message"],
             f"{wrong}: {condition}")
    for kind in "GRPCRoute", "UDPRoute":
        _, report = imported(*at(), manifest(kind, "evil/x", {}))
        equal(report[f"{kind} evil/x"]["problems"],
              [f"items[5].kind: a {kind} cannot be carried over"])


@test("a Service's port has routes of one kind: HTTPRoutes, else TLSRoutes")
def _():
    parent = {"group": "", "kind": "Service", "name": "evil"}
    kinds = "HTTPRoute", "TLSRoute", "TCPRoute"
    for first in range(3):
        mesh, report = imported(*MINE[:2], *(
            route("evil/x", parent, "evil/evil", ["x.y"] if kind != "TCPRoute" else (),
                  kind=kind) for kind in kinds[first:][::-1]))
        equal([(ln["address"], ln["port"], ln["protocol"]) for ln in mesh["listeners"]],
              [(EVIL, 80, kinds[first][:-5].lower())])
        equal([accepted(report, "evil/x", kind) for kind in kinds[first:]],
              [None, *["Conflicted"] * (2 - first)])
        if first < 2:
            equal(hosts(mesh, "evil/evil:80"), {"*": ["evil/evil:80"]})
        else:
            equal(tcp(mesh), {f"{EVIL}:80": {"10.2.0.66": 1}})


# ---- policies ----

ISTIO = "security.istio.io/v1"


def istio(name, kind="AuthorizationPolicy", version=ISTIO, dry_run=None, **spec):
    made = manifest(kind, name, spec, version=version)
    if dry_run is not None:
        made["metadata"]["annotations"] = {"istio.io/dry-run": dry_run, "other": "x"}
    return made


def policies(*manifests, options=()):
    """By name, and what is reported of each manifest."""
    status, mesh, report = run_import(*manifests, options=options)
    equal((status, report == "" or isinstance(report, dict)), (0, True))
    report = report or {}
    return ({p.pop("name"): p for p in mesh.get("authorization", [])},
            {name: entry["problems"] for name, entry in report.items()
             if "remarks" not in entry})


def problems_of(*manifests):
    """Of the only one that has any."""
    _, report = policies(*manifests)
    true(len(report) == 1, report)
    return next(iter(report.values()))


def allow(*rules, **more):
    return {"namespace": "shop", "action": "allow", "rules": [*rules], **more}


@test("an AuthorizationPolicy is one of the mesh, of which nothing is lost")
def _():
    source = {"principals": ["a/*", "*/b", "*"], "notPrincipals": ["c"],
              "namespaces": ["d", "e*"], "notNamespaces": ["f"],
              "ipBlocks": ["10.0.0.0/8", "fd00::1"], "notIpBlocks": ["10.0.0.1"],
              "remoteIpBlocks": ["10.0.0.2"], "notRemoteIpBlocks": ["10.0.0.3"]}
    operation = {"hosts": ["a.b", "*.c"], "notHosts": ["d.c"], "ports": ["80", "0"],
                 "notPorts": ["81"], "methods": ["GET"], "notMethods": ["PUT"],
                 "paths": ["/a*", "*/b", "/x/{*}/{**}"], "notPaths": ["/c"]}
    when = [{"key": "request.headers[x-y]", "values": ["a", "b*"], "notValues": ["c"]},
            {"key": "source.ip", "notValues": ["10.0.0.9"]},
            {"key": "destination.port", "values": ["443"]}]
    for version in ISTIO, ISTIO + "beta1":
        made, report = policies(istio(
            "shop/all", version=version, action="ALLOW",
            selector={"matchLabels": {"app": "cart", "k.io/tier": "back"}},
            rules=[{"from": [{"source": source}, {"source": {"principals": ["z"]}}],
                    "to": [{"operation": operation}], "when": when}, {}]))
        equal(report, {})
        equal(made, {"shop/all": allow({
            "from": [{"principals": ["a/*", "*/b", "*"], "not_principals": ["c"],
                      "namespaces": ["d", "e*"], "not_namespaces": ["f"],
                      "ip_blocks": ["10.0.0.0/8", "fd00::1"],
                      "not_ip_blocks": ["10.0.0.1"], "remote_ip_blocks": ["10.0.0.2"],
                      "not_remote_ip_blocks": ["10.0.0.3"]}, {"principals": ["z"]}],
            "to": [{"hosts": ["a.b", "*.c"], "not_hosts": ["d.c"], "ports": ["80", "0"],
                    "not_ports": ["81"], "methods": ["GET"], "not_methods": ["PUT"],
                    "paths": ["/a*", "*/b", "/x/{*}/{**}"], "not_paths": ["/c"]}],
            "when": [{"key": "request.headers[x-y]", "values": ["a", "b*"],
                      "not_values": ["c"]},
                     {"key": "source.ip", "not_values": ["10.0.0.9"]},
                     {"key": "destination.port", "values": ["443"]}]}, {},
            selector="app=cart,k.io/tier=back")})


@test("what a policy does, for whom, and whether it only counts")
def _():
    for spec, got in (
            ({}, allow()), ({"rules": []}, allow()), ({"rules": [{}]}, allow({})),
            ({"action": "DENY"}, allow(action="deny")),
            ({"action": "AUDIT", "rules": [{}]}, allow({}, action="audit")),
            ({"selector": {}}, allow()), ({"selector": {"matchLabels": {}}}, allow()),
            ({"selector": {"matchLabels": {"a": ""}}}, allow(selector="a="))):
        equal((spec, policies(istio("shop/a", **spec))),
              (spec, ({"shop/a": got}, {})))
    # Those of the root namespace are for all.
    for options, root in (((), "istio-system"), (("--root-namespace", "top"), "top")):
        made, _ = policies(istio("istio-system/a"), istio("top/a"), istio("shop/a"),
                           options=options)
        equal({name: p.get("namespace") for name, p in made.items()},
              {name + "/a": None if name == root else name
               for name in ("istio-system", "top", "shop")})
    for text in "true", "1", "T", "True":
        equal(policies(istio("shop/a", dry_run=text))[0]["shop/a"]["audit"], True)
    for text in "false", "0", "f":
        equal(policies(istio("shop/a", dry_run=text)), ({"shop/a": allow()}, {}))
    made, report = policies(istio("shop/a", dry_run="yes"))
    equal((made, [*report]), ({"shop/a": allow()}, ["AuthorizationPolicy shop/a"]))


@test("service accounts are ends of identities, whatever the trust domain")
def _():
    made, _ = policies(istio("shop/a", rules=[{"from": [
        {"source": {"serviceAccounts": ["cart", "ops/x"]}},
        {"source": {"notServiceAccounts": ["y"]}}]}]))
    equal(made["shop/a"]["rules"], [{"from": [
        {"principals": ["*/ns/shop/sa/cart", "*/ns/ops/sa/x"]},
        {"not_principals": ["*/ns/shop/sa/y"]}]}])
    for wrong in (["*"], ["ops/*"], ["a/b/c"], ["/a"], ["a/"], [""]):
        said = problems_of(istio("shop/a", rules=[{"from": [
            {"source": {"serviceAccounts": wrong}}]}]))
        true("ACCOUNT or NAMESPACE/ACCOUNT" in said[0], said)
    for other in "principals", "notPrincipals", "namespaces", "notNamespaces":
        said = problems_of(istio("shop/a", rules=[{"from": [
            {"source": {"serviceAccounts": ["a"], other: ["b"]}}]}]))
        true(f"not allowed with {other}" in said[0], said)


WRONG_RULES = (
    ({"from": [{"source": {"requestPrincipals": ["*"]}}]}, "is not there yet"),
    ({"from": [{"source": {"notRequestPrincipals": ["*"]}}]}, "is not there yet"),
    ({"when": [{"key": "request.auth.claims[x]", "values": ["a"]}]}, "is not there yet"),
    ({"when": [{"key": "experimental.envoy.filters.x", "values": ["a"]}]},
     "is not there yet"),
    ({"when": [{"key": "odd", "values": ["a"]}]}, "is not one of request.headers"),
    ({"when": [{"key": "source.ip", "values": ["a"]}]}, "of source.ip"),
    ({"when": [{"key": "source.ip"}]}, "values or notValues is needed"),
    ({"from": []}, "the list is empty"), ({"to": []}, "the list is empty"),
    ({"from": [{}]}, "source: missing"), ({"from": [{"source": {}}]}, "nothing is given"),
    ({"to": [{"operation": {}}]}, "nothing is given"),
    ({"to": [{"operation": {"paths": []}}]}, "the list is empty"),
    ({"to": [{"operation": {"ports": ["http"]}}]}, "is not a port"),
    ({"to": [{"operation": {"odd": ["x"]}}]}, '"odd" is not one of'),
    ({"from": [{"source": {"principals": ["spiffe://x/y"]}}]}, "without spiffe://"))


@test("a rule that cannot be is an error, and matches nothing; everything, if it denies")
def _():
    for rule, why in WRONG_RULES:
        for action, rules in (("ALLOW", [{"to": [{"ports": ["80"]}]}]),
                              ("AUDIT", [{"to": [{"ports": ["80"]}]}]),
                              ("DENY", [{}, {"to": [{"ports": ["80"]}]}])):
            good = istio("good/a", rules=[{}])
            wrong = istio("shop/a", action=action, rules=[
                rule, {"to": [{"operation": {"ports": ["80"]}}]}],
                          selector={"matchLabels": {"a": "b"}})
            made, report = policies(good, wrong)
            equal((rule, action, made), (rule, action, {
                "good/a": allow({}, namespace="good"),
                "shop/a": allow(*rules, action=action.lower(), selector="a=b")}))
            equal([*report], ["AuthorizationPolicy shop/a"])
            said, = report["AuthorizationPolicy shop/a"]
            true("items[1].spec.rules[0]" in said and why in said, (rule, said))
            status, mesh, _ = run_import(good, wrong, options=["--strict"])
            equal((status, mesh), (1, {}))


@test("a policy of which it is not known for whom it is, is for its whole namespace")
def _():
    rule = {"to": [{"operation": {"ports": ["80"]}}]}
    own = {"to": [{"ports": ["80"]}]}
    long = {"matchLabels": {f"label{i}": "x" * 30 for i in range(9)}}
    for unsure, why, known in (
            ({"targetRefs": [{"kind": "Gateway", "name": "x"}]}, "by selector", True),
            ({"targetRef": {"kind": "Service", "name": "x"}}, "by selector", True),
            ({"selector": long}, "255 characters", True),
            ({"selector": {"matchLabels": {"a": "*"}}}, "KEY=VALUE", True),
            ({"selector": {"matchLabels": {"a": "b,a=c"}}}, "KEY=VALUE", True),
            ({"selector": {"matchExpressions": []}}, '"matchExpressions"', False),
            ({"odd": 1}, '"odd"', False)):
        for action, rules in (("ALLOW", []), (None, []), ("AUDIT", []),
                              ("DENY", [own] if known else [{}])):
            made, report = policies(istio(
                "shop/a", rules=[rule], **({"action": action} if action else {}),
                **{"selector": {"matchLabels": {"a": "b"}}, **unsure}))
            equal((unsure, action, {k: v for k, v in made["shop/a"].items()
                                    if k != "selector" or known}),
                  (unsure, action, allow(*rules, action=(action or "ALLOW").lower())))
            true(why in report["AuthorizationPolicy shop/a"][0], report)
    # What is for a Gateway of the root namespace is not for all.
    for spec, namespace in (({"targetRefs": [{"kind": "Gateway"}]}, "istio-system"),
                            ({"selector": long}, None)):
        made, _ = policies(istio("istio-system/a", **spec))
        equal(made["istio-system/a"].get("namespace"), namespace)


@test("what a policy is to do, and cannot, is denied")
def _():
    own = [{"to": [{"ports": ["80"]}]}]
    for action, rules in (("CUSTOM", own), ("ODD", [{}]), ("allow", [{}])):
        made, report = policies(istio(
            "shop/a", action=action, provider={"name": "x"},
            selector={"matchLabels": {"a": "b"}},
            rules=[{"to": [{"operation": {"ports": ["80"]}}]}]))
        equal((action, made), (action, {"shop/a": allow(*rules, action="deny",
                                                        selector="a=b")}))
        true("spec.action" in report["AuthorizationPolicy shop/a"][0], report)
    for wrong in (5, [], "x"):
        made, report = policies({**istio("shop/a"), "spec": wrong})
        equal((made, len(report)), ({"shop/a": allow({}, action="deny")}, 1))
    made, report = policies(istio("shop/a", action="DENY", rules=5))
    equal((made, len(report)), ({"shop/a": allow({}, action="deny")}, 1))
    # More than the kernel takes.
    for spec in ({"rules": [{}] * 513}, {"rules": [{"to": [{"operation": {
            "paths": [f"/{i}" + "x" * 4000 for i in range(20)]}}]}]}):
        for action, rules in (("ALLOW", []), ("DENY", [{}])):
            made, report = policies(istio("shop/a", action=action, **spec))
            equal(made, {"shop/a": allow(*rules, action=action.lower())})
            equal(len(report), 1)
    equal(len(policies(istio("shop/a", rules=[{}] * 512))[0]["shop/a"]["rules"]), 512)


@test("without a policy whose name is not known nothing is printed")
def _():
    nameless, odd, good = istio("shop/x"), istio("shop/x"), istio("shop/a")
    del nameless["metadata"]["name"]
    odd["metadata"]["namespace"] = "a/b"
    for wrong in ([nameless], [odd], [good]):
        status, mesh, _ = run_import(good, *wrong)
        equal((status, mesh), (1, {}))
    equal(run_import(good, istio("evil/a"))[0], 0)


@test("a PeerAuthentication makes nothing, and is an error where it asks for certificates")
def _():
    def peer(**spec):
        return istio("shop/a", "PeerAuthentication", **spec)
    for spec in ({}, {"mtls": {}}, *({"mtls": {"mode": mode}} for mode in
                                     ("UNSET", "DISABLE", "PERMISSIVE")),
                 {"selector": {"matchLabels": {"a": "b"}}}):
        equal((spec, policies(peer(**spec))), (spec, ({}, {})))
    for spec, why in (({"mtls": {"mode": "STRICT"}}, 'mtls.mode: "STRICT" is not there yet'),
                      ({"portLevelMtls": {"80": {"mode": "DISABLE"}}},
                       '"portLevelMtls" is not there yet'),
                      ({"mtls": {"mode": "ODD"}}, "is not one of")):
        said = problems_of(peer(**spec))
        true(why in said[0], said)


@test("of other kinds and versions of Istio's security it is said, and not of others'")
def _():
    for kind, version, known in (("RequestAuthentication", ISTIO, False),
                                 ("AuthorizationPolicy", "security.istio.io/v2", False),
                                 ("AuthorizationPolicy", "policy.linkerd.io/v1alpha1", None),
                                 ("VirtualService", "networking.istio.io/v1", None)):
        made, report = policies(istio("shop/a", kind, version, odd=1))
        equal((kind, made, [*report]), (kind, {}, [] if known is None else [
            kind + " shop/a"]))


# ---- workloads ----

def pod(name, *ips, labels=None, born=None, phase="Running", ports=(), **spec):
    return manifest("Pod", name, {
        "serviceAccountName": "front", "nodeName": "node1",
        "containers": [{"name": "c", "image": "x", "ports": [*ports]}], **spec},
                    born, "v1", labels, status={
                        "phase": phase, "podIPs": [{"ip": a} for a in ips],
                        **({"podIP": ips[0]} if ips else {})})


def entry(name, address, born=None, labels=None, own=None, **spec):
    return manifest("WorkloadEntry", name, {
        **({"address": address} if address else {}), "labels": labels or {}, **spec},
                    born, "networking.istio.io/v1", own)


def workloads(*manifests, options=()):
    status, mesh, report = run_import(*manifests, options=options)
    equal((status, report == "" or isinstance(report, dict)), (0, True))
    return {w.pop("name"): w for w in mesh.get("workloads", [])}, report or {}


@test("a Pod is a workload, by its status and its specification")
def _():
    made, report = workloads(
        pod("shop/front-1", "10.2.0.10", "FD00:0::10", labels={"app": "front", "t": ""}),
        pod("shop/pending", phase="Pending"), pod("ops/x", "10.2.0.11", nodeName="node2"),
        pod("shop/ended", "10.2.0.11", phase="Succeeded"),
        pod("shop/failed", "10.2.0.10", phase="Failed"))
    equal((made, report), ({
        "shop/front-1": {"namespace": "shop", "service_account": "front",
                         "addresses": ["10.2.0.10", "fd00::10"], "labels": "app=front,t=",
                         "node": "node1"},
        "shop/pending": {"namespace": "shop", "service_account": "front", "node": "node1"},
        "ops/x": {"namespace": "ops", "service_account": "front",
                  "addresses": ["10.2.0.11"], "node": "node2"}}, {}))
    # What a cluster always gives may be left out of a file.
    plain = pod("shop/a")
    plain["spec"], plain["status"] = {"containers": []}, {"podIP": "10.2.0.12"}
    equal(workloads(plain)[0], {"shop/a": {
        "namespace": "shop", "service_account": "default", "addresses": ["10.2.0.12"]}})


@test("a Pod of its node's network is none, which is told and no error")
def _():
    host = pod("kube-system/proxy", "10.2.0.1", hostNetwork=True)
    for options in (), ("--strict",):
        made, report = workloads(host, pod("shop/a", "10.2.0.2"), options=options)
        equal([*made], ["shop/a"])
        equal([(name, [*r]) for name, r in report.items()],
              [("Pod kube-system/proxy", ["file", "line", "column", "kind", "namespace",
                                          "name", "remarks"])])


@test("a WorkloadEntry is one, by its own labels before those of its specification")
def _():
    made, report = workloads(entry(
        "shop/vm", "10.3.0.1", serviceAccount="vm", labels={"app": "x", "a": "b"},
        own={"app": "vm"}, ports={"http": 80}, weight=1, network="n", locality="a/b"),
        entry("shop/plain", "fd00::1"), entry("shop/none", None))
    equal((made, report), ({
        "shop/vm": {"namespace": "shop", "service_account": "vm",
                    "addresses": ["10.3.0.1"], "labels": "app=vm,a=b"},
        "shop/plain": {"namespace": "shop", "addresses": ["fd00::1"]},
        "shop/none": {"namespace": "shop"}}, {}))
    for version in "v1beta1", "v1alpha3":
        vm = entry("shop/vm", "10.3.0.1")
        vm["apiVersion"] = "networking.istio.io/" + version
        equal([*workloads(vm)[0]], ["shop/vm"])


def exposes(name, *ports_, born=None, selector=None, **spec):
    """A Service of Pods with label app=a."""
    return service(name, born=born, selector=selector or {"app": "a"}, ports=[*ports_], **spec)


def http_ports(*manifests, options=()):
    """By workload: which ports are HTTP; what is remarked, and what is wrong."""
    made, report = workloads(*manifests, options=options)
    for w in made.values():
        true(all(p["protocol"] == "http" for p in w.get("ports", [])), w)
    return ({name: [p["port"] for p in w["ports"]] for name, w in made.items() if "ports" in w},
            [(name, text) for name, r in report.items() for text in r.get("remarks", [])],
            [(name, text) for name, r in report.items() for text in r.get("problems", [])])


A_POD = pod("shop/a", "10.2.0.1", labels={"app": "a"}, ports=[
    {"name": "web", "containerPort": 8081}, {"name": "dns", "containerPort": 53,
                                             "protocol": "UDP"}])


@test("a port of Pods is HTTP if a Service that selects them says so, as Istio reads it")
def _():
    later, nothing = "is not there yet", None
    for port, made, told in (
            ({"name": "http"}, 80, nothing), ({"name": "http-web"}, 80, nothing),
            ({"name": "HTTP-Web"}, 80, nothing), ({"appProtocol": "http"}, 80, nothing),
            ({"appProtocol": "HTTP"}, 80, nothing),
            ({"appProtocol": "kubernetes.io/ws"}, 80, nothing),
            ({"name": "tcp-x", "appProtocol": "http"}, 80, nothing),
            ({"name": "http", "protocol": "TCP", "targetPort": 8080}, 8080, nothing),
            ({"name": "http", "targetPort": "web"}, 8081, nothing),
            # What has no such port is not reached by it, and UDP is no HTTP.
            ({"name": "http", "targetPort": "none"}, nothing, nothing),
            ({"name": "http", "targetPort": "dns"}, nothing, nothing),
            ({"name": "http", "protocol": "UDP"}, nothing, nothing),
            # Nothing is guessed.
            ({}, nothing, nothing), ({"name": "web"}, nothing, nothing),
            ({"name": "httpd"}, nothing, nothing), ({"name": "web-http"}, nothing, nothing),
            ({"name": "kubernetes.io/ws"}, nothing, nothing),
            ({"name": "http", "appProtocol": "tcp"}, nothing, nothing),
            ({"name": "http", "appProtocol": "example.com/own"}, nothing, nothing),
            ({"name": "https"}, nothing, nothing), ({"name": "tls-x"}, nothing, nothing),
            ({"name": "redis"}, nothing, nothing),
            ({"appProtocol": "kubernetes.io/wss"}, nothing, nothing),
            # What speaks more than the engine does is told.
            ({"name": "http2"}, nothing, later), ({"name": "grpc-x"}, nothing, later),
            ({"name": "grpc-web"}, nothing, later),
            ({"name": "http", "appProtocol": "kubernetes.io/h2c"}, nothing, later)):
        for options in (), ("--strict",):
            ports_, remarks, problems = http_ports(
                A_POD, pod("shop/b", "10.2.0.2", labels={"app": "b"}),
                pod("ops/a", "10.2.0.3", labels={"app": "a"}),
                exposes("shop/s", {"port": 80, **port}), options=options)
            equal((port, ports_, problems),
                  (port, {"shop/a": [made]} if made else {}, []))
            equal((port, [(name, told in text) for name, text in remarks] if told else remarks),
                  (port, [("Service shop/s", True)] if told else []))


@test("which Pods a Service selects: by all labels, in its namespace, if it has a selector")
def _():
    port = {"name": "http", "port": 80}
    pods = [pod(f"shop/{name}", f"10.2.0.{i}", labels=labels) for i, (name, labels) in
            enumerate((("a", {"app": "a"}), ("b", {"app": "a", "v": "1"}), ("c", {"v": "1"})), 1)]
    for selector, spec, made in (
            ({"app": "a"}, {}, ["shop/a", "shop/b"]), ({"app": "a", "v": "1"}, {}, ["shop/b"]),
            ({"app": "x"}, {}, []), ({"app": "a"}, {"type": "ExternalName"}, []),
            ({"app": "a"}, {"type": "NodePort"}, ["shop/a", "shop/b"])):
        equal((selector, http_ports(*pods, exposes("shop/s", port, selector=selector, **spec))),
              (selector, ({name: [80] for name in made}, [], [])))
    equal(http_ports(*pods, service("shop/s", ports=[port]))[0], {})
    # Those that are no workloads have none: of the node's network, or ended.
    equal(http_ports(pod("shop/a", "10.2.0.1", labels={"app": "a"}, phase="Failed"),
                     pod("shop/b", "10.2.0.2", labels={"app": "a"}, hostNetwork=True),
                     exposes("shop/s", port))[0], {})
    # One that is not there yet has the port when it is.
    equal(http_ports(pod("shop/a", labels={"app": "a"}), exposes("shop/s", port))[0],
          {"shop/a": [80]})


@test("of two Services that differ the older one is believed, which is told")
def _():
    def of(word, born, name):
        return exposes(name, {"name": word, "port": 1, "targetPort": 80}, born=born)
    for words, made, told in ((("http", "tcp"), [80], True), (("tcp", "http"), [], True),
                              (("http", "http-x"), [80], False), (("web", "http"), [80], False),
                              (("http2", "http"), [], True)):
        both = [A_POD, of(words[0], OLD, "shop/y"), of(words[1], YOUNG, "shop/x")]
        for manifests in both, both[::-1]:
            ports_, remarks, problems = http_ports(*manifests)
            equal((words, ports_, problems), (words, {"shop/a": made} if made else {}, []))
            equal((words, ("Service shop/x", True) in
                   [(name, "older" in text) for name, text in remarks]), (words, told))


@test("whatever a tenant's Services say, the mesh can be applied")
def _():
    good = [A_POD, exposes("shop/s", {"name": "http", "port": 80})]
    address = "fd00:1111:2222:3333:4444:5555:6666:7777"
    mine = pod("evil/" + 215 * "x", address, labels={"app": "a"})
    ports_, _, problems = http_ports(*good, mine, exposes(
        "evil/s", {"name": "http", "port": 80}))
    equal(ports_, {"shop/a": [80]})
    (name, why), = problems
    true(name == "Service evil/s" and "too long" in why, problems)
    for wrong in ({"targetPort": 0}, {"targetPort": 70000}, {"targetPort": "a b"},
                  {"targetPort": []}):
        ports_, _, problems = http_ports(*good, pod("evil/a", "10.2.0.9", labels={"app": "a"}),
                                         exposes("evil/s", {"name": "http", "port": 80, **wrong}))
        equal((wrong, ports_, [name for name, _ in problems]),
              (wrong, {"shop/a": [80]}, ["Service evil/s"]))
    many = [pod(f"evil/p{i}", f"10.3.{i}.1", labels={"app": "a"}) for i in range(201)]
    ports_, _, problems = http_ports(*good, *many, exposes("evil/s", *(
        {"name": f"http-{i}", "port": i} for i in range(1, 101)), born=YOUNG), options=())
    true(sum(len(p) for p in ports_.values()) == 20000 and
         any("20000" in why for _, why in problems), problems)
    # Each of many that selects each of many Pods.
    ports_, _, problems = http_ports(*good, *many[:200], *(
        exposes(f"evil/s{i}", {"name": "tcp", "port": 80, "targetPort": 1 + i % 3}, born=YOUNG)
        for i in range(1001)))
    equal((ports_, [name for name, why in problems if "200000" in why]),
          ({"shop/a": [80]}, ["Service evil/s999"]))
    # What is made of the longest name can be applied.
    status, mesh, report = run_import(pod("good/" + 194 * "x", address, labels={"app": "a"}),
                                      exposes("good/s", {"name": "http", "port": 65535}))
    equal((status, report, len(mesh["workloads"][0]["ports"])), (0, "", 1))
    done = subprocess.run([MESHCTL, "check", "-f", "-"], input=json.dumps(mesh),
                          capture_output=True, text=True, check=False)
    equal((done.returncode, done.stderr), (0, ""))


@test("an address is a Pod's before an entry's, and the older one's of two")
def _():
    for one, other, winner in (
            (pod("good/a", "10.2.0.1", born=YOUNG), entry("evil/b", "10.2.0.1", OLD),
             "good/a"),
            (entry("good/a", "10.2.0.1", OLD), entry("evil/b", "10.2.0.1", YOUNG), "good/a"),
            (entry("good/a", "FD00:0::1", YOUNG), entry("evil/b", "fd00::1", OLD), "evil/b"),
            (pod("good/a", "10.2.0.1", born=OLD), pod("evil/b", "10.2.0.1", born=YOUNG),
             "good/a")):
        for both in (one, other), (other, one):
            made, report = workloads(*both)
            equal([name for name, w in made.items() if "addresses" in w], [winner])
            loser, = report
            true(winner not in loser and
                 f"is the address of {'Pod' if one['kind'] == 'Pod' else 'WorkloadEntry'} "
                 + winner in report[loser]["problems"][0], report)
    # Nor is the name.
    made, report = workloads(entry("good/a", "10.2.0.2", OLD), pod("good/a", "10.2.0.1"))
    equal((made["good/a"]["addresses"], [*report]), (["10.2.0.1"], ["WorkloadEntry good/a"]))


@test("whatever a tenant's workloads are, others' are there")
def _():
    good = pod("good/a", "10.2.0.1")
    for wrong, count in (
            (entry("evil/a", "localhost"), 1), (entry("evil/a", "unix:///x"), 1),
            (entry("evil/a", "127.0.0.1"), 1), (entry("evil/a", "169.254.169.254"), 1),
            (entry("evil/a", "0.0.0.0"), 1), (entry("evil/a", "::ffff:10.2.0.1"), 1),
            (entry("evil/a", "10.9.0.1", labels={"a": "b,a=c"}), 1),
            (entry("evil/a", "10.9.0.1", labels={"a": "b=c"}), 1),
            (entry("evil/a", "10.9.0.1", labels={"a,b": "c"}), 1),
            (entry("evil/a", "10.9.0.1", labels={"a": "b c"}), 1),
            # An identity has its parts behind slashes.
            (entry("evil/a", "10.9.0.1", serviceAccount="x/ns/good/sa/y"), 1),
            (entry("evil/a", "10.9.0.1", serviceAccount=""), 1),
            (entry("evil/" + "x" * 253, "10.9.0.1"), 2),
            (pod("evil/a", "10.9.0.1", nodeName="a b"), 1),
            (pod("evil/a", "127.0.0.1"), 2)):
        made, report = workloads(good, wrong, istio(
            "evil/p", selector={"matchLabels": {"a": "x", "a,b": "y"}}))
        report.pop("AuthorizationPolicy evil/p")
        equal((wrong, "good/a" in made, len(made)), (wrong, True, count))
        equal((wrong, [*report]), (wrong, [] if "x" * 253 in str(wrong) else [
            wrong["kind"] + " evil/a"]))


@test("of labels that have no room those are left that a policy for them may ask for")
def _():
    labels = {f"label{i}": "x" * 30 for i in range(9)}
    kept = {f"label{i}": "x" * 30 for i in range(5)}
    for policy, got in (
            (istio("shop/p", selector={"matchLabels": {"label3": "y"}}), "label3"),
            (istio("istio-system/p", selector={"matchLabels": {"label4": "y"}}), "label4"),
            (istio("evil/p", selector={"matchLabels": labels}), None),
            (istio("evil/p"), None)):
        made, report = workloads(pod("shop/a", "10.2.0.1", labels=labels), policy)
        report.pop("AuthorizationPolicy evil/p", None)
        equal((made["shop/a"].get("labels"), report),
              (got and f"{got}={'x' * 30}", {}))
    made, report = workloads(pod("shop/a", labels=kept), istio("shop/p"))
    equal((made["shop/a"]["labels"].count(","), report), (4, {}))
    made, report = workloads(pod("shop/a", labels=labels), istio(
        "shop/p", selector={"matchLabels": labels}))
    equal((made, sorted(report)), ({}, ["AuthorizationPolicy shop/p", "Pod shop/a"]))


# ---- NetworkPolicy ----

NAMESPACE = "kubernetes.io/metadata.name"


def network(name, *ingress, selector=None, born=None, **spec):
    return manifest("NetworkPolicy", name, {
        "podSelector": labels_as(selector or {}),
        **({"ingress": [*ingress]} if ingress else {}), **spec}, born,
                    "networking.k8s.io/v1")


def labels_as(labels):
    return {"matchLabels": labels} if labels else {}


def pods_of(**labels):
    return {"podSelector": labels_as(labels)}


def in_namespace(*names, **more):
    """By a label, or an expression."""
    if len(names) == 1:
        return {"namespaceSelector": {"matchLabels": {NAMESPACE: names[0]}}, **more}
    return {"namespaceSelector": {"matchExpressions": [
        {"key": NAMESPACE, "operator": "In", "values": [*names]}]} if names else {}, **more}


def net(*rules, **more):
    return {"shop/n/net": allow(*rules, **more)}


def ports(*numbers):
    return [{"ports": [str(n) for n in numbers]}]


@test("a NetworkPolicy allows what it lets in, and who is selected nothing else")
def _():
    for made, got in (
            (network("shop/n"), net()), (network("shop/n", {}), net({})),
            (network("shop/n", selector={"a": "b"}), net(selector="a=b")),
            (network("shop/n", podSelector={"matchLabels": {"a": "b"}, "matchExpressions": [
                {"key": "c", "operator": "In", "values": ["d"]}]}), net(selector="a=b,c=d")),
            (network("shop/n", {"from": [], "ports": []}), net({})),
            (network("shop/n", policyTypes=["Ingress"]), net()),
            # No Pod is both.
            (network("shop/n", podSelector={"matchLabels": {"a": "b"}, "matchExpressions": [
                {"key": "a", "operator": "In", "values": ["d"]}]}), {}),
            ({**network("shop/n"), "spec": {}}, net())):
        equal((made["spec"], policies(made)), (made["spec"], (got, {})))


@test("whom it lets in: networks, namespaces, and Pods that are there, by their addresses")
def _():
    there = [pod("shop/a", "10.2.0.1", "fd00::1", labels={"app": "a", "t": "x"}),
             pod("shop/b", "10.2.0.2", labels={"app": "b", "t": "x"}),
             pod("ops/a", "10.2.0.3", labels={"app": "a"}),
             pod("dev/a", "10.2.0.4", labels={"app": "a", "t": "x"}),
             pod("shop/host", "10.2.0.9", labels={"app": "a"}, hostNetwork=True),
             pod("shop/old", "10.2.0.8", labels={"app": "a"}, phase="Failed")]
    for peers, sources in (
            ([{"ipBlock": {"cidr": "10.0.0.0/8"}}], [{"ip_blocks": ["10.0.0.0/8"]}]),
            ([{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.2.0.0/16"]}},
              {"ipBlock": {"cidr": "fd00::/8"}}],
             [{"ip_blocks": ["10.0.0.0/8"], "not_ip_blocks": ["10.1.0.0/16", "10.2.0.0/16"]},
              {"ip_blocks": ["fd00::/8"]}]),
            ([pods_of()], [{"namespaces": ["shop"]}]),
            ([in_namespace("ops")], [{"namespaces": ["ops"]}]),
            ([in_namespace("ops", "dev"), pods_of()],
             [{"namespaces": ["ops", "dev", "shop"]}]),
            ([in_namespace()], [{"namespaces": ["*"]}]),
            ([in_namespace(**pods_of())], [{"namespaces": ["*"]}]),
            ([{"namespaceSelector": {"matchLabels": {NAMESPACE: "ops"}, "matchExpressions": [
                {"key": NAMESPACE, "operator": "In", "values": ["ops", "dev"]}]}}],
             [{"namespaces": ["ops"]}]),
            ([pods_of(app="a")], [{"ip_blocks": ["10.2.0.1", "fd00::1"]}]),
            ([pods_of(t="x")], [{"ip_blocks": ["10.2.0.1", "fd00::1", "10.2.0.2"]}]),
            ([pods_of(t="x", app="b"), {"ipBlock": {"cidr": "10.9.0.0/16"}}],
             [{"ip_blocks": ["10.2.0.2", "10.9.0.0/16"]}]),
            ([in_namespace("ops", "dev", **pods_of(app="a"))],
             [{"ip_blocks": ["10.2.0.3", "10.2.0.4"]}]),
            ([in_namespace(**pods_of(t="x", app="a"))],
             [{"ip_blocks": ["10.2.0.4", "10.2.0.1", "fd00::1"]}]),
            ([{"podSelector": {"matchExpressions": [
                {"key": "app", "operator": "In", "values": ["b"]}]}}],
             [{"ip_blocks": ["10.2.0.2"]}]),
            # Nobody is not everybody.
            ([pods_of(app="none")], None), ([in_namespace("none", **pods_of(app="a"))], None),
            ([{"podSelector": {"matchLabels": {"app": "a"}, "matchExpressions": [
                {"key": "app", "operator": "In", "values": ["b"]}]}}], None)):
        made, report = policies(*there, network("shop/n", {"from": peers}))
        equal((peers, made, report),
              (peers, net(*([{"from": sources}] if sources else [])), {}))


@test("which ports it lets in: numbers, ranges, and names that Pods give them")
def _():
    def named(name, number, **more):
        return {"name": name, "containerPort": number, **more}
    there = [pod("shop/a", "10.2.0.1", labels={"app": "a"},
                 ports=[named("http", 8080), named("odd", 1), named("dns", 53, protocol="UDP")]),
             pod("shop/b", "10.2.0.2", labels={"app": "a"},
                 ports=[named("http", 8080, protocol="TCP"), named("odd", 2)]),
             pod("shop/c", "10.2.0.3", labels={"app": "c"}, ports=[named("own", 9)]),
             pod("ops/a", "10.2.0.4", labels={"app": "a"}, ports=[named("http", 1)])]
    for listed, got, why in (
            ([{"port": 80}], ports(80), None), ([{"port": 80, "protocol": "TCP"}], ports(80), None),
            ([{"port": 80}, {"port": 443}], ports(80, 443), None),
            ([{"port": 80, "endPort": 80}], ports(80), None),
            ([{"port": 1000, "endPort": 1063}], ports(*range(1000, 1064)), None),
            ([{"protocol": "TCP"}], "all", None), ([{}], "all", None),
            ([{"port": "http"}], ports(8080), None),
            ([{"port": "http"}, {"port": 1}], ports(8080, 1), None),
            ([{"port": "odd"}], None, "not the same port"),
            ([{"port": "odd"}, {"port": 80}], ports(80), "not the same port"),
            ([{"port": "own"}], None, "not the same port"),
            ([{"port": "dns"}], None, "not the same port"),
            ([{"port": 53, "protocol": "UDP"}], None, "UDP is not enforced"),
            ([{"protocol": "SCTP"}, {"port": 53}], ports(53), "SCTP is not enforced"),
            ([{"port": 1000, "endPort": 1064}], None, "65 ports cannot"),
            ([{"port": 80, "endPort": 79}], None, "not above it"),
            ([{"port": "http", "endPort": 79}], None, "not above it"),
            ([{"endPort": 79}], None, "not above it"),
            ([{"port": 0}], None, "is not a port"), ([{"port": 65536}], None, "is not a port"),
            ([{"port": 80, "odd": 1}], None, '"odd"')):
        made, report = policies(*there, network(
            "shop/n", {"ports": listed}, {"ports": [{"port": 7}]}, selector={"app": "a"}))
        rules = [{}] if got == "all" else [{"to": got}] if got else []
        equal((listed, made), (listed, net(*rules, {"to": ports(7)}, selector="app=a")))
        equal((listed, [*report]), (listed, ["NetworkPolicy shop/n"] if why else []))
        true(not why or "spec.ingress[0]" in report["NetworkPolicy shop/n"][0] and
             why in report["NetworkPolicy shop/n"][0], report)
    made, report = policies(network("shop/n", {"ports": [{"port": "http"}]}))
    equal(made, net())
    true("no Pod that is selected is there" in report["NetworkPolicy shop/n"][0], report)


@test("a rule of a NetworkPolicy that cannot be carried over lets nobody in")
def _():
    def expression(operator, *values, key="a"):
        return {"matchExpressions": [{"key": key, "operator": operator, "values": [*values]}]}
    for rule, why in (
            *(({"from": [{"podSelector": e}]}, "only In with one value") for e in (
                expression("In", "b", "c"), expression("NotIn", "b"), expression("Exists"))),
            *(({"from": [{"namespaceSelector": e}]}, "only " + NAMESPACE) for e in (
                expression("In", "b"), expression("NotIn", "b", key=NAMESPACE),
                {"matchLabels": {"team": "x"}})),
            ({"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, **pods_of()}]}, "not allowed with"),
            ({"from": [{}]}, "nothing is given"), ({"from": [{"ipBlock": {}}]}, "missing"),
            ({"from": [{"ipBlock": {"cidr": "x"}}]}, "is not an IPv4"),
            ({"from": 5}, "a list is needed"), ({"odd": []}, '"odd"')):
        made, report = policies(network("shop/n", rule, {"ports": [{"port": 80}]}))
        equal((rule, made), (rule, net({"to": ports(80)})))
        said, = report["NetworkPolicy shop/n"]
        true("spec.ingress[0]" in said and why in said, said)
    # Of one of which it is not known whom it is for, all are.
    for wrong, why in (
            ({"podSelector": expression("In", "b", "c")}, "only In with one value"),
            ({"podSelector": expression("Exists")}, "only In with one value"),
            ({"podSelector": {"matchLabels": {f"label{i}": "x" * 30 for i in range(9)}}},
             "255 characters"), ({"odd": 1}, '"odd"'), ({"policyTypes": ["x"]}, "is not Ingress"),
            ({"policyTypes": ["Egress", "x"]}, "is not Ingress"),
            ({"ingress": 5}, "a list is needed")):
        made, report = policies(network("shop/n", {}, **wrong))
        equal((wrong, made), (wrong, net()))
        true(any(why in said for said in report["NetworkPolicy shop/n"]), report)


@test("what leaves Pods is not enforced, which is said")
def _():
    for spec, made, said in (
            ({"policyTypes": ["Egress"]}, {}, True), ({"policyTypes": ["Ingress"]}, net(), False),
            ({"policyTypes": ["Ingress", "Egress"], "egress": [{}]}, net(), True),
            ({"egress": [{}]}, net(), True),
            ({"policyTypes": ["Ingress"], "egress": [{}]}, net(), False)):
        got, report = policies(network("shop/n", **spec))
        equal((spec, got, [*report.values()]), (spec, made, [
            ["spec.egress: it is not enforced by this mesh"]] if said else []))
        equal(run_import(network("shop/n", **spec), options=["--strict"])[0], int(said))


@test("a NetworkPolicy of another API is another thing")
def _():
    for version in "crd.projectcalico.org/v1", "projectcalico.org/v3":
        other = network("shop/n", selector={"a": "b"})
        other["apiVersion"] = version
        equal(policies(other), ({}, {}))


# ---- both kinds: a model of what clusters do, and one of the mesh ----

def chosen(selector, labels):
    return all(labels.get(k) == v for k, v in selector.items())


def is_from(sources, source):
    return not sources or any(
        ("namespaces" not in s or source["ns"] in s["namespaces"]) and
        ("ip_blocks" not in s or source["ip"] in s["ip_blocks"]) for s in sources)


def has_conditions(conditions, source, port):
    found = {"source.namespace": source["ns"], "source.ip": source["ip"],
             "destination.port": str(port)}
    return all(found[c["key"]] in c["values"] for c in conditions)


def rule_matches(rule, source, port):
    return is_from(rule.get("from"), source) and has_conditions(
        rule.get("when", ()), source, port) and (
            not rule.get("to") or any(str(port) in to["ports"] for to in rule["to"]))


def mesh_allows(made, target, source, port):
    """AUTHORIZATION, of the man page."""
    own = [p for p in made if p.get("namespace", target["ns"]) == target["ns"] and
           chosen(dict(pair.split("=") for pair in p["selector"].split(","))
                  if "selector" in p else {}, target["labels"])]
    matched = {a: [p for p in own if p.get("action", "allow") == a and
                   any(rule_matches(r, source, port) for r in p.get("rules", []))]
               for a in ("allow", "deny")}
    return not matched["deny"] and (bool(matched["allow"]) or not any(
        p.get("action", "allow") == "allow" for p in own))


def cluster_allows(networks, istios, target, source, port):
    """Kubernetes, and Istio."""
    own = [n for n in networks if n["metadata"]["namespace"] == target["ns"] and
           chosen(n["spec"]["podSelector"].get("matchLabels", {}), target["labels"])]
    letting = any(
        (not r.get("from") or any(
            source["ns"] == peer["namespaceSelector"]["matchLabels"][NAMESPACE]
            if "namespaceSelector" in peer else
            source["ip"] == peer["ipBlock"]["cidr"] if "ipBlock" in peer else
            source["ns"] == target["ns"] and source["pod"] and
            chosen(peer["podSelector"].get("matchLabels", {}), source["labels"])
            for peer in r["from"])) and
        (not r.get("ports") or any(p["port"] == port for p in r["ports"]))
        for n in own for r in n["spec"].get("ingress", []))
    def converted(i):
        spec = i["spec"]
        return {"namespace": target["ns"] if i["metadata"]["namespace"] == "istio-system"
                else i["metadata"]["namespace"], "action": spec["action"].lower(),
                **({"selector": ",".join(f"{k}={v}" for k, v in labels.items())}
                   if (labels := spec["selector"].get("matchLabels")) else {}),
                "rules": [{**r, "from": [s["source"] for s in r.get("from", [])],
                           "to": [o["operation"] for o in r.get("to", [])]}
                          for r in spec["rules"]]}
    return (not own or letting) and mesh_allows(
        [converted(i) for i in istios], target, source, port)


SPACES, PORTS = ("a", "b"), (80, 81, 82)
KINDS = [{}, {"app": "x"}, {"app": "y"}, {"t": "1"}, {"app": "x", "t": "1"}]
PEOPLE = [{"ns": ns, "ip": f"10.2.{i}.{k + 1}", "labels": labels, "pod": True}
          for i, ns in enumerate(SPACES) for k, labels in enumerate(KINDS)]


def random_network(random, name):
    def peer():
        kind = random.randrange(3)
        return (pods_of(**random.choice(KINDS)) if kind == 0 else
                in_namespace(random.choice(SPACES)) if kind == 1 else
                {"ipBlock": {"cidr": random.choice(PEOPLE)["ip"]}})
    def rule():
        return {**({"from": [peer() for _ in range(random.randrange(1, 3))]}
                   if random.random() < .7 else {}),
                **({"ports": [{"port": p} for p in random.sample(PORTS, 2)]}
                   if random.random() < .5 else {})}
    return network(name, *(rule() for _ in range(random.choice((0, 1, 1, 2)))),
                   selector=random.choice(KINDS))


def random_istio(random, name):
    def rule():
        return {**({"from": [{"source": {"namespaces": [random.choice(SPACES)]}}]}
                   if random.random() < .5 else {}),
                **({"to": [{"operation": {"ports": [str(p) for p in random.sample(PORTS, 2)]}}]}
                   if random.random() < .5 else {}),
                **({"when": [{"key": "source.ip", "values": [
                    s["ip"] for s in random.sample(PEOPLE, 5)]}]}
                   if random.random() < .3 else {})}
    return istio(name, action=random.choice(("ALLOW", "ALLOW", "DENY")),
                 selector=labels_as(random.choice(KINDS)),
                 rules=[rule() for _ in range(random.choice((0, 1, 2)))])


def compare(networks, istios):
    """Who reaches whom in a cluster, and in the mesh; and what was refused."""
    there = [pod(f"{p['ns']}/p{i}", p["ip"], labels=p["labels"])
             for i, p in enumerate(PEOPLE)]
    made, report = policies(*there, *networks, *istios)
    outsider = {"ns": None, "ip": "10.9.9.9", "labels": {}, "pod": False}
    asked = [(t, s, p) for t in PEOPLE for s in [*PEOPLE, outsider] for p in PORTS]
    return ([cluster_allows(networks, istios, *a) for a in asked],
            [mesh_allows(made.values(), *a) for a in asked],
            report, asked)


@test("together with Istio's policies both have to allow; what cannot be told is denied")
def _():
    random = Random(23)
    exact = refused = 0
    for _ in range(150):
        networks = [random_network(random, f"{random.choice(SPACES)}/n{i}")
                    for i in range(random.randrange(4))]
        istios = [random_istio(random, f"{random.choice((*SPACES, 'istio-system'))}/i{i}")
                  for i in range(random.randrange(4))]
        wanted, got, report, asked = compare(networks, istios)
        case = json.dumps([[m["metadata"]["namespace"], m["metadata"]["name"], m["spec"]]
                           for m in networks + istios])
        refusals = {tuple(name.split()[1].split("/")) for name in report}
        for (target, *_), in_cluster, in_mesh in zip(asked, wanted, got):
            hit = any(n["metadata"]["namespace"] == target["ns"] and
                      (target["ns"], n["metadata"]["name"]) in refusals and
                      chosen(n["spec"]["podSelector"].get("matchLabels", {}),
                             target["labels"]) for n in networks)
            equal((case, target, in_mesh), (case, target, in_cluster and not hit))
        exact += bool(networks and istios and not report)
        refused += bool(report)
    print(f"# {exact} exact, {refused} refused")
    true(exact > 30 and refused > 10)


@test("both kinds: namespace-wide ones, and a NetworkPolicy that has others beside it")
def _():
    rule = {"from": [{"source": {"namespaces": ["ops"]}}]}
    nobody, front = network("shop/none"), network(
        "shop/n", {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
                            in_namespace("ops")], "ports": [{"port": 80}]},
        selector={"app": "x"})
    made, report = policies(istio("shop/i", rules=[rule]), nobody, front)
    equal((made, report), ({
        "shop/none/net": allow(), "shop/n/shop/i": allow(
            {"from": [{"namespaces": ["ops"]}], "when": [
                {"key": "source.ip", "values": ["10.0.0.0/8"], "not_values": ["10.1.0.0/16"]},
                {"key": "destination.port", "values": ["80"]}]},
            {"from": [{"namespaces": ["ops"]}], "when": [
                {"key": "source.namespace", "values": ["ops"]},
                {"key": "destination.port", "values": ["80"]}]}, selector="app=x")}, {}))
    # One for all, of which the others have nothing in the cluster to be told by.
    made, report = policies(istio("shop/i", rules=[rule]), front)
    equal(made, {"shop/i": allow({"from": [{"namespaces": ["ops"]}]}),
                 "shop/n/net": allow({}, action="deny", selector="app=x")})
    true("AuthorizationPolicy shop/i" in report["NetworkPolicy shop/n"][0], report)
    # Those of which there is nothing to be told: no rules, an audit, or other workloads.
    for other in (istio("shop/i"), istio("shop/i", action="DENY", rules=[rule]),
                  istio("shop/i", rules=[rule], dry_run="true"),
                  istio("ops/i", rules=[rule]), istio("istio-system/i"),
                  istio("shop/i", rules=[rule], selector=labels_as({"app": "y"}))):
        made, report = policies(other, front)
        equal((other, report), (other, {}))
        true("shop/n/net" in made or not other["spec"].get("rules"), made)
    # Nobody else's is touched by a tenant's.
    made, report = policies(istio("istio-system/i", rules=[rule]), front)
    equal((made["istio-system/i"], made["shop/n/net"]["action"], [*report]),
          ({"action": "allow", "rules": [{"from": [{"namespaces": ["ops"]}]}]}, "deny",
           ["NetworkPolicy shop/n"]))


@test("both kinds: as many rules as a policy may have")
def _():
    for count, action in ((128, "allow"), (129, "deny")):
        made, report = policies(
            istio("shop/i", rules=[{"from": [{"source": {"namespaces": [f"x{i}"]}}]}
                                   for i in range(count)], selector=labels_as({"app": "x"})),
            network("shop/n", *({"ports": [{"port": 1 + i}]} for i in range(4)),
                    selector={"app": "x"}), network("shop/none"))
        name = "shop/n/shop/i" if action == "allow" else "shop/n/net"
        equal((made[name]["action"], len(made[name]["rules"]), len(report)),
              (action, 512 if action == "allow" else 1, action == "deny"))


@test("too many of both kinds: the NetworkPolicies of that namespace deny everything")
def _():
    many = [istio(f"shop/i{i}", selector=labels_as({"app": "y"})) for i in range(128)]
    for count, action in ((128, "allow"), (129, "deny")):
        made, report = policies(*many, *(network(f"shop/n{i}", selector={"app": "x"})
                                         for i in range(count)), network("ops/n"))
        equal({p["action"] for name, p in made.items() if name.endswith("/net")
               and name != "ops/n/net"}, {action})
        equal((made["ops/n/net"]["action"], len(report)),
              ("allow", count if action == "deny" else 0))


# ---- what it costs ----

# Counts what a program looks up and compares: the same number each time.
COUNT = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
static unsigned long calls;
#define COUNTED(type, name, args, names)				\
type name args								\
{									\
	static type (*real) args;					\
	real = real ? real : dlsym(RTLD_NEXT, #name);			\
	calls++;							\
	return real names;						\
}
COUNTED(void *, json_object_get, (const void *o, const char *k), (o, k))
COUNTED(void *, json_array_get, (const void *a, size_t i), (a, i))
COUNTED(const char *, json_string_value, (const void *s), (s))
COUNTED(int, strcmp, (const char *a, const char *b), (a, b))
__attribute__((destructor)) static void tell(void)
{
	fprintf(fopen(getenv("COUNT_TO"), "w"), "%lu", calls);
}
"""


def counted(folder, manifests):
    library, source, told = (os.path.join(folder, name) for name in
                             ("count.so", "manifests.json", "calls"))
    if not os.path.exists(library):
        subprocess.run(["gcc", "-O1", "-fno-builtin", "-shared", "-fPIC", "-x", "c",
                        "-", "-o", library], input=COUNT, text=True, check=True)
    with open(source, "w", encoding="utf-8") as f:
        json.dump({"apiVersion": "v1", "kind": "List", "items": manifests}, f)
    subprocess.run([MESHCTL, "import", "gateway-api", source], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, "LD_PRELOAD": library, "COUNT_TO": told})
    with open(told, encoding="utf-8") as f:
        return int(f.read())


def many_listeners(n):
    """Each with a hostname, and a route that has one beneath each."""
    return [gateway("evil/mine", "10.96.0.7", listeners=[
        {"name": f"l{i}", "port": 80, "protocol": "HTTP", "hostname": f"*.h{i}.x"}
        for i in range(n)]), *MINE[:2],
        route("evil/evil", "evil/mine", "evil/evil", [f"a.h{i}.x" for i in range(n)])]


def many_alike(n):
    """Listeners that nothing tells apart."""
    return [gateway("evil/mine", "10.96.0.7", listeners=[
        {"name": f"l{i}", "port": 80, "protocol": "HTTP"} for i in range(n)])]


def many_ports(n):
    return [gateway("evil/mine", "10.96.0.7", listeners=[
        {"name": f"l{i}", "port": 1 + i, "protocol": "HTTP"} for i in range(n)])]


def many_sections(n):
    """Each with a route that names it."""
    big = many_listeners(n)[0]
    return [big, *MINE[:2], *(
        route(f"evil/r{i}", {"name": "mine", "sectionName": f"l{i}"}, "evil/evil",
              [f"a.h{i}.x"]) for i in range(n))]


def many_gateways(n):
    return [gateway(f"evil/g{i}", f"10.96.{i // 200}.{i % 200}") for i in range(n)]


def many_services(n):
    """Each with endpoints, a route and a grant."""
    names = [f"s{i}" for i in range(n)]
    return [gateway("infra/gw", SHARED, listeners=ALL),
            *(service(f"evil/{s}", f"10.97.{i // 200}.{i % 200}")
              for i, s in enumerate(names)),
            *(slice_of(f"evil/{s}", "10.2.0.66") for s in names),
            *(grant("evil/" + s, "good", name=s) for s in names[:3]),
            *(route(f"good/{s}", "infra/gw", f"evil/{s}", [f"{s}.example"])
              for s in names)]


def many_errors(n):
    return [gateway("infra/gw", SHARED, listeners=ALL),
            manifest("HTTPRoute", "evil/x", {
                "parentRefs": [{"name": "gw", "namespace": "infra"}],
                "rules": [{"backendRefs": [{"name": f"none{i}", "port": 80}]}
                          for i in range(n)]})]


def many_headers(n):
    return [gateway("infra/gw", SHARED, listeners=ALL), *MINE[:2],
            route("evil/x", "infra/gw", "evil/evil", matches=[{"headers": [
                {"name": f"x-{i}", "value": "a"} for i in range(n)]}])]


def many_streams(n):
    """Each with a listener of its own, and one for all."""
    return [gateway("evil/mine", "10.96.0.7", listeners=[
        listener("TCP", 1 + i) for i in range(n)]), *MINE[:2], *(
            route(f"evil/r{i}", {"name": "mine", "sectionName": f"tcp{1 + i}"},
                  "evil/evil", kind="TCPRoute") for i in range(n)),
            route("evil/all", "evil/mine", "evil/evil", kind="TCPRoute")]


def many_backends(n):
    own, listed = backends(*((f"s{i}", 1 + i, [f"10.3.{i}.{k}" for k in range(1 + i % 7)])
                             for i in range(n)))
    return [*at(*(listener("TCP", 1 + i) for i in range(n)), more=own),
            route("good/x", "infra/gw", "good/good", kind="TCPRoute",
                  backendRefs=listed * 3)]


def many_policies(n):
    """Pods of several namespaces, each with labels, an address, and a policy of each kind
    that is for it, and one that is for none."""
    made = []
    for i in range(n):
        name, labels = f"n{i % 7}/x{i}", {"app": f"a{i}", "all": "x"}
        made += [
            pod(name, f"10.2.{i // 200}.{i % 200 + 1}", labels=labels,
                ports=[{"name": "http", "containerPort": 80}]),
            exposes(name, {"name": "http", "port": 8000, "targetPort": "http"},
                    selector={"app": f"a{i}", "all": "x"}),
            entry(f"{name}e", f"10.3.{i // 200}.{i % 200 + 1}"),
            istio(name, selector=labels_as({"app": f"a{i}"}), rules=[
                {"from": [{"source": {"namespaces": ["n1"]}}]}]),
            network(name, {"from": [in_namespace(**pods_of(app=f"a{i}", all="x")),
                                    in_namespace("n1")], "ports": [{"port": "http"}]},
                    selector={"app": f"a{i}", "all": "x"}),
            network(f"{name}-none", selector={"app": "none"})]
    return made


def many_labels(n):
    return [pod("shop/a", "10.2.0.1", labels={f"l{i}": "x" for i in range(n)}),
            istio("shop/a", selector=labels_as({f"l{i}": "x" for i in range(n)}))]


def many_peers(n):
    return [network("shop/a", {"from": [in_namespace(*(f"n{i}" for i in range(n)),
                                                     **pods_of(app="x"))]})]


@test("four times as many manifests, listeners and fields take four times as long")
def _():
    with tempfile.TemporaryDirectory() as folder:
        for many in (many_listeners, many_alike, many_ports, many_sections,
                     many_gateways, many_services, many_errors, many_headers,
                     many_streams, many_backends, many_policies, many_labels,
                     many_peers):
            few, more = (counted(folder, many(n)) for n in (50, 200))
            print(f"# {many.__name__}: {few} calls, then {more}")
            true(more < 6 * few, f"{many.__name__}: {few} calls, then {more}")


# ---- Envoy: the order of header operations ----

TYPE = "type.googleapis.com/envoy.extensions.filters."
ACTIONS = {"add": "APPEND_IF_EXISTS_OR_ADD", "set": "OVERWRITE_IF_EXISTS_OR_ADD",
           "if": "ADD_IF_ABSENT"}
LEVELS = "cluster", "route", "host", "config"


def edits(ops, head):
    """ "-x +y=1 =z=2 ?w=3": removes, adds, sets, adds if absent."""
    added = []
    for op in (op for op in ops if op[0] != "-"):
        name, value = op[1:].split("=", 1)
        added.append({"header": {"key": name, "value": value},
                      "append_action": ACTIONS[{"+": "add", "=": "set", "?": "if"}[op[0]]]})
    return {head + "_headers_to_remove": [op[1:] for op in ops if op[0] == "-"],
            head + "_headers_to_add": added}


def bootstrap(cases, head="request"):
    """A listener for each; a case is whether the most specific wins, and operations of
    each level."""
    def listener(i, specific, levels):
        cluster, way, host, config = (edits(level.split(), head) for level in levels)
        return {"name": f"l{i}", "address": {"socket_address": {
            "address": "10.96.0.1", "port_value": i + 1}}, "filter_chains": [{"filters": [{
                "name": "envoy.filters.network.http_connection_manager", "typed_config": {
                    "@type": TYPE + "network.http_connection_manager.v3."
                             "HttpConnectionManager",
                    "stat_prefix": "x", "http_filters": [{
                        "name": "envoy.filters.http.router", "typed_config": {
                            "@type": TYPE + "http.router.v3.Router"}}],
                    "route_config": {"name": f"r{i}", **config, "virtual_hosts": [{
                        "name": "v", "domains": ["*"], **host, "routes": [{
                            "match": {"prefix": "/"}, **way,
                            "route": {"weighted_clusters": {"clusters": [
                                {"name": "c", "weight": 1, **cluster}]}}}]}],
                        **({"most_specific_header_mutations_wins": True}
                           if specific else {})}}}]}]}
    return {"static_resources": {
        "listeners": [listener(i, *case) for i, case in enumerate(cases)],
        "clusters": [{"name": "c", "type": "STATIC", "load_assignment": {
            "cluster_name": "c", "endpoints": []}}]}}


def import_envoy(config):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump(config, f)
        f.flush()
        done = subprocess.run([MESHCTL, "-j", "import", "envoy", f.name],
                              capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def without(fields, name):
    return [f for f in fields if f[0] != name.lower()]


def in_mesh(table, fields, head="request"):
    """What the man page says of a list of operations."""
    host = table["virtual_hosts"][0]
    way = host["routes"][0]
    weighted = way["action"].get("weighted_clusters", [{}])[0]
    for level in weighted, way, host:
        ops = level.get(head + "_headers", [])
        for op in ops:
            if op.get("op") == "remove":
                fields = without(fields, op["name"])
        for op in ops:
            name = op["name"].lower()
            if op.get("op", "set") == "set":
                fields = without(fields, name)
            if op.get("op") != "remove" and not (
                    op.get("op") == "add_if_absent" and name in dict(fields)):
                fields = [*fields, (name, op["value"])]
    return fields


def in_envoy(specific, levels, fields):
    """HeaderParser::evaluateHeaders(), for each level in turn."""
    cluster, *others = levels
    for level in [cluster, *(others[::-1] if specific else others)]:
        ops = level.split()
        for op in ops:
            if op[0] == "-":
                fields = without(fields, op[1:])
        values = [(op[0], op[1:].split("=", 1)) for op in ops if op[0] != "-"]
        values = [(kind, (name.lower(), value)) for kind, (name, value) in values
                  if kind != "?" or name.lower() not in dict(fields)]
        for kind, field in values:
            if kind == "=":
                fields = [*without(fields, field[0]), field]
        fields = fields + [field for kind, field in values if kind != "="]
    return fields


# The most specific wins, operations of LEVELS; what becomes of "x: 0".
ORDER = [
    (False, ("", "", "+x=1", "-x"), ""), (False, ("", "", "-x", "+x=1"), "1"),
    (False, ("", "+x=1", "-x", ""), ""), (False, ("+x=1", "-x", "", ""), ""),
    (False, ("", "+x=1", "", "-x"), ""), (False, ("", "", "+X=1", "-x"), ""),
    (False, ("", "", "", "-x +x=1"), "1"), (False, ("", "", "", "+x=1 -x"), "1"),
    (False, ("", "", "+x=1", "-x +x=2"), "2"), (False, ("", "", "=x=1", "-x"), ""),
    (False, ("", "", "?x=1", "+x=2"), "0 2"), (False, ("", "", "-x ?x=1", "+x=2"), "1 2"),
    (False, ("", "", "-x", "?x=1"), "1"), (False, ("", "", "+x=1", "-x ?x=2"), "2"),
    (False, ("", "", "+x=1 =x=2", ""), "2 1"), (False, ("", "+x=1 =x=2", "", ""), "2 1"),
    (False, ("", "=x=1", "=x=2", "=x=3"), "3"), (False, ("+x=1", "+x=2", "+x=3", "+x=4"),
                                                 "0 1 2 3 4"),
    (True, ("", "", "+x=1", "-x"), "1"), (True, ("", "", "-x", "+x=1"), ""),
    (True, ("", "-x", "+x=1", ""), ""), (True, ("", "+x=1", "-x", ""), "1"),
    (True, ("+x=1", "+x=2", "+x=3", "+x=4"), "0 1 4 3 2"),
    (True, ("", "=x=1", "=x=2", "=x=3"), "1"), (True, ("=x=1", "", "", "=x=2"), "2"),
    (True, ("+x=1", "", "-x", "+x=2"), ""), (True, ("", "?x=1", "", "-x"), "1"),
]


@test("Envoy: headers are changed in its order, a level after the other")
def _():
    for head in "request", "response":
        status, mesh, errors = import_envoy(bootstrap([c[:2] for c in ORDER], head))
        equal((status, errors), (0, ""))
        for (specific, levels, wanted), table in zip(ORDER, mesh["route_tables"]):
            got = in_mesh(table, [("x", "0")], head)
            equal((head, specific, levels, " ".join(value for _, value in got)),
                  (head, specific, levels, wanted))
            equal(in_envoy(specific, levels, [("x", "0")]), got)


@test("Envoy: whatever the operations are")
def _():
    random = Random(1)

    def level():
        absent = random.choice("abcd")
        ops = [random.choice("+=") + name + f"={random.randrange(100)}"
               for name in random.choices("abcdA", k=random.randrange(4))
               if name.lower() != absent]
        ops += ["-" + random.choice("abcd") for _ in range(random.randrange(3))]
        ops += [f"?{absent}=?"] * random.randrange(2)
        random.shuffle(ops)
        return " ".join(ops)
    cases = [(random.random() < .5, tuple(level() for _ in LEVELS)) for _ in range(300)]
    status, mesh, errors = import_envoy(bootstrap(cases))
    equal((status, errors), (0, ""))
    received = [("a", "1"), ("b", "2"), ("a", "3")]

    def by_name(fields):
        return {name: [value for n, value in fields if n == name] for name, _ in fields}
    for case, table in zip(cases, mesh["route_tables"]):
        equal((case, by_name(in_mesh(table, received))),
              (case, by_name(in_envoy(*case, received))))


@test("Envoy: what cannot be the same is an error that names the level")
def _():
    changed = "a value of a field that was changed before cannot be carried over"
    absent = "ADD_IF_ABSENT of what the same list adds cannot be carried over"
    host, config = "virtual_hosts[0].", "route_config."
    way, cluster = host + "routes[0].", "route.weighted_clusters.clusters[0]."
    for head, (specific, levels), where, why in (
            ("request", (False, ("", "", "-x +y=%REQ(X)%", "")),
             host + "request_headers_to_add[0]: y", changed),
            ("request", (False, ("", "+y=1 =x=1", "+y=%REQ(X)%", "")),
             host + "request_headers_to_add[0]: y", changed),
            ("request", (False, ("-x", "", "", "+y=a%%%REQ(x?z)%b")),
             config + "request_headers_to_add[0]: y", changed),
            ("request", (True, ("", "+y=%REQ(X)%", "", "-x")),
             way + "request_headers_to_add[0]: y", changed),
            ("request", (False, ("+x=1 ?x=2", "", "", "")),
             way + cluster + "request_headers_to_add[1]: x", absent),
            ("request", (False, ("", "", "?X=1 ?x=2", "")),
             host + "request_headers_to_add[1]: x", absent),
            ("response", (False, ("", "-x", "", "+y=%RESP(x)%")),
             config + "response_headers_to_add[0]: y", changed)):
        status, _, errors = import_envoy(bootstrap([(specific, levels)], head))
        true(status == 1 and where in errors and why in errors, errors)
    # As it was received, it is the same.
    for levels in (("", "+y=%REQ(x)%", "-x", ""), ("", "+x=%REQ(x)%", "", ""),
                   ("", "-x", "", "+y=%%REQ(x)%%"), ("", "+y=%REQ(x)%", "+x=1", "")):
        equal(import_envoy(bootstrap([(False, levels)]))[::2], (0, ""))
    both = bootstrap([(False, ("", "", "+y=%REQ(x)%", ""))], "response")
    config = both["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
    config = config["typed_config"]["route_config"]
    equal(import_envoy(both)[0], 0)
    config["request_headers_to_remove"] = ["X"]
    status, _, errors = import_envoy(both)
    true(status == 1 and "request's field x, which is changed" in errors, errors)


if __name__ == "__main__":
    sys.exit(run_tests())

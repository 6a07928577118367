#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# needs: no VM
"""What meshctl makes of the configuration of others, where these do not trust each
other: Gateway API's manifests of several namespaces, and the order of Envoy's header
operations."""

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


def route(name, parent, backend, hostnames=(), born=None, **rule):
    """Parents and backends are references, or names of Gateways and Services."""
    def ref(to):
        namespace, inner = to.split("/")
        return {"namespace": namespace, "name": inner}
    return manifest("HTTPRoute", name, {
        "parentRefs": [parent if isinstance(parent, dict) else ref(parent)],
        "hostnames": [*hostnames],
        "rules": [{"backendRefs": [{**ref(backend), "port": 80}], **rule}]}, born)


def grant(key, whose, to="Service", **more):
    return manifest("ReferenceGrant", key, {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute",
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
        report = {f"{r['kind']} {r['namespace']}/{r['name']}": r for r in report}
    return done.returncode, json.loads(done.stdout or "{}"), report


def imported(*manifests, options=()):
    status, mesh, report = run_import(*manifests, options=options)
    equal((status, type(report)), (0, dict))
    return mesh, report


def listeners(mesh):
    """Who listens where."""
    return {f"{ln['address']}:{ln['port']}": ln["route_table"].rsplit(":", 1)[0]
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


def accepted(report, name):
    return reason(report["HTTPRoute " + name]["parents"][0]["conditions"], "Accepted")


def resolved(report, name):
    return reason(report["HTTPRoute " + name]["parents"][0]["conditions"],
                  "ResolvedRefs")


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
        mesh, report = imported(
            *MINE[:2], service("evil/x", "10.97.0.7", ports=ports),
            route("evil/x", {"group": "", "kind": "Service", "name": "x", **ref},
                  "evil/evil"))
        equal((ref, {ln["port"] for ln in mesh["listeners"]}), (ref, got))
        equal((ref, accepted(report, "evil/x")),
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
        {"name": "a", "port": 80, "protocol": "TLS"},
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


@test("four times as many manifests, listeners and fields take four times as long")
def _():
    with tempfile.TemporaryDirectory() as folder:
        for many in (many_listeners, many_alike, many_ports, many_sections,
                     many_gateways, many_services, many_errors, many_headers):
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

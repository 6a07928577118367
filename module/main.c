// SPDX-License-Identifier: GPL-2.0
/*
 * main: loads and unloads l7mesh.
 *
 * On the way out each stage waits for what it began: first nobody can change
 * anything any more, then no namespace has a mesh, which switches interception off
 * and closes what the HTTP engine has, then the engine and the interception go,
 * and last the snapshots that were still on their way out. Before that, HTTP
 * connections keep the module from being unloaded by holding references to it.
 */
#include <linux/genetlink.h>
#include <linux/module.h>
#include <net/genetlink.h>
#include "intercept/cut.h"
#include "intercept/datagram.h"
#include "intercept/intercept.h"
#include "intercept/judge.h"
#include "intercept/packet.h"
#include "intercept/redirect.h"
#include "lib/stats.h"
#include "lib/version.h"
#include "link/client.h"
#include "link/drain.h"
#include "mesh/inbound.h"
#include "mesh/mesh.h"
#include "netlink/netlink.h"
#include "selftest.h"
#include "splice/splice.h"
#include "stream/engine.h"

static bool splice = true;
module_param(splice, bool, 0444);
MODULE_PARM_DESC(splice, "let sockets of this node pass bytes directly (default: y)");

static int net_begins(struct mesh_net *mn)
{
	int err;

	redirect_net_init(mn);
	cut_net_init(mn);
	err = engine_net_init(mn);
	if (err)
		return err;
	err = packet_net_init(mn);
	if (err)
		goto out_engine;
	err = datagram_net_init(mn);
	if (!err)
		return 0;
	packet_net_exit(mn);
out_engine:
	engine_net_exit(mn);
	return err;
}

static int settle_packets(struct mesh_net *mn)
{
	return packet_settle(mn) ?: datagram_settle(mn);
}

static void settle_packets_later(struct mesh_net *mn)
{
	packet_settle_later(mn);
	datagram_settle_later(mn);
}

static void net_leaves(struct mesh_net *mn)
{
	packet_net_leave(mn);
	datagram_net_leave(mn);
}

static void drain(struct mesh_net *mn, const struct drain *d)
{
	engine_net_drain(mn, d);
	if (d->ep)
		datagram_settle_later(mn);
}

static void net_ends(struct mesh_net *mn)
{
	cut_net_exit(mn);
	datagram_net_exit(mn);
	packet_net_exit(mn);
	engine_net_exit(mn);
	redirect_net_exit(mn);
}

static const struct mesh_parts parts = {
	.intercept = intercept_enable,
	.let_pass = intercept_disable,
	.respliced = splice_reconsider,
	.cut = cut_look,
	.settle_packets = settle_packets,
	.settle_packets_later = settle_packets_later,
	.look_at_flows = datagram_look,
	.net_begins = net_begins,
	.net_leaves = net_leaves,
	.net_ends = net_ends,
	.drain = drain,
};

/* Without it all is as with it, but slower. */
static void __init begin_to_splice(void)
{
	int err;

	/* Pairs are made in tracepoints' probes, by locks that sleep there. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		splice = false;
	if (!splice)
		return;
	err = splice_enable();
	if (!err)
		return;
	splice = false;
	pr_notice("nothing is spliced: error %d%s\n", -err,
		  err == -EBUSY ? ", is kernel.ftrace_enabled 0?" : "");
}

static const struct inbound_sight sight = {
	.has_program = client_has_program,
	.is_in = client_is_in,
};

static int __init l7mesh_init(void)
{
	int err;

	err = snapshot_init();
	if (err)
		goto out;
	err = intercept_init();
	if (err)
		goto out_config;
	client_claims_by(intercept_claim);
	inbound_sees_by(&sight);
	err = engine_init();
	if (err)
		goto out_intercept;
	err = mesh_init(&parts);
	if (err)
		goto out_http;
	/* While nobody can configure anything yet. */
	err = selftest_maglev();
	if (err)
		goto out_mesh;
	err = splice_init(&judge);
	if (err)
		goto out_mesh;
	begin_to_splice();
	err = netlink_init();
	if (err)
		goto out_enabled;
	pr_info("l7mesh %s\n", L7MESH_VERSION);
	return 0;

out_enabled:
	if (splice)
		splice_disable();
	splice_exit();
out_mesh:
	mesh_exit();
out_http:
	engine_exit();
out_intercept:
	intercept_exit();
out_config:
	snapshot_exit();
out:
	return err;
}

static void __exit l7mesh_exit(void)
{
	netlink_exit();
	if (splice)
		splice_disable();
	splice_exit();
	datagram_stop();
	mesh_exit();
	datagram_exit();
	engine_exit();
	intercept_exit();
	/* Meshes first: freeing one gives up its snapshot. */
	rcu_barrier();
	snapshot_exit();
	stats_report_objects();
}

module_init(l7mesh_init);
module_exit(l7mesh_exit);

/*
 * No alias of the family's name: anybody who asks for a family would load us. Who
 * may load modules does it by name.
 */
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Service mesh data plane in the kernel");
MODULE_VERSION(L7MESH_VERSION);

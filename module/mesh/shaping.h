/* SPDX-License-Identifier: GPL-2.0 */
/*
 * shaping: whether a namespace's network devices delay, drop or police packets.
 *
 * A device does so if its queueing discipline is none of those that only queue; if
 * it has an ingress or clsact one, whose filters may police; and if programs look at
 * its packets: tcx, XDP (not on a device of a wire), Open vSwitch, chains of the netdev
 * family. A netkit device is there for its programs. Of very many devices and queueing
 * disciplines not all are looked at: they pass for ones that shape.
 */
#ifndef L7MESH_SHAPING_H
#define L7MESH_SHAPING_H

#include <linux/types.h>

struct net;

/**
 * shaping_in() - Does any device of a namespace shape or police?
 * @net: namespace
 *
 * Any context but hard interrupts. The answer may be a second old.
 */
bool shaping_in(struct net *net);

/* Does its loopback device, now? */
bool shaping_on_loopback(const struct net *net);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nl: the generic netlink socket to l7mesh.
 *
 * It belongs to the network namespace in which it is opened. Functions that fail
 * fill a refusal, or print why and return STATUS_KERNEL.
 */
#ifndef MESHCTL_NL_H
#define MESHCTL_NL_H

#include <libmnl/libmnl.h>
#include <stdbool.h>

#include "refusal.h"

struct nl {
	struct mnl_socket *socket;
	unsigned int portid;
	uint32_t seq;
	uint16_t family;
	uint32_t group;		/* the multicast group "config"; 0 none */
	char *buf;		/* for what is received */
};

/* Bytes of @buf: more than any message. */
#define NL_BUF_SIZE (256 * 1024)

typedef void (*nl_cb)(const struct nlmsghdr *nlh, void *data);

/* Returns STATUS_OK, or STATUS_KERNEL with an error printed (no module). */
int nl_open(struct nl *nl);
void nl_close(struct nl *nl);

/* Starts a request in @buf with the next sequence number. */
struct nlmsghdr *nl_prepare(struct nl *nl, void *buf, uint8_t cmd,
			    uint16_t flags);

/*
 * Sends a request and calls @cb (may be NULL) for each message of its answer.
 * A dump that was interrupted by a change is -1 with code EINTR. Returns 0, or
 * -1 with @r filled.
 */
int nl_request(struct nl *nl, const struct nlmsghdr *request, nl_cb cb,
	       void *data, struct refusal *r);

/* The same; prints the error and returns the tool's status. */
int nl_do(struct nl *nl, const struct nlmsghdr *request, nl_cb cb, void *data);

/*
 * Lets the socket receive changes of the configuration, beside what it is answered.
 * Returns the tool's status.
 */
int nl_join(struct nl *nl);

/* A request without attributes. */
int nl_command(struct nl *nl, uint8_t cmd, uint16_t flags, nl_cb cb,
	       void *data);

/* The command of a message of the family. */
uint8_t nl_cmd(const struct nlmsghdr *nlh);

/* The top-level attribute of a type; NULL if there is none. */
const struct nlattr *nl_attr(const struct nlmsghdr *nlh, uint16_t type);

/* An attribute of a nest; NULL if there is none. */
const struct nlattr *nl_nested(const struct nlattr *nest, uint16_t type);

/* The value of an attribute, "" or 0 if it is NULL or too short. */
const char *nl_string(const struct nlattr *attr);
uint32_t nl_u32(const struct nlattr *attr);
uint64_t nl_u64(const struct nlattr *attr);

#endif

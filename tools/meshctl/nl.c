// SPDX-License-Identifier: GPL-2.0
#include "nl.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/l7mesh.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "meshctl.h"
#include "util.h"

/* For the answers of a batch that is refused message by message. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)

const struct nlattr *nl_attr(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

const struct nlattr *nl_nested(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

const char *nl_string(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 ?
	       mnl_attr_get_str(attr) : "";
}

uint32_t nl_u32(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= 4 ?
	       mnl_attr_get_u32(attr) : 0;
}

uint64_t nl_u64(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= 8 ?
	       mnl_attr_get_u64(attr) : 0;
}

uint8_t nl_cmd(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	return genl->cmd;
}

static struct nlmsghdr *prepare(struct nl *nl, void *buf, uint16_t family,
				uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = L7MESH_GENL_VERSION;
	return nlh;
}

struct nlmsghdr *nl_prepare(struct nl *nl, void *buf, uint8_t cmd,
			    uint16_t flags)
{
	return prepare(nl, buf, nl->family, cmd, flags);
}

/* One message of an answer: 1 to go on, 0 at its end, -1 on error. */
static int take(const struct nlmsghdr *nlh, nl_cb cb, void *data,
		bool *interrupted, struct refusal *r)
{
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		*interrupted = true;
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
		refusal_read(r, nlh);
		return r->code ? -1 : 0;
	}
	if (cb && nlh->nlmsg_type >= NLMSG_MIN_TYPE)
		cb(nlh, data);
	return 1;
}

static int take_all(struct nl *nl, uint32_t seq, int len, nl_cb cb, void *data,
		    bool *interrupted, struct refusal *r)
{
	const struct nlmsghdr *nlh = (const void *)nl->buf;
	int more = 1;

	for (; more > 0 && mnl_nlmsg_ok(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len))
		if (nlh->nlmsg_seq == seq && nlh->nlmsg_pid == nl->portid)
			more = take(nlh, cb, data, interrupted, r);
	return more;
}

int nl_request(struct nl *nl, const struct nlmsghdr *request, nl_cb cb,
	       void *data, struct refusal *r)
{
	bool interrupted = false;
	int more = 1, len;

	*r = REFUSAL_NONE;
	if (mnl_socket_sendto(nl->socket, request, request->nlmsg_len) < 0) {
		r->code = errno;
		return -1;
	}
	while (more > 0) {
		len = mnl_socket_recvfrom(nl->socket, nl->buf, NL_BUF_SIZE);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0) {
			r->code = errno;
			return -1;
		}
		more = take_all(nl, request->nlmsg_seq, len, cb, data,
				&interrupted, r);
	}
	if (!more && interrupted) {
		r->code = EINTR;
		return -1;
	}
	return more;
}

int nl_do(struct nl *nl, const struct nlmsghdr *request, nl_cb cb, void *data)
{
	struct refusal r;
	char *text;

	if (!nl_request(nl, request, cb, data, &r))
		return STATUS_OK;
	text = refusal_text(&r, request);
	complain("the kernel refused: %s", text);
	free(text);
	refusal_free(&r);
	return STATUS_KERNEL;
}

int nl_command(struct nl *nl, uint8_t cmd, uint16_t flags, nl_cb cb, void *data)
{
	char buf[64];

	return nl_do(nl, nl_prepare(nl, buf, cmd, flags), cb, data);
}

static void find_group(struct nl *nl, const struct nlattr *groups)
{
	const struct nlattr *group;
	const char *name;

	mnl_attr_for_each_nested(group, groups) {
		name = nl_string(nl_nested(group, CTRL_ATTR_MCAST_GRP_NAME));
		if (!strcmp(name, L7MESH_MCGRP_CONFIG))
			nl->group = nl_u32(nl_nested(group,
						     CTRL_ATTR_MCAST_GRP_ID));
	}
}

static void take_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *id = nl_attr(nlh, CTRL_ATTR_FAMILY_ID);
	const struct nlattr *groups = nl_attr(nlh, CTRL_ATTR_MCAST_GROUPS);
	struct nl *nl = data;

	if (id)
		nl->family = mnl_attr_get_u16(id);
	if (groups)
		find_group(nl, groups);
}

static int find_family(struct nl *nl)
{
	struct nlmsghdr *nlh;
	struct refusal r;
	char buf[128];

	nlh = prepare(nl, buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	((struct genlmsghdr *)mnl_nlmsg_get_payload(nlh))->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, L7MESH_GENL_NAME);
	if (!nl_request(nl, nlh, take_family, nl, &r) && nl->family)
		return STATUS_OK;
	if (r.code == ENOENT || !r.code)
		complain("the l7mesh module is not loaded; load it with: "
			 "modprobe l7mesh");
	else
		complain("generic netlink: %s", strerror(r.code));
	refusal_free(&r);
	return STATUS_KERNEL;
}

/* Failing to set them costs details of errors only. */
static void set_options(struct nl *nl)
{
	int fd = mnl_socket_get_fd(nl->socket), size = RECEIVE_BUFFER, on = 1;

	mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

int nl_open(struct nl *nl)
{
	int status;

	*nl = (struct nl){ .seq = time(NULL) };
	nl->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->socket ||
	    mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		complain("netlink socket: %s", strerror(errno));
		if (nl->socket)
			mnl_socket_close(nl->socket);
		return STATUS_KERNEL;
	}
	nl->portid = mnl_socket_get_portid(nl->socket);
	nl->buf = xrealloc(NULL, NL_BUF_SIZE);
	set_options(nl);
	status = find_family(nl);
	if (status)
		nl_close(nl);
	return status;
}

void nl_close(struct nl *nl)
{
	mnl_socket_close(nl->socket);
	free(nl->buf);
}

int nl_join(struct nl *nl)
{
	if (!nl->group) {
		complain("this module has no multicast group \""
			 L7MESH_MCGRP_CONFIG "\"");
		return STATUS_KERNEL;
	}
	if (mnl_socket_setsockopt(nl->socket, NETLINK_ADD_MEMBERSHIP,
				  &nl->group, sizeof(nl->group)) < 0) {
		complain("the kernel refused: events: %s", strerror(errno));
		return STATUS_KERNEL;
	}
	return STATUS_OK;
}

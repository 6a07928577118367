/* SPDX-License-Identifier: GPL-2.0 */
/*
 * refusal: why the kernel said no.
 */
#ifndef MESHCTL_REFUSAL_H
#define MESHCTL_REFUSAL_H

#include <libmnl/libmnl.h>

struct refusal {
	int code;		/* positive errno; 0: not refused */
	uint32_t seq;		/* of the request */
	char *message;		/* the kernel's words, or NULL */
	long offset;		/* of the attribute in the request; -1 none */
	long nest;		/* of the nest that misses one; 0 top level */
	int missing;		/* the type of what is missing; -1 none */
};

#define REFUSAL_NONE ((struct refusal){ .offset = -1, .missing = -1 })

/* Reads an NLMSG_ERROR, or the end of a dump. */
void refusal_read(struct refusal *r, const struct nlmsghdr *nlh);

void refusal_free(struct refusal *r);

/*
 * What to print: the attribute's name if @request (may be NULL) tells it, then
 * the kernel's words, or those of the error number. Freed by the caller.
 */
char *refusal_text(const struct refusal *r, const struct nlmsghdr *request);

#endif

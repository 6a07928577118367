/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_SKBUFF_H
#define UNIT_LINUX_SKBUFF_H

struct sk_buff;

#endif

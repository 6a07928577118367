/* SPDX-License-Identifier: GPL-2.0 */
/*
 * missing_page: memory that userfaultfd has, and nobody ever fills: a system call that
 * reads or writes it hangs, until its process is killed.
 */
#ifndef MISSING_PAGE_H
#define MISSING_PAGE_H

#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline void *fresh_pages(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

/* Ends the program with 4, for a skip, where there is no userfaultfd. */
static inline void *missing_pages(size_t len)
{
	void *p = fresh_pages(len);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = (unsigned long)p, .len = len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		err(4, "userfaultfd");
	return p;
}

#endif

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The QEMU that emulates the VM: the machine's own, or, if that is older than
# 8.1, Debian's backport of a newer one, fetched into the cache, never installed.
#
# An older one may translate guest code while another CPU writes it, and go on
# executing what was there (fixed by QEMU's "accel/tcg: Always lock pages before
# translation"). The kernel patches its own code under load whenever we are loaded:
# now and then a CPU executes a breakpoint for ever that memory does not have any
# more, and the kernel reports a stall.
#
# Sourced, after kernel.sh. Contract:
#   qemu_prepare	sets QEMU, the command and its first arguments, and
#			QEMU_THREADS, "multi", or "single" if all that there is
#			is an old one: one thread for all CPUs has no such race
#
# shellcheck disable=SC2034 # the QEMU_ variables are for who sources this

qemu_is_safe() {
	local version
	version=$("$1" --version 2>/dev/null | sed -n '1s/.* version \([0-9.]*\).*/\1/p')
	[[ -n $version ]] && printf '8.1\n%s\n' "$version" | sort -VC
}

# Unpacked at $1.
qemu_fetch() {
	local apt tmp=$1.new package
	local -a packages=(seabios)
	for package in x86 common data; do
		packages+=("qemu-system-$package/bookworm-backports")
	done
	apt=$(apt_index backports bookworm bookworm-security \
		bookworm-backports) || return 1
	kernel_note "fetching a newer QEMU"
	rm -rf "$tmp"
	deb_fetch "$apt" "$tmp" "${packages[@]}" || return 1
	qemu_is_safe "$tmp/usr/bin/qemu-system-x86_64" || return 1
	rm -rf "$1"
	mv "$tmp" "$1"
}

qemu_prepare() {
	local own=qemu-system-x86_64 root
	root=$(vm_cache)/qemu
	QEMU=("$own")
	QEMU_THREADS=multi
	! qemu_is_safe "$own" || return 0
	mkdir -p "$(vm_cache)"
	if (
		flock 9
		qemu_is_safe "$root/usr/bin/$own" || qemu_fetch "$root"
	) 9>"$(vm_cache)/qemu.lock"; then
		QEMU=("$root/usr/bin/$own" -L "$root/usr/share/qemu"
			-L "$root/usr/share/seabios")
		return
	fi
	QEMU_THREADS=single
	kernel_note "no QEMU of 8.1 or later: one thread emulates all CPUs"
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian's headers for another architecture, or of a kernel that is no VM's, to build
# the module against.
#
# Sourced, after kernel.sh. Contract:
#   cross_prepare SPEC FLAVOUR
#			fetches the headers of a kernel (6.1, 6.12) for arm64, or
#			of rt-amd64 (PREEMPT_RT), into the cache, once. The tools in
#			them are this machine's. Sets
#     KERNEL_RELEASE	what uname -r would say
#     KERNEL_BUILD	the headers' folder to build modules against
#     KERNEL_ROOT	empty: that is done here
#
# shellcheck disable=SC2034 # the KERNEL_ variables are for who sources this

cross_fetch() {
	local spec=$1 flavour=$2 into=$3 located apt suite version headers common kbuild
	local tmp=$3.new
	[[ ! -e $into/release ]] || return 0
	located=$(kernel_locate "$spec") || return 1
	read -r apt suite version <<<"$located"
	headers=$(deb_depends "$apt" "linux-headers-$flavour=$version" \
		'^linux-headers-') || return 1
	common=$(deb_depends "$apt" "$headers" '^linux-headers-.*-common') ||
		return 1
	kbuild=$(deb_depends "$apt" "$headers" '^linux-kbuild-') || return 1
	kernel_note "fetching $headers $version of $suite"
	rm -rf "$tmp"
	deb_fetch "$apt" "$tmp" "$headers" "$common" "${kbuild%:*}:amd64" ||
		return 1
	echo "${headers#linux-headers-}" >"$tmp/release"
	headers_relocate "$tmp" "$into"
	rm -rf "$into"
	mv "$tmp" "$into"
}

cross_prepare() {
	local dir
	local KERNEL_ARCH=${2#rt-}
	dir=$(vm_cache)/kernels/$1-$2
	if [[ ! -e $dir/release ]]; then
		mkdir -p "${dir%/*}"
		with_lock archive cross_fetch "$1" "$2" "$dir" || return 1
	fi
	KERNEL_RELEASE=$(<"$dir/release")
	KERNEL_BUILD=$dir/usr/src/linux-headers-$KERNEL_RELEASE
	KERNEL_ROOT=
}

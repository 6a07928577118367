# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian's headers for another architecture, to build the module against.
#
# Sourced, after kernel.sh. Contract:
#   cross_prepare SPEC	fetches the arm64 headers of a kernel (6.1, 6.12) into
#			the cache, once; prints the folder to build against. The
#			tools in them are this machine's.

cross_fetch() {
	local spec=$1 into=$2 located apt suite version headers common kbuild
	local tmp=$2.new
	located=$(kernel_locate "$spec") || return 1
	read -r apt suite version <<<"$located"
	headers=$(deb_depends "$apt" "linux-headers-arm64=$version" \
		'^linux-headers-') || return 1
	common=$(deb_depends "$apt" "$headers" '^linux-headers-.*-common') ||
		return 1
	kbuild=$(deb_depends "$apt" "$headers" '^linux-kbuild-') || return 1
	kernel_note "fetching $headers $version of $suite"
	rm -rf "$tmp"
	deb_fetch "$apt" "$tmp" "$headers" "$common" "${kbuild%:*}:amd64" ||
		return 1
	echo "${headers#linux-headers-}" >"$tmp/release"
	rm -rf "$into"
	mv "$tmp" "$into"
	headers_relocate "$into"
}

cross_prepare() {
	local dir
	# shellcheck disable=SC2034 # kernel.sh reads it
	local KERNEL_ARCH=arm64
	dir=$(vm_cache)/kernels/$1-arm64
	if [[ ! -e $dir/release ]]; then
		with_lock archive cross_fetch "$1" "$dir" >&2 || return 1
	fi
	echo "$dir/usr/src/linux-headers-$(<"$dir/release")"
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Folders with another Debian release in them, to build modules in for kernels
# whose compiler this machine's release does not have.
#
# Sourced by kernel.sh. Contract:
#   root_prepare SUITE VERSION PACKAGE...	prints the folder; made by
#			debootstrap at the first call, in the cache. Needs root.
#			VERSION is the kernel's: tools that came with a newer one
#			may want a newer libc than an old folder has.
#   root_run FOLDER COMMAND...	COMMAND inside, where the cache is at its own
#			path; its mounts end with it.

root_prepare() {
	local suite=$1 version=$2 packages key dir
	shift 2
	packages=$(printf '%s\n' "$@" | sort -u | paste -sd, -)
	key=$(sha256sum <<<"$version $packages")
	dir=$(vm_cache)/roots/$suite-${key:0:8}
	if [[ ! -e $dir/.ready ]]; then
		with_lock archive root_make "$suite" "$packages" "$dir" \
			>&2 || return 1
	fi
	echo "$dir"
}

root_make() {
	local suite=$1 packages=$2 dir=$3 log
	[[ ! -e $dir/.ready ]] || return 0
	if [[ $(id -u) != 0 ]]; then
		kernel_note "a folder with Debian $suite can only be made by root"
		return 1
	fi
	deps_need root || return 1
	kernel_note "making a folder with Debian $suite"
	log=$(vm_cache)/debootstrap.log
	rm -rf "$dir"
	mkdir -p "${dir%/*}"
	if ! debootstrap --variant=minbase --include="$packages" "$suite" \
		"$dir" "$(archive_base "")" >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		rm -rf "$dir"
		return 1
	fi
	rm -rf "$dir"/var/cache/apt/archives/*.deb
	touch "$dir/.ready"
}

root_run() {
	local dir=$1
	shift
	# shellcheck disable=SC2016 # the inner shell's variables
	unshare --mount bash -euc '
		mkdir -p "$1$2"
		mount --bind "$2" "$1$2"
		mount --bind /dev "$1/dev"
		mount -t proc proc "$1/proc"
		root=$1
		shift 2
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			LC_ALL=C.UTF-8 "L7MESH_DEBUG=${L7MESH_DEBUG:-}" "$@"
		' - "$dir" "$(vm_cache)" "$@"
}

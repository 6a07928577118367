#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# DKMS takes the module from its sources to modprobe, as on a user's machine.
#
#	dkms.sh		on the host: dkms add and build for the VM's kernel, in
#			folders of its own; then, in the VM, the rest
#	dkms.sh TREE	in the VM: dkms install, modprobe, remove, where the
#			host's part left its folders in TREE
#
# The compiler runs on the host because emulated it takes a quarter of an hour;
# nothing is installed there.
#
# shellcheck disable=SC2317 # functions that are called by name

set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
# shellcheck source=selftests/lib/tap.sh
. lib/tap.sh
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' ../dkms.conf)

dkms_in() {
	local tree=$1 command=$2
	shift 2
	dkms "$command" --dkmstree "$tree/dkms" --sourcetree "$tree/usr/src" \
		-m l7mesh -v "$version" "$@"
}

on_host() {
	# shellcheck source=selftests/vm/kernel.sh
	. vm/kernel.sh
	local tree
	command -v dkms >/dev/null || tap_skip_all "dkms is not installed"
	kernel_prepare 6.1
	tree=$(mktemp -d)
	# shellcheck disable=SC2064 # now
	trap "rm -rf '$tree'" EXIT
	mkdir -p "$tree/dkms"
	tap_check "the sources install" \
		make -s -C .. dkms-source DESTDIR="$tree"
	tap_check "dkms add" dkms_in "$tree" add
	if ! dkms_in "$tree" build -k "$KERNEL_RELEASE" --no-depmod \
		--kernelsourcedir "$KERNEL_BUILD" >"$tree/log" 2>&1; then
		cat "$tree/dkms/l7mesh/$version/build/make.log" \
			>>"$tree/log" || :
		tap_fail "dkms build" "$(tail -n 50 "$tree/log")"
		tap_end
	fi
	tap_pass "dkms build"
	vm/run -n -- "$PWD/dkms.sh" "$tree" | sed -u '/^1\.\./d' |
		tee "$tree/guest"
	tap_check "the VM's part" grep -q "^ok .*nothing of it is left" \
		"$tree/guest"
	tap_end
}

installed() {
	dkms_in "$1" status -k "$2" | grep -q installed
}

from_dkms() {
	modinfo -n l7mesh | grep -q "^/lib/modules/$1/updates/dkms/"
}

loaded() {
	[[ -d /sys/module/l7mesh ]]
}

gone() {
	! modinfo l7mesh
}

in_vm() {
	local tree=$1 release
	release=$(uname -r)
	tap_check "dkms install" dkms_in "$tree" install -k "$release"
	tap_check "dkms says that it is installed" installed "$tree" "$release"
	tap_check "modprobe finds the one from dkms" from_dkms "$release"
	tap_check "modprobe l7mesh" modprobe l7mesh
	tap_check "it is loaded" loaded
	tap_check "rmmod" rmmod l7mesh
	tap_check "dkms remove" dkms_in "$tree" remove -k "$release"
	tap_check "nothing of it is left" gone
	tap_end
}

if [[ $# -gt 0 ]]; then
	in_vm "$1"
else
	on_host
fi

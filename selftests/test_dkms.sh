#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# DKMS takes the module from its sources to modprobe, as on a user's machine.
# Runs in the VM: what it installs is gone with it. An emulated compiler takes
# its time.
#
# timeout: 2000
#
# shellcheck disable=SC2317 # functions that are called by name

set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
# shellcheck source=selftests/lib/tap.sh
. lib/tap.sh

release=$(uname -r)
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' ../dkms.conf)

command -v dkms >/dev/null || tap_skip_all "dkms is not installed"
[[ -e /lib/modules/$release/build/Makefile ]] ||
	tap_skip_all "this kernel's headers are not there"

installed() {
	dkms status -m l7mesh -v "$version" -k "$release" | grep -q installed
}

from_dkms() {
	modinfo -n l7mesh | grep -q "^/lib/modules/$release/updates/dkms/"
}

loaded() {
	[[ -d /sys/module/l7mesh ]]
}

gone() {
	! modinfo l7mesh
}

if loaded; then
	rmmod l7mesh
fi

tap_check "the sources install" make -s -C .. dkms-source
tap_check "dkms add" dkms add -m l7mesh -v "$version"
if ! dkms build -m l7mesh -v "$version" -k "$release" >/tmp/dkms.log 2>&1; then
	cat "/var/lib/dkms/l7mesh/$version/build/make.log" >>/tmp/dkms.log || :
	tap_fail "dkms build" "$(tail -n 50 /tmp/dkms.log)"
	tap_end
fi
tap_pass "dkms build"
tap_check "dkms install" dkms install -m l7mesh -v "$version" -k "$release"
tap_check "dkms says that it is installed" installed
tap_check "modprobe finds the one from dkms" from_dkms
tap_check "modprobe l7mesh" modprobe l7mesh
tap_check "it is loaded" loaded
tap_check "rmmod" rmmod l7mesh
tap_check "dkms remove" dkms remove -m l7mesh -v "$version" -k "$release"
tap_check "nothing of it is left" gone

# The tests that follow expect the module.
insmod "$L7MESH_KO"
tap_end

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The debug kernel: Debian's linux-source-6.1 with debug.config, built into the
# cache under a name made of the configuration and the compiler, so that nothing
# is built again until one of these changes.
#
# Sourced by kernel.sh. Contract:
#   debug_kernel_folder	where it is, or will be, built. Its file "release" is
#			made last.
#   debug_kernel_build DIR	builds it there, some ten minutes on two cores
#   debug_kernel_cached	whether it is there already (for CI)

DEBUG_CONFIG=$KERNEL_LIB/debug.config
DEBUG_SOURCE=linux-source-6.1

debug_source_version() {
	local apt
	apt=$(apt_index bookworm bookworm bookworm-security) || return 1
	apt_private "$apt" apt-cache madison "$DEBUG_SOURCE" 2>/dev/null |
		awk -F' *[|] *' '{ print $2; exit }'
}

# The source's version is not in the name: a point release alone is no reason to
# build again. Remove the folder to have the newest.
debug_kernel_folder() {
	local key
	key=$(cat "$DEBUG_CONFIG" <(gcc -dumpfullversion) | sha256sum)
	echo "$(vm_cache)/kernels/debug-${key:0:12}"
}

debug_kernel_cached() {
	[[ -e $(debug_kernel_folder)/release ]]
}

# The unpacked source, for every configuration.
debug_source() {
	local apt version into
	apt=$(apt_index bookworm bookworm bookworm-security) || return 1
	version=$(debug_source_version)
	into=$(vm_cache)/source/$version
	if [[ ! -e $into/Makefile ]]; then
		kernel_note "unpacking $DEBUG_SOURCE $version"
		rm -rf "$into" "$into.new" "$into.deb"
		deb_fetch "$apt" "$into.deb" "$DEBUG_SOURCE" || return 1
		mkdir -p "$into.new"
		tar -C "$into.new" --strip-components=1 \
			-xf "$into.deb/usr/src/$DEBUG_SOURCE.tar.xz" || return 1
		rm -rf "$into.deb"
		mv "$into.new" "$into"
	fi
	echo "$into"
}

# debug_configure SOURCE OBJECTS: .config, exactly as debug.config asks.
debug_configure() {
	local lost
	make -s -C "$1" O="$2" KCONFIG_ALLCONFIG="$DEBUG_CONFIG" allnoconfig ||
		return 1
	lost=$(grep -E '^(# )?CONFIG_' "$DEBUG_CONFIG" |
		grep -vxFf "$2/.config") || true
	[[ -z $lost ]] || {
		kernel_note "the kernel's rules do not allow $lost"
		return 1
	}
}

debug_kernel_build() {
	local source dir=$1 objects=$1/objects
	deps_need kernel || return 1
	source=$(debug_source) || return 1
	mkdir -p "$objects"
	kernel_note "building the debug kernel in $dir"
	{
		debug_configure "$source" "$objects" &&
			make -s -C "$source" O="$objects" -j "$(nproc)" \
				bzImage modules &&
			make -s -C "$source" O="$objects" \
				INSTALL_MOD_PATH="$dir" modules_install
	} >"$dir/log" 2>&1 || {
		tail -n 20 "$dir/log" >&2
		return 1
	}
	make -s -C "$source" O="$objects" kernelrelease >"$dir/release.new"
	mv "$dir/release.new" "$dir/release"
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the module and meshctl of a tree for one kernel, in the cache: the tree
# stays untouched, and kernels and trees do not meet.
#
# Sourced, after kernel.sh. Contract:
#   build_into TREE KDIR DIR	leaves DIR/l7mesh.ko and DIR/bin/meshctl, as
#				far as TREE has sources of them. Prints only
#				what a failing build said, to stderr.

# What a build reads, relative to the tree.
build_files() {
	find Kbuild Makefile dkms.conf module uapi tools -type f \
		! -name '*.o' ! -name '*.ko' ! -name '*.cmd' ! -name '*.mod*' \
		! -name '*.a' ! -name '*.d' -print0 2>/dev/null || true
}

# Copy $1's sources to $2: what did not change keeps its date, so that the
# build is incremental, and what is gone from $1 goes from $2.
build_sync() {
	local tree=$1 copy=$2 file
	mkdir -p "$copy"
	(cd "$tree" && build_files) >"$copy/.files.new"
	if [[ -e $copy/.files ]]; then
		while IFS= read -r -d '' file; do
			rm -f "${copy:?}/$file"
		done < <(LC_ALL=C comm -z -23 \
			<(LC_ALL=C sort -z "$copy/.files") \
			<(LC_ALL=C sort -z "$copy/.files.new"))
	fi
	(cd "$tree" && xargs -0 -r cp -p -u --parents -t "$copy") \
		<"$copy/.files.new"
	mv "$copy/.files.new" "$copy/.files"
}

# The tool that was built for this machine in the tree is of no use here, and
# neither are its objects.
build_one() {
	local log=$1
	shift
	if ! "$@" >"$log" 2>&1; then
		kernel_note "the build failed: $*"
		cat "$log" >&2
		return 1
	fi
}

build_into() {
	local tree=$1 kdir=$2 into=$3 copy key lock rc=0
	key=$(cksum <<<"$tree" | tr -d ' ')-$(cksum <<<"$kdir" | tr -d ' ')
	copy=$(vm_cache)/build/$key${L7MESH_DEBUG:+-debug$L7MESH_DEBUG}
	mkdir -p "$copy" "$into/bin"
	exec {lock}>"$copy/.lock"
	flock "$lock"
	build_copy "$tree" "$kdir" "$into" "$copy" {lock}>&- || rc=1
	exec {lock}>&-
	return $rc
}

build_copy() {
	local tree=$1 kdir=$2 into=$3 copy=$4
	build_sync "$tree" "$copy" || return 1
	if [[ -n $(find "$copy/module" -name '*.c' 2>/dev/null) ]]; then
		build_one "$copy/.log" make -s -C "$copy" -j "$(nproc)" \
			KDIR="$kdir" module || return 1
		cp "$copy/l7mesh.ko" "$into/l7mesh.ko"
	fi
	if [[ -e $copy/tools/meshctl/Makefile ]]; then
		build_one "$copy/.log" make -s -C "$copy/tools/meshctl" \
			-j "$(nproc)" || return 1
		cp "$copy/tools/meshctl/meshctl" "$into/bin/meshctl"
	fi
}

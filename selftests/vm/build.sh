# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the module and meshctl of a tree for one kernel, in the cache: the tree
# stays untouched, and kernels and trees do not meet.
#
# Sourced, after kernel.sh. Contract:
#   build_into TREE KDIR DIR	leaves DIR/l7mesh.ko, DIR/bin/meshctl and, for a
#				debug build, DIR/l7fail.ko, as far as TREE has
#				sources of them. Prints only what a failing
#				build said, to stderr. For $KERNEL_ROOT, the
#				module is built in there.
#   build_folder TREE KDIR	where that is done
#   build_sync TREE COPY	makes COPY's sources those of TREE

build_folder() {
	local key
	key=$(cksum <<<"$1" | tr -d ' ')-$(cksum <<<"$2" | tr -d ' ')
	echo "$(vm_cache)/build/$key${L7MESH_DEBUG:+-debug$L7MESH_DEBUG}"
}

# A digest and a name for each file that a build reads, sorted. What a build of
# the tree itself left is no source.
build_sources() {
	(cd "$1" && find Kbuild Makefile dkms.conf module uapi tools \
		selftests/kmod -type f \
		! -name '*.o' ! -name '*.ko' ! -name '*.cmd' ! -name '*.mod*' \
		! -name '*.a' ! -name '*.d' ! -name '*.pyc' \
		! -path tools/meshctl/meshctl -print0 2>/dev/null |
		xargs -0 -r sha256sum) | LC_ALL=C sort
}

# Only what changed is copied, so that a build is incremental; what is gone
# from the tree goes from the copy.
build_sync() {
	local tree=$1 copy=$2 name
	mkdir -p "$copy"
	touch "$copy/.sources"
	build_sources "$tree" >"$copy/.sources.new"
	LC_ALL=C comm -23 "$copy/.sources" "$copy/.sources.new" |
		while read -r _ name; do
			rm -f "${copy:?}/$name"
		done
	LC_ALL=C comm -13 "$copy/.sources" "$copy/.sources.new" |
		sed 's/^[^ ]*  //' | tr '\n' '\0' |
		(cd "$tree" && xargs -0 -r cp --parents -t "$copy")
	mv "$copy/.sources.new" "$copy/.sources"
}

build_step() {
	local log=$1
	shift
	if ! "$@" >"$log" 2>&1; then
		kernel_note "the build failed: $*"
		cat "$log" >&2
		return 1
	fi
}

build_copy() {
	local tree=$1 kdir=$2 copy=$3 rc=0
	local -a inside
	build_sync "$tree" "$copy" || return 1
	# Even a make that finds nothing to do takes most of a second.
	cmp -s "$copy/.sources" "$copy/.built" && return 0
	rm -f "$copy/.built"
	rm -f "$copy/l7mesh.ko" "$copy/tools/meshctl/meshctl"
	if [[ -e $copy/tools/meshctl/Makefile ]]; then
		build_step "$copy/.log" make -s -C "$copy/tools/meshctl" \
			-j "$(nproc)" || rc=1
	fi
	if [[ -n $(find "$copy/module" -name '*.c' 2>/dev/null) ]]; then
		[[ -z ${KERNEL_ROOT:-} ]] || inside=(root_run "$KERNEL_ROOT")
		build_step "$copy/.log" ${inside[@]+"${inside[@]}"} \
			make -s -C "$copy" -j "$(nproc)" KDIR="$kdir" module ||
			rc=1
	fi
	if [[ $rc == 0 && -e $tree/selftests/tail_calls ]]; then
		build_step "$copy/.log" "$tree/selftests/tail_calls" "$copy" ||
			rc=1
	fi
	# A debug kernel can do what the tests' own module asks of it.
	if [[ -n ${L7MESH_DEBUG:-} && -e $copy/selftests/kmod/Kbuild ]]; then
		build_step "$copy/.log" make -s -C "$kdir" \
			M="$copy/selftests/kmod" modules || rc=1
	fi
	[[ $rc != 0 ]] || cp "$copy/.sources" "$copy/.built"
	return $rc
}

build_locked() {
	local copy=$3 into=$4 rc=0
	build_copy "$1" "$2" "$copy" || rc=1
	# A copy of their own, so that the next build takes nothing from under
	# the VM that is running.
	[[ ! -e $copy/l7mesh.ko ]] || cp "$copy/l7mesh.ko" "$into/"
	[[ ! -e $copy/selftests/kmod/l7fail.ko ]] ||
		cp "$copy/selftests/kmod/l7fail.ko" "$into/"
	[[ ! -e $copy/tools/meshctl/meshctl ]] ||
		cp "$copy/tools/meshctl/meshctl" "$into/bin/"
	return $rc
}

build_into() {
	local copy lock rc=0
	copy=$(build_folder "$1" "$2")
	mkdir -p "$copy" "$3/bin"
	exec {lock}>"$copy/.lock"
	flock "$lock"
	build_locked "$1" "$2" "$copy" "$3" {lock}>&- || rc=1
	exec {lock}>&-
	return $rc
}

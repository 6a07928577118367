# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Kernels for the VM: fetched, unpacked and cached, never installed.
#
# Sourced. Contract:
#   kernel_prepare SPEC	SPEC is a version (6.1, 6.12, 7), "sid" (the newest that
#			Debian has), "debug" (see debug.sh), or the path of a
#			bzImage or vmlinux. Sets
#     KERNEL_IMAGE	what QEMU boots (uncompressed when that is possible:
#			Debian's xz takes seconds to unpack under emulation)
#     KERNEL_RELEASE	what uname -r will say
#     KERNEL_MODULES	its lib/modules/RELEASE folder, or empty
#     KERNEL_BUILD	the headers' folder to build modules against, or empty
#     KERNEL_ROOT	the folder to build them in (see root.sh), or empty: here
#     KERNEL_INITRD	the initramfs that mounts the host's root
#   vm_cache		the cache's folder
#
# Everything comes from the archive that this machine's own apt is set up
# for; apt runs with lists and caches of its own, and needs no root.
# The library prints to stderr only, and returns non-zero on failure.
#
# shellcheck disable=SC2034 # the KERNEL_ variables are for who sources this

KERNEL_LIB=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

# shellcheck source=selftests/vm/debug.sh
. "$KERNEL_LIB/debug.sh"
# shellcheck source=selftests/vm/root.sh
. "$KERNEL_LIB/root.sh"

# Whose packages are fetched, in Debian's words; cross.sh has others.
KERNEL_ARCH=amd64

# What the initramfs must load before it can mount the host's root.
BOOT_MODULES="virtio_pci virtio_console 9p 9pnet_virtio overlay"

vm_cache() {
	echo "${XDG_CACHE_HOME:-$HOME/.cache}/l7mesh"
}

kernel_note() {
	echo "vm: $*" >&2
}

# The base URL of the suite that this machine was installed from ($1 is empty)
# or of its security updates ($1 is -security), from apt's own configuration,
# whose lists may be absent (a fresh image).
archive_base() {
	local codename
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	apt-get indextargets --no-release-info \
		--format "\$(RELEASE) \$(COMPONENT) \$(REPO_URI)" \
		'Created-By: Packages' 2>/dev/null |
		awk -v want="$codename$1" '$2 == "main" && $1 == want {
			print $3; exit }'
}

# The apt sources that may carry a kernel, oldest distribution first: one
# candidate a line, a label and then its suites, the distribution's own first.
kernel_suites() {
	cat <<-END
		bookworm bookworm bookworm-security
		backports bookworm bookworm-security bookworm-backports
		trixie trixie trixie-security
		trixie-backports trixie trixie-security trixie-backports
		sid sid
	END
}

# apt_private DIR ARG...: apt-get or apt-cache with nothing of the system's but
# its proxies and keys.
apt_private() {
	local dir=$1 tool=$2
	shift 2
	"$tool" -qq -o Dir::Etc::sourcelist="$dir/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State="$dir/state" -o Dir::State::status=/dev/null \
		-o Dir::Cache="$dir/cache" -o APT::Sandbox::User=root \
		-o APT::Architecture="$KERNEL_ARCH" \
		-o APT::Architectures::="$KERNEL_ARCH" \
		-o APT::Architectures::=amd64 -o Debug::NoLocking=1 \
		-o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

# apt_index LABEL SUITE...: make (or renew, daily) the lists of these suites;
# prints the folder to give to apt_private.
apt_index() {
	local dir suite base keys
	dir=$(vm_cache)/apt/$1
	[[ $KERNEL_ARCH == amd64 ]] || dir+=-$KERNEL_ARCH
	shift
	if [[ -n $(find "$dir/stamp" -mmin -1440 2>/dev/null) ]]; then
		echo "$dir"
		return
	fi
	mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	for suite; do
		case $suite in
		*-security) base=$(archive_base -security) ;;
		*) base=$(archive_base "") ;;
		esac
		if [[ -z $base ]]; then
			kernel_note "apt's sources name no archive for $suite"
			return 1
		fi
		echo "deb [signed-by=$keys] $base $suite main"
	done >"$dir/sources.list"
	apt_private "$dir" apt-get update >&2 || return 1
	touch "$dir/stamp"
	echo "$dir"
}

# deb_fetch DIR INTO PACKAGE...: download and unpack packages; INTO is the root
# to unpack them in.
deb_fetch() {
	local apt=$1 into=$2 tmp deb
	shift 2
	tmp=$(mktemp -d "$(vm_cache)/fetch.XXXXXX")
	if ! (cd "$tmp" && apt_private "$apt" apt-get download "$@" >&2); then
		rm -rf "$tmp"
		return 1
	fi
	mkdir -p "$into"
	for deb in "$tmp"/*.deb; do
		dpkg-deb -x "$deb" "$into" || return 1
	done
	rm -rf "$tmp"
}

# deb_depends DIR PACKAGE REGEX: the dependencies of PACKAGE that match REGEX.
deb_depends() {
	apt_private "$1" apt-cache depends "$2" 2>/dev/null |
		awk '$1 == "Depends:" { print $2 }' | grep -E -- "$3"
}

# The version of linux-image-ARCH in the lists at $1 that answers to spec $2.
kernel_version_of() {
	apt_private "$1" apt-cache madison "linux-image-$KERNEL_ARCH" 2>/dev/null |
		awk -F' *[|] *' -v spec="$2" '
			spec == "sid" || index($2 ".", spec ".") == 1 {
				print $2; exit }'
}

# kernel_locate SPEC: prints "DIR SUITE VERSION", the lists that have it, the
# distribution, and the version of the metapackage.
kernel_locate() {
	local label suites dir version
	while read -r label suites; do
		[[ $1 != sid || $label == sid ]] || continue
		# shellcheck disable=SC2086 # a list of suites
		dir=$(apt_index "$label" $suites) || continue
		version=$(kernel_version_of "$dir" "$1")
		if [[ -n $version ]]; then
			echo "$dir ${suites%% *} $version"
			return
		fi
	done < <(kernel_suites)
	kernel_note "no Debian suite has a kernel $1"
	return 1
}

# headers_relocate FOLDER INTO: the headers' files name each other by absolute
# path, as if installed: make those paths name the copies unpacked in FOLDER,
# which will be called INTO.
headers_relocate() {
	local root=$1 into=$2 file link
	while IFS= read -r -d '' file; do
		sed -i -E "s#(^|[ =])/usr/(src|lib)/linux-#\1$into/usr/\2/linux-#g" \
			"$file"
	done < <(find "$root"/usr/src -maxdepth 2 \
		\( -name Makefile -o -name .kernelvariables \) -type f -print0)
	while IFS= read -r -d '' link; do
		ln -sfn "$into$(readlink "$link")" "$link"
	done < <(find "$root"/usr/src "$root"/lib "$root"/usr/lib -type l \
		-lname '/usr/*' -print0 2>/dev/null)
}

# What it takes to build modules for the headers $2 in the lists $1, when the
# headers say which compiler that is (newer ones do).
kernel_builder() {
	local compiler
	compiler=$(deb_depends "$1" "$2" '^gcc-[0-9]+' | head -n 1) || return 0
	echo "$compiler" | grep -oE '^gcc-[0-9]+'
	echo make
	deb_depends "$1" "$3" '^(lib|pahole)'
}

# The newest packages have kernel and configuration among the modules.
kernel_boot_folder() {
	local file
	mkdir -p "$1/boot"
	for file in vmlinuz config; do
		[[ -e $1/boot/$file-$2 ]] || ln -s \
			"../lib/modules/$2/$file" "$1/boot/$file-$2"
	done
}

# kernel_fetch SPEC INTO: everything of that kernel, unpacked into INTO.
kernel_fetch() {
	local spec=$1 into=$2 located apt suite version image headers common
	local kbuild release tmp=$2.new
	local -a parts
	located=$(kernel_locate "$spec") || return 1
	read -r apt suite version <<<"$located"
	image=$(deb_depends "$apt" "linux-image-amd64=$version" \
		'^linux-image-') || return 1
	headers=$(deb_depends "$apt" "linux-headers-amd64=$version" \
		'^linux-headers-') || return 1
	common=$(deb_depends "$apt" "$headers" '^linux-headers-.*-common') ||
		return 1
	kbuild=$(deb_depends "$apt" "$headers" '^linux-kbuild-') || return 1
	release=${headers#linux-headers-}
	# Newer images are divided into kernel, modules and configuration.
	mapfile -t parts < <(deb_depends "$apt" "$image" \
		"^linux-(base|binary|modules)-${release//+/[+]}\$")
	kernel_note "fetching $image $version"
	rm -rf "$tmp"
	deb_fetch "$apt" "$tmp" "$image" ${parts[@]+"${parts[@]}"} \
		"$headers" "$common" "$kbuild" || return 1
	echo "$suite $version" >"$tmp/suite"
	kernel_builder "$apt" "$headers" "$kbuild" >"$tmp/builder"
	# Debian 13 and later ship /usr/lib/modules; one name is enough here.
	if [[ ! -d $tmp/lib/modules ]]; then
		mkdir -p "$tmp/lib"
		ln -s ../usr/lib/modules "$tmp/lib/modules"
	fi
	echo "$release" >"$tmp/release"
	depmod -b "$tmp" "$release" || return 1
	kernel_boot_folder "$tmp" "$release"
	vmlinux_prepare "$tmp/boot/vmlinuz-$release" "$tmp/vmlinux" || true
	headers_relocate "$tmp" "$into"
	rm -f "$tmp/lib/modules/$release"/{build,source}
	ln -s "$into/usr/src/linux-headers-$release" \
		"$tmp/lib/modules/$release/build"
	rm -rf "$into"
	mv "$tmp" "$into"
}

# The unsigned number of $3 bytes at offset $2 of file $1.
le() {
	od -An -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '
}

# A bzImage of boot protocol 2.08 or later, which says where its payload lies.
is_bzimage() {
	[[ $(le "$1" $((0x202)) 4) -eq $((0x53726448)) && # HdrS
		$(le "$1" $((0x206)) 2) -ge $((0x208)) ]]
}

# kernel_release_of IMAGE: what uname -r will say. A bzImage's header points at
# its version; an ELF has it in its banner.
kernel_release_of() {
	if is_bzimage "$1"; then
		dd if="$1" bs=1 skip=$((0x200 + $(le "$1" $((0x20e)) 2))) \
			count=128 status=none | tr '\0' '\n' |
			awk '{ print $1; exit }'
	else
		grep -aom1 -E 'Linux version [0-9][^ ]* ' "$1" |
			awk '{ print $3; exit }'
	fi
}

# vmlinux_extract BZIMAGE: the ELF inside, on stdout. The boot protocol's header
# says where the compressed payload lies; its magic says how to unpack it.
vmlinux_extract() {
	local setup offset length start magic unpack
	is_bzimage "$1" || return 1
	setup=$(le "$1" $((0x1f1)) 1)
	offset=$(le "$1" $((0x248)) 4)
	length=$(le "$1" $((0x24c)) 4)
	start=$(((setup + 1) * 512 + offset))
	magic=$(od -An -t x1 -j "$start" -N 4 "$1" | tr -d ' ')
	case $magic in
	fd377a58) unpack="xz -dc --single-stream" ;;
	1f8b*) unpack="gzip -dc" ;;
	28b52ffd) unpack="zstd -dcq" ;;
	*) return 1 ;;
	esac
	# The payload's last four bytes are its unpacked size, no part of it.
	dd if="$1" bs=64K iflag=skip_bytes,count_bytes status=none \
		skip="$start" count=$((length - 4)) | $unpack
}

# vmlinux_prepare BZIMAGE OUTPUT: the ELF inside, where QEMU can start that: by its
# PVH entry, which a note of Xen's tells.
vmlinux_prepare() {
	if vmlinux_extract "$1" >"$2.new" && LC_ALL=C readelf -nW "$2.new" |
		grep -E '^ *Xen .*0x00000012' >/dev/null
	then
		mv "$2.new" "$2"
		return
	fi
	rm -f "$2.new"
	return 1
}

# The files of module $2 and all it needs in modules folder $1, in load order.
module_files() {
	local dir=$1 name=$2 line
	line=$(grep -E "(^|/)${name//_/[_-]}\.ko(\.[a-z]+)?:" \
		"$dir/modules.dep") || return 0	# built in
	# modules.dep lists what must be loaded first last.
	tr -d ':' <<<"$line" | tr ' ' '\n' | sed '/^$/d' | tac
}

# initrd_make MODULES-DIR OUTPUT: busybox, the boot modules and vm/init.
initrd_make() {
	local dir=$1 out=$2 tmp name file plain
	tmp=$(mktemp -d "$(vm_cache)/initrd.XXXXXX")
	mkdir -p "$tmp"/{bin,dev,proc,lib,host,run,root}
	cp "$(command -v busybox)" "$tmp/bin/busybox"
	cp "$KERNEL_LIB/init" "$tmp/init"
	chmod 755 "$tmp/init"
	: >"$tmp/lib/order"
	for name in $BOOT_MODULES; do
		[[ -n $dir ]] || break
		for file in $(module_files "$dir" "$name"); do
			plain=$(basename "$file")
			plain=${plain%%.ko*}.ko
			[[ -e $tmp/lib/$plain ]] && continue
			case $file in
			*.xz) xz -dc "$dir/$file" ;;
			*.zst) zstd -dcq "$dir/$file" ;;
			*.gz) gzip -dc "$dir/$file" ;;
			*) cat "$dir/$file" ;;
			esac >"$tmp/lib/$plain"
			echo "$plain" >>"$tmp/lib/order"
		done
	done
	(cd "$tmp" && find . | cpio -o -H newc --quiet -R 0:0) >"$out.new" &&
		mv "$out.new" "$out"
	rm -rf "$tmp"
}

# initrd_prepare DIR: $KERNEL_INITRD in DIR is newer than what it is made from.
initrd_prepare() {
	KERNEL_INITRD=$1/initrd
	if [[ ! -e $KERNEL_INITRD || $KERNEL_LIB/init -nt $KERNEL_INITRD ||
		$KERNEL_LIB/kernel.sh -nt $KERNEL_INITRD ]]; then
		initrd_make "$KERNEL_MODULES" "$KERNEL_INITRD"
	fi
}

kernel_from_archive() {
	local spec=$1 dir
	dir=$(vm_cache)/kernels/$spec
	if [[ ! -e $dir/builder ]]; then
		with_lock archive kernel_fetch "$spec" "$dir" || return 1
	fi
	KERNEL_RELEASE=$(<"$dir/release")
	KERNEL_IMAGE=$dir/boot/vmlinuz-$KERNEL_RELEASE
	[[ -e $dir/vmlinux ]] && KERNEL_IMAGE=$dir/vmlinux
	KERNEL_MODULES=$dir/lib/modules/$KERNEL_RELEASE
	KERNEL_BUILD=$dir/usr/src/linux-headers-$KERNEL_RELEASE
	kernel_root "$dir" || return 1
	initrd_prepare "$dir"
}

# Where the compiler that the headers name is not on this machine, modules are
# built in a folder with the distribution that the kernel is from.
kernel_root() {
	local suite version
	local -a builder
	KERNEL_ROOT=
	mapfile -t builder <"$1/builder"
	if [[ ${#builder[@]} -gt 0 ]] && ! command -v "${builder[0]}" >/dev/null
	then
		read -r suite version <"$1/suite"
		KERNEL_ROOT=$(root_prepare "$suite" "$version" "${builder[@]}")
	fi
}

kernel_from_source() {
	local dir
	dir=$(debug_kernel_folder)
	[[ -e $dir/release ]] || debug_kernel_build "$dir" || return 1
	KERNEL_RELEASE=$(<"$dir/release")
	KERNEL_IMAGE=$dir/objects/arch/x86/boot/bzImage
	KERNEL_MODULES=$dir/lib/modules/$KERNEL_RELEASE
	KERNEL_ROOT=
	KERNEL_BUILD=$dir/objects
	initrd_prepare "$dir"
}

# A kernel of the caller's: its modules are looked for beside it (as "make
# modules_install INSTALL_MOD_PATH=" puts them), up the folders of its source
# tree, and then among the host's.
kernel_from_path() {
	local image dir base
	image=$(readlink -f "$1")
	KERNEL_RELEASE=$(kernel_release_of "$image")
	[[ -n $KERNEL_RELEASE ]] || {
		kernel_note "$1 is not a kernel image"
		return 1
	}
	KERNEL_MODULES=
	KERNEL_ROOT=
	KERNEL_BUILD=
	base=$(dirname "$image")
	for dir in "$base" "$base/.." "$base/../../.." ""; do
		[[ -d $dir/lib/modules/$KERNEL_RELEASE ]] || continue
		KERNEL_MODULES=$(readlink -f "$dir/lib/modules/$KERNEL_RELEASE")
		break
	done
	for dir in "$KERNEL_MODULES/build" "$base/../../.."; do
		[[ -e $dir/Makefile && -e $dir/.config ]] || continue
		KERNEL_BUILD=$(readlink -f "$dir")
		break
	done
	dir=$(vm_cache)/kernels/path-$(cksum <<<"$image" | tr -d ' ')
	mkdir -p "$dir"
	if [[ ! -e $dir/kernel || $image -nt $dir/initrd ]]; then
		rm -f "$dir/initrd" "$dir/kernel"
		vmlinux_prepare "$image" "$dir/kernel" ||
			ln -s "$image" "$dir/kernel"
	fi
	KERNEL_IMAGE=$dir/kernel
	initrd_prepare "$dir"
}

# with_lock NAME COMMAND...: COMMAND, with nobody else under NAME meanwhile.
with_lock() {
	local lock rc=0
	exec {lock}>"$(vm_cache)/.lock-$1"
	flock "$lock"
	shift
	"$@" {lock}>&- || rc=$?
	exec {lock}>&-
	return $rc
}

# Runs that want the same kernel wait for the first to fetch it; those that
# have theirs already wait for nobody.
kernel_prepare() {
	mkdir -p "$(vm_cache)/kernels"
	case $1 in
	debug) with_lock kernel-debug kernel_from_source ;;
	*/*) with_lock kernel-path kernel_from_path "$1" ;;
	*) with_lock "kernel-$1" kernel_from_archive "$1" ;;
	esac
}

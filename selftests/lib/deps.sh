#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The Debian packages that the project's own commands need.
#
# Sourced, or run as "deps.sh SET...", which is deps_need. Contract:
#   deps_need SET...	every package of these sets is installed when it
#			returns 0. As root it installs what is missing; as
#			anyone else it says which command to run, and returns 1.
#			Nothing missing, nothing run but one dpkg-query.

deps_of() {
	case $1 in
	build)
		echo gcc make libc6-dev libmnl-dev libyaml-dev libjansson-dev \
			libc-ares-dev \
			pkg-config libxxhash-dev libelf1
		;;
	gen) echo python3 python3-yaml ;;
	kernel) echo gcc make bc bison flex libelf-dev libssl-dev xz-utils ;;
	root) echo debootstrap util-linux ;;
	cross) echo gcc-aarch64-linux-gnu gcc make libelf1 ;;
	fuzz) echo clang libclang-rt-dev libxxhash-dev libnghttp2-dev ;;
	headers) echo linux-headers-amd64 ;;
	vm)
		echo qemu-system-x86 busybox-static cpio kmod zstd xz-utils \
			iproute2 util-linux procps python3
		;;
	check)
		echo sparse shellcheck perl xz-utils python3 python3-yaml \
			coccinelle clang libclang-rt-dev libxxhash-dev \
			pyflakes3
		;;
	tests)
		echo iproute2 curl nginx-light haproxy wrk python3 python3-yaml \
			nodejs dkms jq iptables nftables tcpdump socat iperf3 \
			conntrack bash-completion mandoc procps psmisc \
			netcat-openbsd ethtool liburing-dev gcc libc6-dev make \
			apache2-bin apache2-utils lighttpd varnish \
			nghttp2-client slowhttptest dnsmasq-base ipvsadm openssl \
			bind9-dnsutils ngtcp2-client ngtcp2-server
		;;
	bench) echo gcc make libc6-dev libxxhash-dev valgrind libhttp-parser-dev \
			libh2o0.13 libnghttp2-dev ;;
	compare) echo gcc libc6-dev clang libbpf-dev ipvsadm nftables socat git ;;
	plots) echo python3-matplotlib ;;
	load)
		echo redis-server redis-tools postgresql libpython3.11-testsuite \
			openssh-server openssh-client slirp4netns \
			linux-libc-dev
		;;
	*) return 1 ;;
	esac
}

# Those of the packages $@ that are not installed.
deps_missing() {
	local package state
	for package; do
		state=$(dpkg-query -W -f '${db:Status-Status}' "$package" \
			2>/dev/null) || state=
		[[ $state == installed ]] || echo "$package"
	done
}

deps_need() {
	local -a all=() missing
	local set
	for set; do
		# shellcheck disable=SC2207 # package names
		all+=($(deps_of "$set"))
	done
	# shellcheck disable=SC2207
	missing=($(deps_missing "${all[@]}"))
	[[ ${#missing[@]} -gt 0 ]] || return 0
	if [[ $(id -u) != 0 ]]; then
		echo "These packages are missing. Run, as root:" >&2
		echo "  apt-get install ${missing[*]}" >&2
		return 1
	fi
	echo "installing ${missing[*]}" >&2
	deps_install "${missing[@]}" >&2
}

# The package lists may be absent (a fresh image) or old: they are fetched once
# if the first try fails. Services that packages bring are not started, the
# tests start their own.
deps_install() {
	local -a install=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
		apt-get install -qq -y --no-install-recommends
		-o DPkg::Lock::Timeout=300 "$@")
	"${install[@]}" </dev/null || {
		apt-get update -qq </dev/null && "${install[@]}" </dev/null
	}
}

[[ ${BASH_SOURCE[0]} != "$0" ]] || deps_need "$@"

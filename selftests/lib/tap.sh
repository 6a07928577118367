# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# TAP for shell tests. Sourced. Contract:
#   tap_is NAME GOT WANTED	passes if they are the same; else shows both
#   tap_check NAME COMMAND...	passes if COMMAND succeeds; else shows its output
#   tap_pass NAME		tap_fail NAME [WHY]
#   tap_skip NAME WHY		a failure if EXPECT_ALL_FEATURES=1
#   tap_skip_all WHY		for a test that cannot run here: leaves with 4
#   tap_outcome COMMAND...	prints its exit status and what it says, for tap_is
#   tap_end			prints the plan and leaves: 1 if any failed
# WHY and output become diagnostics ("# ..."), on stdout like everything.

tap_count=0
tap_failed=0

tap_note() {
	echo "# ${*//$'\n'/$'\n# '}"
}

tap_pass() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

tap_fail() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	[[ $# -lt 2 ]] || tap_note "$2"
}

tap_is() {
	if [[ $2 == "$3" ]]; then
		tap_pass "$1"
	else
		tap_fail "$1" "got:    $2"$'\n'"wanted: $3"
	fi
}

tap_check() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		tap_pass "$name"
	else
		tap_fail "$name" "$output"
	fi
}

tap_outcome() {
	local output rc=0
	output=$("$@" 2>&1 </dev/null) || rc=$?
	printf '%s %s' "$rc" "$output"
}

tap_skip() {
	if [[ ${EXPECT_ALL_FEATURES:-0} == 1 ]]; then
		tap_fail "$1" "skipped: $2"
		return
	fi
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

tap_skip_all() {
	echo "1..0 # SKIP $1"
	exit 4
}

tap_end() {
	echo "1..$tap_count"
	exit $((tap_failed > 0))
}

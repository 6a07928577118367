#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves what vm/run and lib/queue.sh promise, on the host, as TAP. It works on a
# copy of the harness with a module of its own, which does nothing but fail on
# demand, so it says nothing about l7mesh, and needs nothing of it.

# shellcheck disable=SC2016 # what the guest is to expand
# shellcheck disable=SC2317 # functions that are called by name

set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=selftests/lib/tap.sh
. "$here/../lib/tap.sh"
# shellcheck source=selftests/vm/kernel.sh
. "$here/kernel.sh"
# shellcheck source=selftests/vm/build.sh
. "$here/build.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/l7mesh-vm-selftest.XXXXXX")
clone="$work/a clone"
vm="$clone/selftests/vm/run"

clean_up() {
	rm -rf "$(build_folder "$(readlink -f "$work/kernel-tree")" \
		"$(vm_cache)/kernels/6.1/usr/src/linux-headers-$(uname_of)")"
	rm -rf "$work"
}

uname_of() {
	cat "$(vm_cache)/kernels/6.1/release" 2>/dev/null || true
}

# A tree such as a clean clone is, less what the harness does not look at.
make_clone() {
	local root=$here/../..
	mkdir -p "$work/kernel-tree/selftests/lib" "$work/kernel-tree/module"
	ln -s kernel-tree "$clone"
	cp "$root/Kbuild" "$root/Makefile" "$root/dkms.conf" "$clone/"
	cp -R "$here" "$clone/selftests/vm"
	cp "$here/../run" "$clone/selftests/"
	cp "$here/../lib/deps.sh" "$here/../lib/queue.sh" "$clone/selftests/lib/"
	cat >"$clone/module/main.c" <<-'END'
		// SPDX-License-Identifier: GPL-2.0
		#include <linux/module.h>
		#include <linux/smp.h>

		static bool leave_warns;
		module_param(leave_warns, bool, 0600);

		static noinline void hang_here(void *unused)
		{
			for (;;)
				barrier();
		}

		static int fail(const char *how, const struct kernel_param *kp)
		{
			WARN(!strncmp(how, "warn", 4), "as was asked for\n");
			if (!strncmp(how, "oops", 4))
				*(volatile int *)8 = 1;
			if (!strncmp(how, "hang", 4))
				on_each_cpu(hang_here, NULL, 0);
			return 0;
		}

		static const struct kernel_param_ops fail_ops = { .set = fail };
		module_param_cb(fail, &fail_ops, NULL, 0200);

		static int __init test_init(void)
		{
			return 0;
		}

		static void __exit test_exit(void)
		{
			WARN(leave_warns, "on the way out\n");
		}

		module_init(test_init);
		module_exit(test_exit);
		MODULE_DESCRIPTION("Fails on demand");
		MODULE_LICENSE("GPL");
	END
}

# run_vm ARG...: sets $rc, $out and $err.
run_vm() {
	rc=0
	"$vm" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || rc=$?
	out=$(tr -d '\0' <"$work/stdout")
	err=$(tr -d '\0' <"$work/stderr")
}

# vm_is NAME GOT WANTED: tap_is; if it fails, what the last run_vm said is shown.
vm_is() {
	tap_is "$@"
	[[ $2 == "$3" ]] || tap_note "$(tail -n 40 "$work/stderr")"
}

fail_by() {
	echo "echo before; echo $1 >/sys/module/l7mesh/parameters/fail"
}

test_output() {
	run_vm -- sh -c 'echo out; echo err >&2; exit 3'
	vm_is "the exit status is the command's" "$rc" 3
	vm_is "its stdout is the command's, and nothing else" "$out" out
	vm_is "its stderr is the command's, and nothing else" "$err" err
}

test_world() {
	local there=$work/kernel-tree/folder
	mkdir -p "$there/folder"
	echo content >"$there/file"
	echo content >"$there/folder/file"
	cd "$there"
	run_vm -o "$work/results" -- bash -c 'set -e
		pwd; cat file; echo "$1"; id -u
		lsmod | grep -c "^l7mesh "
		echo changed >file; rm -r folder; cat file; ls
		printf %s kept >"$OUT/result"
		mount | grep -cE "^(proc|sys|bpf|cgroup2|debugfs) on "
		modprobe -a veth bridge ip_vs nf_tables && echo modules
		ip netns add x && ip netns exec x true && echo netns
		test -e /lib/modules/$(uname -r)/build/Makefile && echo headers
		test -c /dev/null && echo >/dev/null && cat <(echo dev)
		' arg0 'two  words $HOME *'
	cd /
	vm_is "it sees the host, as root, with the module" "$out" \
		"$there"$'\n'"content"$'\n'"two  words \$HOME *"$'\n'"0
1
changed
file
5
modules
netns
headers
dev"
	vm_is "it ends well" "$rc $err" "0 "
	tap_is "the host keeps its files" \
		"$(cat "$there/file" "$there/folder/file")" content$'\n'content
	tap_is "\$OUT comes back" "$(<"$work/results/result")" kept
}

test_without_module() {
	run_vm -n -- sh -c 'lsmod | grep -q "^l7mesh " && echo loaded
		insmod "$L7MESH_KO" && lsmod | grep -c "^l7mesh "'
	vm_is "-n does not load it, and says where it is" "$rc $out" "0 1"
}

test_binary() {
	head -c 10485760 /dev/urandom >"$work/binary"
	run_vm -n -- cat "$work/binary"
	tap_check "10 MiB of binary output arrive intact" \
		cmp "$work/binary" "$work/stdout"
}

test_not_found() {
	run_vm -n -- "$work/no-such-command"
	vm_is "a command that is not there is 127" "$rc" 127
}

test_timeout() {
	run_vm -t 3 -n -- sh -c 'echo before; sleep 300'
	vm_is "a command that takes too long is 124" "$rc $out" "124 before"
	run_vm -t 3 -n -- sh -c 'trap "" TERM; while :; do sleep 1; done'
	vm_is "a command that will not die is 124" "$rc" 124
}

test_reports() {
	run_vm -- sh -c "$(fail_by warn); echo after; exit 0"
	vm_is "a WARN is 99, the command's output is all there" \
		"$rc $out" $'99 before\nafter'
	tap_check "the WARN is printed" grep -q "as was asked for" "$work/stderr"
	run_vm -- sh -c "$(fail_by oops)"
	vm_is "an oops is 99" "$rc $out" "99 before"
	tap_check "the oops is printed" \
		grep -q "BUG: kernel NULL pointer" "$work/stderr"
	run_vm -n -- sh -c 'echo before; echo c >/proc/sysrq-trigger'
	vm_is "a panic is 99" "$rc $out" "99 before"
	tap_check "the panic is printed" grep -q "Kernel panic" "$work/stderr"
	run_vm -- sh -c 'echo 1 >/sys/module/l7mesh/parameters/leave_warns'
	vm_is "a WARN while the module is unloaded is 99" "$rc" 99
}

# QEMU's own faults are not the guest's, as long as nothing has run.
test_qemu_fails() {
	local tmp=$work/tmp pid
	mkdir -p "$tmp"
	rc=0
	TMPDIR=$tmp "$vm" -n -- echo ran </dev/null >"$work/stdout" 2>"$work/stderr" &
	pid=$!
	wait_for pgrep -f "qemu-system.*$tmp"
	pkill -ABRT -f "qemu-system.*$tmp"
	wait "$pid" || rc=$?
	rmdir "$tmp"
	vm_is "QEMU that fails at once is begun once more" \
		"$rc $(<"$work/stdout") $(grep -c 'once more$' "$work/stderr")" "0 ran 1"
}

# Whatever a command prints, or writes to the kernel's log itself, is no report.
test_no_false_reports() {
	run_vm -- sh -c 'for to in /dev/stdout /dev/stderr /dev/kmsg; do
		echo "BUG: unable to handle page fault" >$to
		echo "WARNING: CPU: 0 PID: 1" >$to; done'
	vm_is "what the command says is no report" "$rc" 0
}

# selftests/run, on the host: it asks for nothing of the VM's.
test_run() {
	local file=$clone/selftests/test_leaves.sh pid
	printf '%s\n' '#!/bin/bash' 'sleep 600 &' 'echo "# $!"' \
		'echo "not ok 1 - fails"' 'exit 1' >"$file"
	chmod +x "$file"
	rc=0
	out=$(timeout 60 "$clone/selftests/run") || rc=$?
	rm "$file"
	tap_is "a test that fails ends, whatever it leaves behind" \
		"$rc $(tail -n 1 <<<"$out")" "1 0 passed, 1 failed"
	pid=$(sed -n 's/^ *# \([0-9]*\)$/\1/p' <<<"$out")
	tap_check "which ends, too" not test -e "/proc/$pid/exe"
}

# CPUs that never come back from an interrupt.
test_hang() {
	run_vm -w 15 -- sh -c 'echo before; echo hang >/sys/module/l7mesh/parameters/fail'
	vm_is "a guest that hangs is ended" "$rc $out" "99 before"
	tap_check "and what hung is told" grep -q "hang_here" "$work/stderr"
}

test_use() {
	run_vm -q -wrong-argument -n -- true
	vm_is "a VM that does not start is 125" "$rc" 125
	run_vm -k 2.4 -n -- true
	vm_is "a kernel that is not to be had is 125" "$rc" 125
	run_vm
	vm_is "no command is 125" "$rc" 125
	run_vm -n -k "$(vm_cache)/kernels/6.1/boot/vmlinuz-$(uname_of)" -- \
		uname -r
	vm_is "-k takes the path of a kernel" "$rc $out" "0 $(uname_of)"
	run_vm -n -k "$(vm_cache)/kernels/6.1/vmlinux" -- uname -r
	vm_is "packed or not" "$rc $out" "0 $(uname_of)"
	run_vm -n -k /etc/passwd -- uname -r
	vm_is "a file that is no kernel is 125" "$rc $out" "125 "
}

test_parallel() {
	local i pids=() got=
	for i in 1 2 3; do
		"$vm" -c 1 -m 1G -- sh -c "sleep 2; exit $i" </dev/null \
			>"$work/parallel.$i" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		rc=0
		wait "$i" || rc=$?
		got+=$rc
	done
	tap_is "several run at a time" "$got" 123
}

# What is left of a run in the temporary folder $1, and of its processes.
leftovers() {
	ls -A "$1"
	pgrep -f "$1" || true
}

test_interrupt() {
	local tmp=$work/tmp signal pid
	for signal in INT TERM; do
		mkdir -p "$tmp"
		# Background jobs of a script ignore SIGINT; a session's
		# leader, as a terminal's job would be, does not.
		TMPDIR=$tmp setsid env --default-signal=INT "$vm" -n -- \
			sleep 600 </dev/null >/dev/null 2>&1 &
		pid=$!
		wait_for pgrep -f "qemu-system.*$tmp"
		kill "-$signal" "$pid"
		wait "$pid" || true
		tap_is "SIG$signal leaves no process and no file" \
			"$(leftovers "$tmp")" ""
	done
	TMPDIR=$tmp "$vm" -n -- sleep 600 </dev/null >/dev/null 2>&1 &
	pid=$!
	wait_for pgrep -f "qemu-system.*$tmp"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
	tap_check "SIGKILL leaves no VM" wait_for_not pgrep -f "$tmp"
	rm -rf "$tmp"
}

# queue COMMANDS: what a script does between opening a queue and its verdict; sets
# $rc and $out.
queue_script() {
	printf '%s\n' 'set -euo pipefail' ". '$clone/selftests/lib/queue.sh'" \
		'queue_again=0' "$1" >"$work/queue"
}

run_queue() {
	rc=0
	queue_script "queue_open ${2:-1}; $1; queue_run; queue_verdict"
	timeout 600 bash "$work/queue" >"$work/queue.out" 2>&1 || rc=$?
	out=$(<"$work/queue.out")
}

# They can only end if they are there at the same time.
test_queue() {
	local meet='meet() { echo "$1 begins"; touch "$work/$1"
		until [[ -e $work/$2 ]]; do sleep 0.1; done; echo "$1 ends"; }'
	export work
	run_queue "$meet; queue_add one meet one other; queue_add two meet other one"
	tap_is "jobs run side by side, and what each prints is together" \
		"$(grep -cE '^(one|other) (begins|ends)$' <<<"$out") $(
			grep -A 1 ' begins$' <<<"$out" | grep -c ' ends$')" "4 2"
	run_queue 'tap() { printf "%s\n" "ok 1 - a" "not ok 2 - b" "ok 3 # SKIP c"; exit 1; }
		queue_add "a b" tap
		queue_add closes printf "%s\n" "not ok 1 - d" "5 passed, 0 failed"
		queue_add "says nothing" sh -c "exit 3"'
	tap_is "the last line is the count of all" "$rc $(tail -n 1 <<<"$out")" \
		"1 6 passed, 2 failed, 1 skipped"
	tap_is "those that failed are named" "$(grep '^# failed' <<<"$out" |
		tr ' ' '\n' | sort | tr '\n' ' ')" "# a b failed: nothing says "
	run_queue 'queue_add alone printf "%s\n" "ok 1 - a" "ok 2 - b"'
	tap_is "of one job all is there, and once" \
		"$rc $(grep -c '^ok' <<<"$out") $(tail -n 1 <<<"$out")" \
		"0 2 2 passed, 0 failed"
	run_queue 'single() { mkdir "$work/single"; sleep 0.5; rmdir "$work/single"; }
		queue_add a single; queue_add b single' 1000000
	tap_is "where there is memory for one they run one after the other" \
		"$rc $(tail -n 1 <<<"$out")" "0 0 passed, 0 failed"
}

# The first job goes on when the second has seen that its first test is shown.
test_queue_shows() {
	rm -f "$work/seen"
	run_queue 'one() { printf "%s\n" "    ok 1 - x" "ok 1 - test_x # 1 s" "    ok 1 - y"
			until [[ -e $work/seen ]]; do sleep 0.1; done
			printf "%s\n" "not ok 2 - test_y # exit 1, 2 s" "1 passed, 1 failed"; }
		two() { until grep -q test_x "$work/queue.out"; do sleep 0.1; done
			! grep " - y" "$work/queue.out"; touch "$work/seen"; }
		queue_add one one; queue_add two two'
	tap_is "each test is shown when it has ended, whole" \
		"$(grep -vE '^# |^$' <<<"$out")" "    ok 1 - x
ok 1 - test_x # 1 s
    ok 1 - y
not ok 2 - test_y # exit 1, 2 s
1 passed, 1 failed
1 passed, 1 failed"
	tap_is "and named if it failed" "$(grep '^# failed' <<<"$out")" "# failed: test_y"
}

test_queue_once_more() {
	export work
	rm -f "$work/seen"
	run_queue 'queue_again=1
		once() { [[ ! -e $work/seen ]] || { echo "ok 1 - a"; return; }
			touch "$work/seen"; printf "%s\n" "not ok 1 - a" "# why"; return 1; }
		queue_add good echo "ok 1 - b"; queue_add flaky once'
	tap_is "what fails but once has passed, and is told as flaky" \
		"$rc $(tail -n 4 <<<"$out") $(grep -c '^not' <<<"$out")" \
		$'0 # not ok 1 - a\n# # why\n# flaky: flaky\n2 passed, 0 failed 0'
	run_queue 'queue_again=1; never() { echo "not ok 1 - a"; return 1; }
		reported() { echo "not ok 1 - c"; echo x >>"$work/reports"; return 99; }
		queue_add never never; queue_add reported reported'
	tap_is "what fails twice, or is reported by a kernel, has failed" \
		"$rc $(tail -n 2 <<<"$out") $(wc -l <"$work/reports")" \
		$'1 # failed: reported never\n0 passed, 2 failed 1'
}

# queued_test NAME SECONDS COMMAND: a selftest of the clone's.
queued_test() {
	printf '%s\n' '#!/bin/bash' "# takes: $2" "$3" 'echo "ok 1 - it ran"' \
		>"$clone/selftests/test_$1.sh"
	chmod +x "$clone/selftests/test_$1.sh"
}

test_queue_of_tests() {
	local jobs='queue_tests test 60; printf "%s\n" "${queue_jobs[@]}" |
		sed "s/.*-t. .60. //" | tr -d "\047"; queue_jobs=()'
	queued_test a 5 true
	queued_test b 500 "$(fail_by warn)"
	queued_test c 100 'test -d /sys/module/l7mesh || exit 1'
	queued_test d 50 true
	queued_test here 1000 '# needs: no VM'
	echo 'test -d /sys/module/l7mesh || echo "ok 2 - on the host"' \
		>>"$clone/selftests/test_here.sh"
	run_queue "$jobs"
	tap_is "the longest tests come first, and short ones share a VM" \
		"$(head -n 3 <<<"$out")" \
		$'test_b.sh\ntest_c.sh\ntest_d.sh test_a.sh'
	run_queue "queue_alone=1; $jobs"
	tap_is "or each has its own" "$(head -n 4 <<<"$out")" \
		$'test_b.sh\ntest_c.sh\ntest_d.sh\ntest_a.sh'
	run_queue 'queue_alone=1; queue_vm=(-t 400 -o "$queue_dir/{}.out")
		queue_tests test 300 b c; queue_run; ls -d "$queue_dir"/*.out | wc -l
		queue_jobs=()'
	tap_is "the report of a VM fails what ran there, and nothing else" \
		"$rc $(grep -cx '2' <<<"$out") $(tail -n 2 <<<"$out")" \
		$'1 1 # failed: test_b.sh\n2 passed, 1 failed'
	rm -f "$work/seen"
	queued_test e 50 true
	queued_test f 50 "[[ -e '$work/seen' ]] || { echo 'not ok 1 - no'; exit 1; }"
	run_queue "queue_again=1
		queue_vm=(-n); queue_tests test 60 e f
		eval \"\$(declare -f queue_once_more | sed '1s/.*/again()/')\"
		queue_once_more() { touch '$work/seen'; again \"\$@\"; }"
	tap_is "of tests that share a VM those that failed run once more" \
		"$rc $(grep '^# once' <<<"$out") $(tail -n 2 <<<"$out")" \
		$'0 # once more: test_f.sh # flaky: test_f.sh\n2 passed, 0 failed'
	run_queue 'queue_vm=(-wrong-option); queue_tests test 60 here'
	tap_is "what needs no VM has none" "$rc $(tail -n 1 <<<"$out")" \
		"0 2 passed, 0 failed"
	rc=0
	bash -c ". '$clone/selftests/lib/queue.sh'; queue_tests test 60 none" \
		2>/dev/null || rc=$?
	tap_is "a test that is not there is none" "$rc" 2
	rm "$clone/selftests/test_"*
}

test_queue_interrupt() {
	local tmp=$work/tmp signal pid
	queue_script "queue_open 1
		sleeper() { bash -c 'exec -a \"\$0\" sleep 600' \"\$1\"; }
		queue_add a sleeper '$tmp/a'; queue_add b sleeper '$tmp/b'
		queue_run"
	for signal in INT TERM; do
		mkdir -p "$tmp"
		TMPDIR=$tmp setsid env --default-signal=INT \
			bash "$work/queue" </dev/null >/dev/null 2>&1 &
		pid=$!
		wait_for pgrep -f "$tmp/b"
		kill "-$signal" "$pid"
		wait "$pid" || true
		tap_is "SIG$signal ends all jobs, and leaves no file" \
			"$(leftovers "$tmp")" ""
	done
	rm -rf "$tmp"
}

wait_for() {
	local i
	for ((i = 0; i < 300; i++)); do
		! "$@" >/dev/null || return 0
		sleep 0.1
	done
	return 1
}

not() {
	! "$@"
}

wait_for_not() {
	wait_for not "$@"
}

# Types into a shell as soon as its prompt is there, Ctrl-C included.
type_to_shell() {
	wait_for grep -q 'bash-.*[$#] $' "$work/typescript" || return 0
	echo 'tty; echo $((6 * 7)); sleep 300'
	wait_for grep -qx $'42\r' "$work/typescript" || return 0
	sleep 1
	printf '\003'
	sleep 1
	echo 'exit 5'
	# Until nobody reads it any more.
	while sleep 0.5; do
		echo
	done
}

test_terminal() {
	: >"$work/typescript"
	rc=0
	type_to_shell | TERM=dumb timeout 90 script -qefc \
		"'$vm' -n -- bash --norc -i" "$work/typescript" >/dev/null ||
		rc=$?
	out=$(tr -d '\r' <"$work/typescript" | grep -xE '/dev/hvc0|42' || true)
	tap_is "on a terminal the command has it" "$rc $out" \
		$'5 /dev/hvc0\n42'
}

test_leftovers() {
	local tmp=$work/tmp
	mkdir -p "$tmp"
	TMPDIR=$tmp run_vm -- true
	tap_is "a run leaves no process and no file" "$(leftovers "$tmp")" ""
	tap_is "and the tree as it was" \
		"$(cd "$clone" && find . -name '*.o' -o -name '*.ko')" ""
}

trap clean_up EXIT
make_clone
test_queue
test_queue_shows
test_queue_once_more
test_queue_of_tests
test_queue_interrupt
test_output
test_world
test_without_module
test_binary
test_not_found
test_timeout
test_reports
test_qemu_fails
test_no_false_reports
test_run
test_hang
test_use
test_parallel
test_leftovers
test_interrupt
test_terminal
tap_end

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Jobs that run side by side. What a job prints is printed whole when it has
# ended; if there is only one job, as it comes.
#
# Sourced. Contract:
#   queue_open		before all else: makes $queue_dir, which is gone when the script
#			ends; then no job is left, either, whatever ended the script.
#			The EXIT, INT, TERM and HUP traps are the queue's
#   queue_add NAME COMMAND...	a job, to be begun after those added before. It prints
#			TAP; a last line "N passed, N failed" (", N skipped" may
#			follow) is believed rather. Its output is in $queue_dir/NAME.log
#   queue_tests SUITE SECONDS NAME...
#			a job for each of these selftests: in a VM of its own, or on
#			this machine if it says "# needs: no VM"; those first that
#			say that they take longest, as in "# takes: 100" (seconds).
#			Suite, seconds and names as selftests/run has them; vm/run is
#			given "${queue_vm[@]}", in which {} is the job's name
#   queue_run GIB	runs them: as many at a time as there are CPUs, and as memory
#			is left for if each takes so much
#   queue_verdict	prints what failed, and of all, as the last line, "N passed,
#			N failed". Returns 1 if any failed

queue_selftests=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
queue_vm=()
queue_jobs=()		# words, quoted for the shell: the name, the command
declare -A queue_running=()	# by the number of the process: the name, when it began
queue_tail=		# what shows the output of the only job
queue_good=0
queue_bad=0
queue_skip=0
queue_failed=()

queue_open() {
	queue_dir=$(mktemp -d "${TMPDIR:-/tmp}/l7mesh-queue.XXXXXX")
	trap queue_close EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
}

# A job is a process group: all that it started ends with it.
queue_close() {
	local pid
	trap '' INT TERM HUP
	for pid in "${!queue_running[@]}"; do
		kill -TERM -- "-$pid" 2>/dev/null || true
	done
	wait
	rm -rf "$queue_dir"
}

queue_add() {
	queue_jobs+=("${*@Q}")
}

# Those of the files $@ that say that they take longest first.
queue_longest_first() {
	local file takes
	for file; do
		takes=$(sed -nE 's/^# takes: ([0-9]+)$/\1/p' \
			"$queue_selftests/$file")
		echo "${takes:-0} $file"
	done | sort -s -k 1,1nr | cut -d ' ' -f 2
}

queue_tests() {
	local suite=$1 limit=$2 file
	local -a files
	shift 2
	file=$("$queue_selftests/run" -l -s "$suite" "$@") || return
	mapfile -t files <<<"$file"
	while read -r file; do
		if grep -qx '# needs: no VM' "$queue_selftests/$file"; then
			queue_add "$file" "$queue_selftests/vm/host" \
				timeout --foreground -k 10 "$limit" \
				"$queue_selftests/$file"
			continue
		fi
		queue_add "$file" "$queue_selftests/vm/run" \
			"${queue_vm[@]//\{\}/$file}" -- \
			"$queue_selftests/run" -s "$suite" -t "$limit" "$file"
	done < <(queue_longest_first "${files[@]}")
}

# How many at a time.
queue_width() {
	awk -v gib="$1" -v cpus="$(nproc)" '/^MemAvailable:/ {
		n = int($2 / 1024 / 1024 / gib)
		print n < 1 ? 1 : n < cpus ? n : cpus
	}' /proc/meminfo
}

queue_begin() {
	local name=$1
	shift
	set -m
	"$@" </dev/null >"$queue_dir/$name.log" 2>&1 &
	set +m
	queue_running[$!]="$SECONDS $name"
	[[ ${#queue_jobs[@]} == 1 ]] || return 0
	tail -q -s 0.1 -c +1 -f --pid=$! "$queue_dir/$name.log" &
	queue_tail=$!
}

# What a job says of itself, which ended with $1: its closing line, or else its TAP.
queue_tally() {
	awk -v rc="$1" '
		/^[0-9]+ passed, [0-9]+ failed/ {
			good = $1; bad = $3; skip = $5 + 0; closed = 1
		}
		!closed && /^ok .*# *SKIP/ { skip++; next }
		!closed && /^ok / { good++ }
		!closed && /^not ok / { bad++ }
		END {
			if (rc && !bad)
				bad = 1
			print good + 0, bad + 0, skip + 0
		}' "$2"
}

queue_end() {
	local name=$1 rc=$2 took=$3 good bad skip log
	log=$queue_dir/$name.log
	if [[ -n $queue_tail ]]; then
		wait "$queue_tail" || true
	fi
	echo "# $name: exit $rc, $took s"
	[[ -n $queue_tail ]] || cat "$log"
	read -r good bad skip < <(queue_tally "$rc" "$log")
	queue_good=$((queue_good + good))
	queue_bad=$((queue_bad + bad))
	queue_skip=$((queue_skip + skip))
	[[ $bad == 0 ]] || queue_failed+=("$name")
}

queue_wait() {
	local pid rc=0 began name
	wait -n -p pid "${!queue_running[@]}" || rc=$?
	read -r began name <<<"${queue_running[$pid]}"
	unset "queue_running[$pid]"
	queue_end "$name" "$rc" $((SECONDS - began))
}

queue_run() {
	local width job
	width=$(queue_width "$1")
	for job in "${queue_jobs[@]}"; do
		[[ ${#queue_running[@]} -lt $width ]] || queue_wait
		eval "queue_begin $job"
	done
	while [[ ${#queue_running[@]} -gt 0 ]]; do
		queue_wait
	done
}

queue_verdict() {
	echo
	[[ $queue_bad == 0 ]] || echo "# failed: ${queue_failed[*]}"
	echo "$queue_good passed, $queue_bad failed$(
		[[ $queue_skip == 0 ]] || echo ", $queue_skip skipped")"
	[[ $queue_bad == 0 ]]
}

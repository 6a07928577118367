# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Jobs that run side by side. What a job prints is printed when it has ended; of tests,
# what each of them prints; if there is only one job, each line as it comes.
#
# Sourced. Contract:
#   queue_open GIB	before all else: jobs will run as many at a time as there are
#			CPUs, and as memory is left for if each takes so much. Makes
#			$queue_dir, which is gone when the script ends; then no job is
#			left, either, whatever ended the script. The EXIT, INT, TERM and
#			HUP traps are the queue's
#   queue_add NAME COMMAND...	a job, to be begun after those added before. It prints
#			TAP; a last line "N passed, N failed" (", N skipped" may
#			follow) is believed rather. Its output is in $queue_dir/N.log,
#			for N = 0, 1, ...
#   queue_tests SUITE SECONDS NAME...
#			jobs for these selftests, those first that say that they take
#			longest, as in "# takes: 100" (seconds; 30 if nothing is said).
#			As long as much is left, several share a VM; with queue_alone=1
#			none does. What says "# needs: no VM" runs on this machine.
#			Suite, seconds and names as selftests/run has them; vm/run is
#			given "${queue_vm[@]}", in which {} is the job's number
#   queue_run		runs them. With queue_again=1, as in CI, what failed is run once
#			more when nothing else is left, unless the kernel reported
#			something: what passes then has passed, and is told as flaky
#   queue_verdict	prints what failed or was flaky, and what it said when it failed;
#			of all, as the last line, "N passed, N failed". Returns 1 if any
#			failed

queue_selftests=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
queue_vm=()
queue_suite=()		# what selftests/run is told before names
queue_alone=0
queue_again=0
[[ ${CI:-} != true ]] || queue_again=1
queue_width=1
queue_jobs=()		# words, quoted for the shell: the name, the command
declare -A queue_running=()	# by the number of the process: the job's, when it began
queue_good=0
queue_bad=0
queue_skip=0
queue_failed=()
queue_flaky=()
queue_details=()
declare -A queue_repeat=()	# by the job's number: what is run again, how much failed

queue_open() {
	queue_width=$(awk -v gib="$1" -v cpus="$(nproc)" '/^MemAvailable:/ {
		n = int($2 / 1024 / 1024 / gib)
		print n < 1 ? 1 : n < cpus ? n : cpus
	}' /proc/meminfo)
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

# "SECONDS FILE" for each of the files $@, those that take longest first.
queue_longest_first() {
	local file takes
	for file; do
		takes=$(sed -nE 's/^# takes: ([0-9]+)$/\1/p' \
			"$queue_selftests/$file")
		echo "${takes:-30} $file"
	done | sort -s -k 1,1nr
}

# Of such lines those that share a VM in one. To boot takes a quarter of a minute of
# CPU; a VM that has much to do when the others have nothing left takes longer.
queue_batches() {
	awk -v width="$queue_width" -v alone="$queue_alone" '
		{ takes[NR] = $1; file[NR] = $2; left += $1 }
		END {
			for (i = 1; i <= NR; left -= sum) {
				share = left / (2 * width)
				share = alone ? 0 : share < 90 ? 90 : share
				line = file[i]
				sum = takes[i++]
				while (i <= NR && sum + takes[i] <= share) {
					line = line " " file[i]
					sum += takes[i++]
				}
				print line
			}
		}'
}

# Selftests that share a VM.
queue_add_tests() {
	queue_add "$*" "$queue_selftests/vm/run" \
		"${queue_vm[@]//\{\}/${#queue_jobs[@]}}" -- \
		"$queue_selftests/run" "${queue_suite[@]}" "$@"
}

queue_tests() {
	local suite=$1 limit=$2 file files
	local -a batch host=() guest=()
	shift 2
	files=$("$queue_selftests/run" -l -s "$suite" "$@") || return
	for file in $files; do
		if grep -qx '# needs: no VM' "$queue_selftests/$file"; then
			host+=("$file")
		else
			guest+=("$file")
		fi
	done
	queue_suite=(-s "$suite" -t "$limit")
	while read -ra batch; do
		queue_add_tests "${batch[@]}"
	done < <(queue_longest_first "${guest[@]}" | queue_batches)
	for file in "${host[@]}"; do
		queue_add "$file" "$queue_selftests/vm/host" \
			timeout --foreground -k 10 "$limit" "$queue_selftests/$file"
	done
}

# Passes on what comes: all at once, or as far as the line that ends a test of
# selftests/run's; or, if there is but one job, each line.
queue_show() {
	local line block=
	local test_ends='^(# not |not )?ok .* # .*[0-9] s$'
	while IFS= read -r line || [[ -n $line ]]; do
		[[ $queue_again == 0 || ! $line =~ ^(\ *)(not\ ok\ .*) ]] ||
			line="${BASH_REMATCH[1]}# ${BASH_REMATCH[2]}"
		block+=$line$'\n'
		[[ ${#queue_jobs[@]} == 1 || $line =~ $test_ends ]] || continue
		flock "$queue_dir" printf '%s' "$block"
		block=
	done
	flock "$queue_dir" printf '%s' "$block"
}

# queue_job LOG COMMAND...
queue_job() {
	local log=$1
	shift
	set +e
	"$@" 2>&1 | tee "$log" | queue_show
	return "${PIPESTATUS[0]}"
}

# queue_begin NUMBER NAME COMMAND...
queue_begin() {
	set -m
	queue_job "$queue_dir/$1.log" "${@:3}" </dev/null &
	set +m
	queue_running[$!]="$1 $SECONDS"
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

# The tests of a job that failed, if it says.
queue_failed_tests() {
	sed -nE 's/^not ok [0-9]+ - ([^ ]+) # .*[0-9] s$/\1/p' "$1"
}

# What they said, as comments.
queue_said() {
	awk '/^ *not ok / { said = 1 }
		/^ *(ok |# test_)/ { said = 0 }
		said' "$1" | head -n 30 | sed 's/^/# /'
}

# queue_note_failed NAME LOG
queue_note_failed() {
	local tests
	tests=$(queue_failed_tests "$2")
	queue_failed+=("${tests:-$1}")
	queue_details+=("$(queue_said "$2")")
}

# queue_end NUMBER EXIT SECONDS
queue_end() {
	local number=$1 rc=$2 took=$3 good bad skip log
	local -a job
	log=$queue_dir/$number.log
	eval "job=(${queue_jobs[$number]})"
	flock "$queue_dir" echo "# ${job[0]}: exit $rc, $took s"
	read -r good bad skip < <(queue_tally "$rc" "$log")
	queue_good=$((queue_good + good))
	queue_skip=$((queue_skip + skip))
	if [[ $bad != 0 && $queue_again == 1 && $rc != 99 ]]; then
		queue_repeat[$number]=$bad
	elif [[ $bad != 0 ]]; then
		queue_bad=$((queue_bad + bad))
		queue_note_failed "${job[0]}" "$log"
	fi
}

# queue_wait FUNCTION: it is called as queue_end is, for the next job that ends.
queue_wait() {
	local pid rc=0 number began
	wait -n -p pid "${!queue_running[@]}" || rc=$?
	read -r number began <<<"${queue_running[$pid]}"
	unset "queue_running[$pid]"
	"$1" "$number" "$rc" $((SECONDS - began))
}

# The job $1 once more, of selftests those that failed.
queue_once_more() {
	local tests last
	local -a job
	eval "job=(${queue_jobs[$1]})"
	mapfile -t tests < <(queue_failed_tests "$queue_dir/$1.log")
	if [[ ${#tests[@]} -gt 0 && ${job[1]} == */vm/run ]]; then
		queue_add_tests "${tests[@]}"
	else
		queue_add "${job[@]}"
	fi
	last=$((${#queue_jobs[@]} - 1))
	echo "# once more: ${tests[*]:-${job[0]}}"
	eval "queue_begin $last ${queue_jobs[$last]}"
	queue_first=$1
	queue_wait queue_end_again
}

queue_end_again() {
	local bad=${queue_repeat[$queue_first]} first=$queue_dir/$queue_first.log
	local -a job
	eval "job=(${queue_jobs[$1]})"
	flock "$queue_dir" echo "# ${job[0]}: exit $2, $3 s"
	if [[ $2 == 0 ]]; then
		queue_good=$((queue_good + bad))
		queue_flaky+=("${job[0]}")
		queue_details+=("$(queue_said "$first")")
	else
		queue_bad=$((queue_bad + bad))
		queue_note_failed "${job[0]}" "$queue_dir/$1.log"
	fi
}

queue_run() {
	local i
	for i in "${!queue_jobs[@]}"; do
		[[ ${#queue_running[@]} -lt $queue_width ]] || queue_wait queue_end
		eval "queue_begin $i ${queue_jobs[$i]}"
	done
	while [[ ${#queue_running[@]} -gt 0 ]]; do
		queue_wait queue_end
	done
	queue_again=0
	for i in "${!queue_repeat[@]}"; do
		queue_once_more "$i"
	done
}

queue_verdict() {
	echo
	[[ ${#queue_details[@]} == 0 ]] || printf '%s\n' "${queue_details[@]}"
	[[ ${#queue_flaky[@]} == 0 ]] || echo "# flaky: ${queue_flaky[*]}"
	[[ $queue_bad == 0 ]] || echo "# failed: ${queue_failed[*]//$'\n'/ }"
	echo "$queue_good passed, $queue_bad failed$(
		[[ $queue_skip == 0 ]] || echo ", $queue_skip skipped")"
	[[ $queue_bad == 0 ]]
}

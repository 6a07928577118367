# SPDX-License-Identifier: GPL-2.0
#
# Reads a kernel log, prints the reports in it (oops, WARN, BUG, KASAN, lockdep,
# kmemleak, stalls, leaked references), each with what follows it. Exits 1 if
# there was one. Used on the guest's log, and on the console's if it panicked.

function text(line) {
	sub(/\r$/, "", line)
	sub(/^<[0-9]+>/, "", line)
	# [   12.345678] or, with CONFIG_PRINTK_CALLER, [   12.345678][   T12]
	sub(/^\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? /, "", line)
	return line
}

function is_report(s) {
	if (s ~ /^-+\[ cut here \]-+/)
		return 1
	if (s ~ /^(WARNING|BUG|UBSAN|Oops|KCSAN|Kernel panic)[: ]/)
		return 1
	if (s ~ /^(kernel BUG at|general protection fault|divide error)/)
		return 1
	if (s ~ /^(invalid opcode|stack segment|double fault|Internal error)/)
		return 1
	if (s ~ /^(traps: PANIC|unchecked MSR|kernel tried to execute)/)
		return 1
	if (s ~ /^(refcount_t|usercopy|ref_tracker|list_(add|del) corruption)/)
		return 1
	if (s ~ /^INFO: (task .* blocked|possible|suspicious|inconsistent)/)
		return 1
	if (s ~ /^INFO: (trying to register|HARDIRQ|SOFTIRQ|rcu)/)
		return 1
	if (s ~ /^(rcu: )?INFO: .*(detected.*stall|self-detected)/)
		return 1
	if (s ~ /^watchdog: BUG/)
		return 1
	if (s ~ /^kmemleak: [1-9][0-9]* new suspected/)
		return 1
	return s ~ /^unregister_netdevice: waiting for/
}

BEGIN {
	follow = 80		# lines printed after what starts a report
}

{
	if (is_report(text($0))) {
		if (!left && previous != "")
			print previous
		left = follow
		found = 1
	}
	if (left) {
		print
		left--
		previous = ""
	} else {
		previous = $0
	}
}

END {
	exit found
}

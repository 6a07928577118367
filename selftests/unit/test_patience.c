// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/stream/patience.c: whoever wants a run has it in time, also where the
 * timer expires on another CPU at any moment of that.
 */
#include <string.h>
#include <ucontext.h>
#include <linux/kernel.h>
#include <linux/timer.h>

#include "tap.h"
#include "unit.h"

enum cpu {
	ASKS,			/* has the connection locked, and wants a run */
	EXPIRES,		/* has the timer */
	CPUS,
	NONE = CPUS,
};

static enum cpu here = NONE;
static ucontext_t cpus[CPUS], scheduler;
static char stacks[CPUS][64 << 10];
static bool ended[CPUS];
static int steps;		/* that this one may still make */

/* What ASKS has written, and another CPU may not see before a barrier. */
static struct late {
	void *at;
	size_t size;
	char other[sizeof(long)];	/* its value on the CPU that is not here */
} late[8];
static u32 nlate;

static void exchange_late(u32 i)
{
	char mine[sizeof(long)];

	memcpy(mine, late[i].at, late[i].size);
	memcpy(late[i].at, late[i].other, late[i].size);
	memcpy(late[i].other, mine, late[i].size);
}

/* Here the other CPU may go on. */
static void step(void)
{
	enum cpu this = here;
	u32 i;

	if (this == NONE || steps-- > 0)
		return;
	for (i = nlate; this == ASKS && i--;)
		exchange_late(i);
	swapcontext(&cpus[this], &scheduler);
	for (i = 0; this == ASKS && i < nlate; i++)
		exchange_late(i);
}

/* From here on the other CPU sees what was written. */
void smp_mb(void)
{
	if (here == ASKS)
		nlate = 0;
	step();
}

static void write_late(void *at, const void *value, size_t size)
{
	step();
	if (here == ASKS) {
		late[nlate] = (struct late){ .at = at, .size = size };
		memcpy(late[nlate++].other, at, size);
	}
	memcpy(at, value, size);
	step();
}

static const void *read_now(const void *at)
{
	step();
	return at;
}

#undef READ_ONCE
#undef WRITE_ONCE
#define READ_ONCE(x)		(*(const __typeof__(x) *)read_now(&(x)))
#define WRITE_ONCE(x, value)	write_late(&(x), &(__typeof__(x)){ value }, sizeof(x))

static unsigned long time_now;

unsigned long unit_jiffies(void)
{
	step();
	return time_now;
}

bool timer_pending(const struct timer_list *timer)
{
	step();
	return timer->pending;
}

/* A lock makes one step of each. */
int mod_timer(struct timer_list *timer, unsigned long expires)
{
	step();
	timer->expires = expires;
	timer->pending = true;
	return 0;
}

int timer_reduce(struct timer_list *timer, unsigned long expires)
{
	step();
	if (timer->pending && !time_after(timer->expires, expires))
		return 0;
	timer->expires = expires;
	timer->pending = true;
	return 0;
}

/* Of what is in this header patience.c needs no more. */
#define L7MESH_COMPAT_H
static void compat_timer_delete_sync(struct timer_list *timer)
{
	timer->pending = false;
}

#include "stream/patience.c"

#define BEGIN		100
#define SOONER		(BEGIN + 200)
#define DEADLINE	(BEGIN + 1000)
#define LATER		(BEGIN + 5000)

static struct patience p;
static bool run_is_due;

/* The timer's CPU. */
static void expire(void)
{
	if (!p.timer.pending || time_after(p.timer.expires, time_now))
		return;
	p.timer.pending = false;
	run_is_due |= patience_is_due(&p);
}

static void set_sooner(void)
{
	patience_set(&p, SOONER - BEGIN);
}

static void set_later(void)
{
	patience_set(&p, LATER - BEGIN);
}

static void set_bound(void)
{
	p.bound = SOONER;
	patience_set(&p, LATER - BEGIN);
}

static void wake_sooner(void)
{
	patience_wake_by(&p, SOONER);
}

static void wake_later(void)
{
	patience_wake_by(&p, LATER);
}

static void run_and_set(void)
{
	patience_woken(&p);
	patience_set(&p, SOONER - BEGIN);
}

/* The timer is to expire now, though patience ends later, or never. */
static void begin(unsigned long deadline, bool early)
{
	time_now = BEGIN;
	memset(&p, 0, sizeof(p));
	p.timer.expires = BEGIN;
	p.timer.pending = true;
	p.deadline = deadline;
	p.early = early;
	run_is_due = false;
}

static bool in_time(unsigned long at)
{
	return run_is_due || (p.timer.pending && !time_after(p.timer.expires, at));
}

static void (*act)(void);

static void on_a_cpu(void)
{
	if (here == ASKS)
		act();
	else
		expire();
	nlate = here == ASKS ? 0 : nlate;
	ended[here] = true;
}

/* So many steps, or all of them. */
static void go_on(enum cpu cpu, int n)
{
	if (ended[cpu])
		return;
	here = cpu;
	steps = n;
	swapcontext(&scheduler, &cpus[cpu]);
	here = NONE;
}

static void prepare(void)
{
	u32 i;

	nlate = 0;
	for (i = 0; i < CPUS; i++) {
		getcontext(&cpus[i]);
		cpus[i].uc_stack.ss_sp = stacks[i];
		cpus[i].uc_stack.ss_size = sizeof(stacks[i]);
		cpus[i].uc_link = &scheduler;
		makecontext(&cpus[i], on_a_cpu, 0);
		ended[i] = false;
	}
}

#define STEPS_MAX	16

/* One makes some steps, the other some, then the first the rest. */
static void take_turns(enum cpu first, int one, int two)
{
	prepare();
	go_on(first, one);
	go_on(!first, two);
	go_on(first, STEPS_MAX);
	go_on(!first, STEPS_MAX);
}

struct trial {
	const char *what;
	void (*act)(void);
	unsigned long deadline, at;
	bool early;
};

static void try_all(const struct trial *t)
{
	bool good = true;
	int n, first = 0, one = 0, two = 0;

	for (n = 0; good && n < CPUS * STEPS_MAX * STEPS_MAX; n++) {
		first = n % CPUS;
		one = n / CPUS % STEPS_MAX;
		two = n / CPUS / STEPS_MAX;
		begin(t->deadline, t->early);
		act = t->act;
		take_turns(first, one, two);
		good = ended[ASKS] && ended[EXPIRES] && in_time(t->at);
	}
	if (!tap_ok(good, "patience: %s while the timer expires", t->what))
		tap_note("too late after %d steps of %s, then %d of the other", one,
			 first == ASKS ? "who asks" : "the timer's", two);
}

static void test_two_cpus(void)
{
	static const struct trial cases[] = {
		{ "a sooner deadline", set_sooner, DEADLINE, SOONER, false },
		{ "a first deadline", set_sooner, 0, SOONER, false },
		{ "a later deadline", set_later, DEADLINE, LATER, false },
		{ "a bound", set_bound, DEADLINE, SOONER, false },
		{ "a wake-up before the deadline", wake_sooner, DEADLINE, SOONER,
		  false },
		{ "a wake-up without a deadline", wake_sooner, 0, SOONER, false },
		{ "a wake-up behind the deadline", wake_later, DEADLINE, DEADLINE,
		  false },
		{ "a run, and a deadline", run_and_set, DEADLINE, SOONER, true },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		try_all(&cases[i]);
}

/* What is wanted, as one would say it. */
struct wish {
	unsigned long deadline;		/* 0: none */
	unsigned long wake;		/* 0: none */
};

static void wish_at_random(struct wish *w)
{
	u32 ms = tap_random(50);

	switch (tap_random(4)) {
	case 0:
		patience_set(&p, ms);
		w->deadline = ms ? time_now + ms : 0;
		if (p.bound && (!ms || p.bound < w->deadline))
			w->deadline = p.bound;
		break;
	case 1:
		patience_wake_by(&p, time_now + ms);
		if (!w->wake || time_now + ms < w->wake)
			w->wake = time_now + ms;
		break;
	case 2:
		patience_woken(&p);
		w->wake = 0;
		break;
	default:
		p.bound = tap_random(2) ? time_now + ms : 0;
		break;
	}
}

/* Who is woken deals with it; a deadline that is over is none any more. */
static bool pass_time(struct wish *w)
{
	bool due;

	time_now++;
	due = (w->deadline && w->deadline <= time_now) ||
	      (w->wake && w->wake <= time_now);
	run_is_due = false;
	expire();
	if (due && !run_is_due)
		return false;
	if (run_is_due) {
		patience_woken(&p);
		w->wake = 0;
	}
	if (w->deadline && w->deadline <= time_now) {
		patience_set(&p, 0);
		w->deadline = p.bound;
	}
	return true;
}

static void test_time(void)
{
	struct wish w = { 0 };
	bool good = true;
	u32 i, n;

	begin(0, false);
	p.timer.pending = false;
	for (i = 0; good && i < 20000; i++) {
		wish_at_random(&w);
		for (n = tap_random(20); good && n; n--)
			good = pass_time(&w);
	}
	tap_ok(good, "patience: the soonest of deadline, bound and wake-up, %u times", i);
	patience_set(&p, 1);
	patience_exit(&p);
	tap_ok(!p.timer.pending, "patience: nobody waits any more");
}

void test_patience(void)
{
	test_two_cpus();
	test_time();
}

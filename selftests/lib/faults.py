# SPDX-License-Identifier: GPL-2.0
"""Failing allocations one after the other, by selftests/kmod/l7fail.c.

    sweep(name, operation)

calls operation() with the 1st, 2nd, ... nth allocation beneath a function of
l7mesh failing, until it needs fewer than n: the answer is what it returned then.
Prints how many it made fail.
"""

import collections
import os
import subprocess
import sys
import time

from l7 import equal, note, true

PARAMETERS = "/sys/module/l7fail/parameters"
LIMIT = 1000
# What a client may be told when there is no memory.
REFUSED = (500, 502, 503, 504)


def set_up():
    """Loads l7fail, which there is on the debug kernel only."""
    ko = os.path.join(os.path.dirname(os.environ["L7MESH_KO"]), "l7fail.ko")
    if not os.path.exists(ko):
        print("1..0 # SKIP no l7fail.ko: not a debug kernel")
        sys.exit(4)
    if not os.path.exists(PARAMETERS):
        subprocess.run(["insmod", ko], check=True)


def _get(name):
    with open(f"{PARAMETERS}/{name}", encoding="ascii") as f:
        return f.read().strip()


def _set(name, value):
    with open(f"{PARAMETERS}/{name}", "w", encoding="ascii") as f:
        f.write(str(value))


def arm(nth, times=1):
    _set("times", times)
    _set("nth", nth)


def sweep(name, operation, after=lambda: None, settle=0, times=1):
    """What operation() does may go on for some seconds after it: settle. So many fail
    one behind the other: times."""
    outcomes = collections.defaultdict(list)
    begun = time.monotonic()
    for nth in range(1, LIMIT):
        if nth % 100 == 0:
            note(f"{name}: {nth}, after {time.monotonic() - begun:.0f} s")
        arm(nth, times)
        try:
            outcome = operation()
        except BaseException:
            note(f"{name}: number {nth}, beneath {_get('where')}")
            raise
        finally:
            if settle:
                time.sleep(settle)
            arm(0)
        fired, where = _get("fired") == "Y", _get("where")
        after()
        if not fired:
            note(f"{name}: injected {nth - 1} failures")
            for what, places in sorted(outcomes.items()):
                note(f"    {what}: {len(places)}, beneath "
                     f"{' '.join(sorted(set(places)))}")
            return outcome
        outcomes[outcome].append(where.split("+")[0])
    true(False, f"{name}: more than {LIMIT} allocations")
    return None


def attempt(function):
    """What became of it, in a word; it must not be told wrong things."""
    try:
        return function()
    except ConnectionRefusedError:
        return "refused"
    except (ConnectionResetError, BrokenPipeError):
        return "reset"
    except EOFError:
        return "ended"
    except OSError as error:
        if error.errno is None or isinstance(error, TimeoutError):
            raise
        return os.strerror(error.errno)


def answer(c, status, body, method="GET"):
    """The client's view of one response: the right one, or a refusal."""
    head, got = c.response(method)
    if head.status in REFUSED:
        return f"{head.status}"
    equal((head.status, body if body is None else got), (status, body))
    return "ok"

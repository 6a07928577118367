# SPDX-License-Identifier: GPL-2.0
"""run(command): a command that has to succeed."""

import subprocess
import sys


def run(command, text=None):
    """Its output. Words of a list, or of a text; without a shell."""
    words = command.split() if isinstance(command, str) else command
    done = subprocess.run(words, input=text, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout

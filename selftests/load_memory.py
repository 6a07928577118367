#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# timeout: 3600
"""What test_memory.py does at limits, with twice as many connections: a thousand and more."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
os.environ.setdefault("L7MESH_TIMES", "2")
# pylint: disable=wrong-import-position
import test_memory

sys.argv[1:] = sys.argv[1:] or ["limit"]
sys.exit(test_memory.main())

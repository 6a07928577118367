#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""test_http_engine, with nothing spliced: as with endpoints on other nodes."""

import sys

import test_http_engine

sys.exit(test_http_engine.main("off"))

"""Starts the program: ``python -m session_host.one_shot --format codex -- codex exec --json -``."""

from __future__ import annotations

import asyncio
import sys

from session_host.errors import UsageError
from session_host.one_shot.program import Program, read_options

try:
    options = read_options(sys.argv[1:])
except UsageError as error:
    sys.stderr.write(f"outlive-one-shot: {error}\n")
    sys.exit(2)
asyncio.run(Program(options).serve())

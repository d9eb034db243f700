"""Starts the program; see the package."""

from __future__ import annotations

import sys

from session_host.worktree_setup import in_chat, in_terminal
from session_host.worktree_setup.command import read_options

options = read_options(sys.argv[1:])
if options is None:
    sys.stderr.write("outlive-worktree-setup: expected WORKTREE REPOSITORY COMMAND -- AGENT...\n")
    sys.exit(2)
sys.exit(in_chat.run(options) if options.speaks_lines else in_terminal.run(options))

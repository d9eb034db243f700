"""The argv of the program that the host starts."""

from __future__ import annotations

import sys

from session_host.protocol.launch import LaunchSpec


def program_argv(spec: LaunchSpec) -> list[str]:
    """The agent's argv, or that of the program that sets up its worktree and then execs the agent."""
    if spec.setup is None:
        return spec.argv
    lines = ["--lines"] if spec.structured is not None else []
    setup = spec.setup
    mark = ["--mark", setup.mark] if setup.mark else []
    argv = [sys.executable, "-P", "-m", "session_host.worktree_setup", *lines, *mark]
    return [*argv, setup.worktree, setup.repository, setup.command, "--", *spec.argv]

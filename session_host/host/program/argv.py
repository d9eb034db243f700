"""The words of the program that the host starts."""

from __future__ import annotations

import sys

from session_host.protocol.launch import LaunchSpec


def program_argv(spec: LaunchSpec) -> list[str]:
    """The agent's words; or those of the program that sets up its worktree, and then becomes the agent."""
    if spec.setup is None:
        return spec.argv
    lines = ["--lines"] if spec.structured is not None else []
    setup = spec.setup
    words = [sys.executable, "-P", "-m", "session_host.worktree_setup", *lines]
    return [*words, setup.worktree, setup.repository, setup.command, "--", *spec.argv]

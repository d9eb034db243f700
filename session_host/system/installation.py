"""This installation's program."""

from __future__ import annotations

import sys
from pathlib import Path


def outlive_command() -> list[str]:
    """The command line of this installation's ``outlive``, without arguments."""
    program = Path(sys.executable).with_name("outlive")
    return [str(program)] if program.exists() else [sys.executable, "-P", "-m", "session_host.cli"]

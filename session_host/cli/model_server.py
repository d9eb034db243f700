"""Asks the chat with a model server, a program of its own, whether it can start: only it knows its file and options."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from session_host.paths import config_dir
from session_host.system.installation import own_python

_TIMEOUT_S: Final = 20.0
_ASKS: Final = """
import contextlib, json, os, sys
sys.path.insert(0, sys.argv[1])
with contextlib.suppress(OSError):
    os.chdir(sys.argv[4])
from pathlib import Path
from session_host.endpoint.options import why_no_start
print(why_no_start(Path(sys.argv[2]), json.loads(sys.argv[3]), os.environ))
"""


def why_no_start(
    arguments: Sequence[str] | None = None, directory: str = ".", variables: Mapping[str, str] | None = None
) -> str:
    """Why a new chat cannot start, one line; "" if it can.

    Args:
        arguments: the program's; None checks the user's defaults alone.
        directory: where the chat will run.
        variables: added to the environment.

    Raises:
        OSError, subprocess.SubprocessError: that cannot be found out.
    """
    words = [str(Path(__file__).parents[2]), str(config_dir().absolute()), json.dumps(arguments), directory]
    done = subprocess.run(
        [*own_python(), "-c", _ASKS, *words],
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=True,
    )
    return done.stdout.strip()

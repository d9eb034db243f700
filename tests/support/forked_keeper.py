"""Lets this process start its keepers by ``keeper_server``."""

from __future__ import annotations

import pickle
import socket
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from session_host.keeper_client import discovery
from tests.support.command_server import MAX_BYTES, Command
from tests.support.forked_process import ForkedProcess

EXEC = discovery.start_process
"""Starts a keeper by exec, as users do."""


def use(requests: socket.socket) -> None:
    """From now on, start keepers by the server at the other end of ``requests``."""
    usual = discovery.keeper_argv(), _of_the_interpreter(discovery.keeper_environment())

    def start(argv: Sequence[str], **options: Any) -> Any:
        message = pickle.dumps(Command([], options["env"], options["cwd"], 0o077))
        if len(message) > MAX_BYTES or (argv, _of_the_interpreter(options["env"])) != usual:
            return subprocess.Popen(argv, **options)
        return ForkedProcess(requests, message, options["stdout"], options["stderr"])

    vars(discovery)["start_process"] = start


def _of_the_interpreter(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that an interpreter reads at its start; a fork of the server cannot change them."""
    return {name: value for name, value in environment.items() if name.startswith(("PYTHON", "LANG", "LC_"))}


def use_none() -> None:
    """From now on, start keepers by exec."""
    vars(discovery)["start_process"] = EXEC

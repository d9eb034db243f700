"""Kills the process of an action at any system call; ``every_instant`` has these scenarios.

``python -m tests.kills.work.instants CASE`` runs one case, such as ``restore kill:system:57 plain.1``, in a process of
its own, and prints the tracer's report and the faults as JSON.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.kills.kill_points import KillResult, Workspace
from tests.kills.trace import CannotTrace, Traced
from tests.kills.work.model import Case
from tests.support.waiting import WaitTimeout

TREE = "plain.1 names.2 links.3 modes.4 swap.5 executable.6 ignored.7"
"""The features of the working tree."""


async def restore(workspace: Workspace, number: int) -> KillResult:
    """Kill a restore."""
    return await _killed("restore", number)


async def undo_of_a_restore(workspace: Workspace, number: int) -> KillResult:
    """Kill the undo of a restore."""
    return await _killed("undo-restore", number)


async def discard(workspace: Workspace, number: int) -> KillResult:
    """Kill the discard of one file's change."""
    return await _killed("discard", number)


async def take_back(workspace: Workspace, number: int) -> KillResult:
    """Kill the process that takes one hunk back."""
    return await _killed("take-back", number)


async def removal(workspace: Workspace, number: int) -> KillResult:
    """Kill the removal of a worktree."""
    return await _killed("rm", number)


async def _killed(action: str, number: int) -> KillResult:
    began_s = time.monotonic()
    case = f"{action} kill:system:{number} {TREE}"
    command = [sys.executable, "-m", "tests.kills.work.instants", case]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    if done.returncode:
        error = WaitTimeout if "WaitTimeout" in done.stderr else CannotTrace
        raise error(done.stderr.strip().rpartition("\n")[2])
    told = json.loads(done.stdout)
    return KillResult(number, Traced(**told["traced"]), told["faults"], time.monotonic() - began_s)


def main() -> None:
    """Run the case on the command line."""
    from tests.kills.work.child import adopt_orphans
    from tests.kills.work.trees import make_upstream
    from tests.kills.work_at_random import area, run_one

    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="ot-", dir="/tmp") as directory:
        with area():
            upstream = make_upstream(Path(directory) / "upstream")
        verdict = run_one(Case.read(sys.argv[1]), upstream)
    assert verdict.traced is not None
    print(json.dumps({"traced": verdict.traced._asdict(), "faults": [str(fault) for fault in verdict.faults]}))


if __name__ == "__main__":
    main()

"""Kills ``outlive rm`` at its k-th system call: a chat's row, worktree, restore points and pasted files go together.

``python -m tests.kills.removed_chat CHAT`` is the process that is killed. It imports all that it needs, prints a line,
waits for one, and removes the chat.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Final

from session_host.cli.subcommands import main as outlive
from session_host.client.chats import chat_worktree, removal
from session_host.client.sessions.store_access import open_store
from session_host.client.worktrees import inside, make, missing, removing, submodules
from session_host.paths import PASTED, session_dir, worktrees_dir
from session_host.protocol.facts import OwnWorktree
from session_host.protocol.values import State
from session_host.restore_points.points import PREFIX, About, RestorePoint, take
from tests.kills.kill_points import KillResult, Workspace, tracing
from tests.support import processes
from tests.support.commands import OUTLIVE, REPOSITORY, environment
from tests.support.facts import chat_facts
from tests.support.repositories import Checkout
from tests.support.waiting import TIMEOUT_S, eventually

MARK: Final = "OUTLIVE_TEST_REMOVER"
COUNTED: Final = (
    *("open", "openat", "creat", "write", "pwrite64", "ftruncate", "sendfile", "copy_file_range"),
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "rmdir"),
    *("mkdir", "mkdirat", "chmod", "fchmod", "fchmodat", "utimensat", "flock", "vfork", "fork", "clone", "poll"),
)
"""The calls at which it is killed: those that change something, start a process, or wait. All others read only."""
_NEEDED_LATER: Final = (chat_worktree, removal, inside, missing, removing, submodules)
"""Modules that the command imports when it needs them; the calls of an import are not to be counted."""


async def removal_of_a_chat(workspace: Workspace, number: int) -> KillResult:
    """Kill ``outlive rm`` of a chat with a worktree, restore points and a pasted file."""
    began_s = time.monotonic()
    checkout = Checkout.new(workspace.directory / f"chat-{workspace.next_number()}" / "project")
    checkout.commit(".gitignore", "build/\n")
    own = make(str(checkout.path), None, "x").own
    there = Checkout(own.path)
    there.write("build/deep/result")
    (there.path / "build/deep").chmod(0o555)
    record = chat_facts(
        id=str(uuid.uuid4()),
        name="x",
        agent="claude",
        argv=["x"],
        cwd=own.path,
        state=State.EXITED,
        exit_code=0,
        worktree=own.path,
        repository=own.repository,
        branch=own.branch,
        branch_made=own.branch_made,
    )
    with open_store() as store:
        store.insert(record, named_alone=True)
    point = take(there.path, record.id, About(kind="prompt"))
    pasted = session_dir(record.id) / PASTED / "1.png"
    pasted.parent.mkdir()
    pasted.touch()
    before = _contents(there.path)
    scratch = checkout.path.with_name("scratch")
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kills.removed_chat", record.id],
        env=environment({MARK: str(scratch), "TMPDIR": str(scratch)}),
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        try:
            await asyncio.to_thread(process.stdout.readline)
            with await tracing(process.pid, number, only=COUNTED) as traced:
                await asyncio.to_thread(process.communicate, b"\n")
                result = await asyncio.to_thread(traced.result)
        finally:
            process.kill()
    await eventually(lambda: not processes.with_environment(MARK, str(scratch)), TIMEOUT_S, "the end of git")
    losses = await asyncio.to_thread(_losses, checkout, own, record.id, before, point, pasted)
    if process.returncode and result.killed_at is None:
        losses.append(f"rm ends with {process.returncode}")
    return KillResult(number, result, losses, time.monotonic() - began_s)


def _contents(top: Path) -> dict[str, tuple[int, bytes]]:
    """Modes and contents of all files and directories."""
    return {
        str(path.relative_to(top)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in top.rglob("*")
    }


def _losses(
    checkout: Checkout,
    own: OwnWorktree,
    chat: str,
    before: dict[str, tuple[int, bytes]],
    point: RestorePoint,
    pasted: Path,
) -> list[str]:
    """Do what the next start does: the chat has all or nothing. Then remove what is left: nothing remains."""
    path, losses = Path(own.path), list[str]()
    with open_store() as store:
        chat_worktree.clean_up_worktrees(store, lambda _line: None)
        removal.finish_removals(store)
        has_row = store.get(chat) is not None
    if path.exists():
        losses += [] if _contents(path) == before else ["the worktree is not as it was"]
        losses += [] if checkout.worktrees() == [own.path] else ["the worktree is not registered"]
        losses += [] if own.branch in checkout.branches() else ["the branch is gone"]
    if has_row:
        losses += [] if path.exists() else ["the worktree is gone, and the chat is not"]
        losses += [] if point.reference in checkout.git("for-each-ref") else ["the restore point is gone too early"]
        losses += [] if pasted.exists() else ["the pasted file is gone too early"]
        done = subprocess.run(
            [*OUTLIVE, "rm", chat, "-y"], env=environment(), capture_output=True, text=True, check=False
        )
        losses += [f"rm fails: {done.stderr}"] if done.returncode else []
    elif path.exists():  # As doctor does.
        removed = removing.remove(removing.worktree_at(path))
        losses += [] if removed.removed else [removed.line]
    left = {
        "worktree": path.exists(),
        "registration": bool(checkout.worktrees()),
        "branch": checkout.branches() != ["main"],
        "restore point": bool(checkout.git("for-each-ref", PREFIX)),
        "pasted file": pasted.exists(),
        "lock": any((checkout.path / ".git").rglob("*.lock")),
        "hidden name": any(worktrees_dir().rglob("*.removing*")),
    }
    return losses + [f"a {what} is left" for what, is_left in left.items() if is_left]


def main() -> int:
    """Remove the chat that the command line names, after a line on standard input."""
    print("ready", flush=True)
    sys.stdin.readline()
    return outlive(["rm", sys.argv[1], "-y"])


if __name__ == "__main__":
    sys.exit(main())

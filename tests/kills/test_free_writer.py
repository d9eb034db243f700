"""What a program saves while files are restored, discarded or removed is kept: in its place, or in a restore point.

The program has a pace of its own, so that it meets other moments in each run; ``work_at_random`` has saves at known
calls. It saves each file once, by a rename: no version is overwritten by itself.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from session_host.client.worktrees import make
from session_host.client.worktrees.changes import read_changes
from session_host.client.worktrees.discarding import discard, undo
from session_host.client.worktrees.removing import remove
from session_host.errors import FilesChanged, WorktreeError
from session_host.restore_points.points import About, take
from session_host.restore_points.restoring import plan_restore, restore
from tests.support.repositories import Checkout

pytestmark = pytest.mark.slow

CHAT = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"
FILES = [f"src/{number % 20}/file{number}" for number in range(800)]
PAUSE_S = 0.001

WRITER = f"""
import select, sys, time
from pathlib import Path

top, new, waits = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "after the look"


def points():
    return len(list((top / ".git/refs/outlive").rglob("*")))


before = points() if waits else 0
print(flush=True)
time.sleep(0 if waits else float(sys.argv[3]))
while waits and points() == before and not select.select([0], [], [], {PAUSE_S})[0]:
    pass
for name in sys.argv[4:]:
    new.write_text(f"saved as {{name}}\\n")
    try:
        new.rename(top / name)
    except FileNotFoundError:
        continue
    print(name, flush=True)
    if select.select([0], [], [], {PAUSE_S})[0]:
        break
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    checkout = Checkout.new(tmp_path / "api")
    write_all(checkout, "one")
    checkout.git("add", ".")
    checkout.git("commit", "-qm", "all")
    return checkout


def write_all(checkout: Checkout, text: str) -> None:
    for name in FILES:
        checkout.write(name, f"{text} {name}\n")


@contextmanager
def saving(top: Path, names: Sequence[str], when: str = "0") -> Iterator[set[str]]:
    """Save files during this context; at its end, the set has the names of those that were saved.

    Args:
        top: the working tree.
        names: the files.
        when: after so many seconds, or "after the look": when the restore has saved its own restore point. It refuses
            to begin if files change while it looks at them.
    """
    saved = set[str]()
    command = [sys.executable, "-c", WRITER, str(top), str(top.parent / "new"), when, *names]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdout.readline()
        yield saved
        writer.stdin.close()
        saved.update(writer.stdout.read().split())
    assert writer.returncode == 0


def lost(checkout: Checkout, saved: set[str]) -> set[str]:
    """The saved files that are neither in their place nor in a restore point."""
    kept = {line.split(" ")[0] for line in checkout.git("rev-list", "--objects", "--all").splitlines()}
    return {name for name in saved if not is_in_place(checkout.path, name) and blob(name) not in kept}


def is_in_place(top: Path, name: str) -> bool:
    return (top / name).is_file() and (top / name).read_text() == f"saved as {name}\n"


def blob(name: str) -> str:
    data = f"saved as {name}\n".encode()
    return hashlib.sha1(b"blob %d\0%s" % (len(data), data), usedforsecurity=False).hexdigest()


def test_a_save_during_a_restore_or_its_undo_is_kept(checkout: Checkout) -> None:
    point = take(checkout.path, CHAT, About(kind="prompt"))
    write_all(checkout, "two")
    with saving(checkout.path, FILES[::2], "after the look") as saved:
        done = restore(checkout.path, plan_restore(checkout.path, point), CHAT)
    assert len(saved) > 20
    assert lost(checkout, saved) == set()
    assert saved & set(done.failed) <= {name for name in saved if is_in_place(checkout.path, name)}
    with saving(checkout.path, FILES[1::2], "after the look") as later:
        restore(checkout.path, plan_restore(checkout.path, done.undo), CHAT)
    assert len(later) > 20
    assert lost(checkout, saved | later) == set()


def test_a_save_during_a_discard_or_its_undo_is_kept(checkout: Checkout) -> None:
    names = FILES[:16]
    for name in names:
        checkout.write(name, f"two {name}\n")
    shown = read_changes(checkout.path)
    files = {file.path: file for file in shown.files}
    with saving(checkout.path, [*FILES[16:], *names]) as saved:
        for name in names:
            with suppress(FilesChanged, WorktreeError):
                undo(checkout.path, discard(checkout.path, shown, files[name], CHAT), CHAT)
    assert lost(checkout, saved) == set()


def test_a_save_during_a_removal_is_kept(checkout: Checkout) -> None:
    for number in range(8):
        worktree = make(str(checkout.path), None, f"x{number}").own
        top = Path(worktree.path)
        with saving(top, FILES, f"{number / 20}") as saved:
            removal = remove(worktree)
        assert {name for name in saved if not is_in_place(top, name)} == set(), removal.line

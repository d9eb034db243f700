"""The time to restore files, to discard a change, and to remove a worktree, of a repository with 30,000 small files.

The peers are git, which writes the same files (``git checkout-index``), and ``rm -r``, which removes as many.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from session_host.client.worktrees import make
from session_host.client.worktrees.changes import read_changes
from session_host.client.worktrees.discarding import discard
from session_host.client.worktrees.removing import remove
from session_host.restore_points.points import About, RestorePoint, take
from session_host.restore_points.restoring import plan_restore, restore
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, ratio

FILES = 30_000
CHANGED = (300, 15_000)
IGNORED = 100_000
CHAT = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("working_trees", f"a repository with {FILES} files of a few hundred bytes")
    top = bench.cache / "api"
    _make(top)
    point = take(top, CHAT, About(kind="prompt"))
    for count in CHANGED:
        ours, peer = Series(f"restore {count} files", "s"), Series(f"git checkout-index of {count} files", "s")
        names = [_name(number) for number in range(count)]
        for _ in range(bench.rounds):
            _change(top, names)
            ours.values.append(_seconds(_restore, top, point))
            _change(top, names)
            peer.values.append(_seconds(_checkout, top, names))
        report.series += [ours, peer]
        report.verdicts.append(ratio(f"{ours.name} / {peer.name}", ours, peer, at_least=None))
    discarded = Series("discard one change", "s")
    for _ in range(bench.rounds):
        _change(top, [_name(1)])
        changes = read_changes(top)
        discarded.values.append(_seconds(discard, top, changes, changes.files[0], CHAT))
    report.series.append(discarded)
    for count in (0, IGNORED):
        ours = Series(f"remove a clean worktree with {count} ignored files", "s")
        peer = Series(f"rm -r of the same, {count} ignored files", "s")
        for _ in range(bench.rounds):
            worktree = make(str(top), None, "chat")
            path = Path(worktree.own.path)
            copy = bench.cache / "copy"
            _ignored(path, count)
            shutil.copytree(path, copy)
            ours.values.append(_seconds(remove, worktree.own))
            assert not path.exists()
            peer.values.append(_seconds(subprocess.check_call, ["rm", "-r", str(copy)]))
        report.series += [ours, peer]
        report.verdicts.append(ratio(f"{ours.name} / {peer.name}", ours, peer, at_least=None))
    return report


def _seconds(work: Callable[..., object], *arguments: object) -> float:
    began_s = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began_s


def _restore(top: Path, point: RestorePoint) -> None:
    assert not restore(top, plan_restore(top, point), CHAT).failed


def _checkout(top: Path, names: list[str]) -> None:
    _git(top, "checkout-index", "-f", "--stdin", data="\n".join(names))


def _name(number: int) -> str:
    return f"directory-{number % 300}/file-{number}"


def _git(top: Path, *words: str, data: str = "") -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "maintenance.auto=false")
    subprocess.run(["git", *identity, *words], cwd=top, input=data.encode(), check=True, stdout=subprocess.DEVNULL)


def _make(top: Path) -> None:
    top.mkdir()
    _git(top, "init", "--quiet")
    (top / ".gitignore").write_text("node_modules/\n")
    for number in range(FILES):
        path = top / _name(number)
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number}\n" * 60)
    _git(top, "add", ".")
    _git(top, "commit", "--quiet", "-m", "all")


def _change(top: Path, names: list[str]) -> None:
    for name in names:
        (top / name).write_text("changed\n" * 60)


def _ignored(top: Path, count: int) -> None:
    for number in range(count):
        path = top / "node_modules" / f"package-{number % 1000}" / f"file-{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")

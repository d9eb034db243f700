"""Does a case's actions, and says what was lost, not done, or not said."""

from __future__ import annotations

import ctypes
import difflib
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from session_host.client.worktrees.changes import ChangedFile, read_changes
from session_host.client.worktrees.discarding import can_discard_file, discard, hunks_of
from session_host.client.worktrees.discarding import undo as undo_discard
from session_host.client.worktrees.making import make
from session_host.client.worktrees.removing import Plan as RemovalPlan
from session_host.client.worktrees.removing import finish_removals, remove
from session_host.client.worktrees.removing import plan as plan_removal
from session_host.client.worktrees.taking_back import take_back
from session_host.paths import worktrees_dir
from session_host.restore_points.points import About, RestorePoint, listed, take
from session_host.restore_points.restoring import Plan, Restored, plan_restore, restore
from tests.kills.trace import Traced
from tests.kills.work.child import Outcome, Saved, in_child
from tests.kills.work.trees import GitFailed, Tree
from tests.kills.work.walks import Seen, Walk, differing, repository_of, tree_of, walk

CHAT: Final = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"
_SAVED: Final = b"saved by somebody else, while it ran\n"
_PLAIN_MODES: Final = {0o644, 0o755}
_POINTER: Final = re.compile(rb"version https://git-lfs.*\noid sha256:([0-9a-f]{64})\n", re.DOTALL)
_HUNK: Final = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@.*\n", re.MULTILINE)
_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18


UNNAMED: Final = {
    # Why a file may stay without being named.
    "in a repository inside",
    "a submodule",  # they are counted, or named as one
    "untracked files are hidden",  # none is kept, which is said once
    "other files are ignored than at the point",  # as all ignored files
    "sparse",
}


LARGE: Final = "larger than 8 MB"


class Fault(NamedTuple):
    """What is wrong.

    Attributes:
        kind: "kept", "done", "said", "git" (the repository's own files), "placed" (it was
            changed by other means than the one that looks first), or "crash".
        action: the action.
        path: the file; "" for none.
        text: what happened.
    """

    kind: str
    action: str
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.action}: {self.path!r}: {self.text}"


class Verdict(NamedTuple):
    """What was found of a case.

    Attributes:
        result: "done", "stayed" (a part of it), "refused", or "nothing" (there was nothing to do).
        faults: what is wrong.
        is_disturbed: whether the disturbance came.
        traced: the system calls of the action, if one of them was to be disturbed.
    """

    result: str
    faults: tuple[Fault, ...]
    is_disturbed: bool
    traced: Traced | None = None


@cache
def can_mount() -> bool:
    """Whether this process may mount a directory for a process of its own."""
    if (pid := os.fork()) == 0:
        os._exit(ctypes.CDLL(None).unshare(_CLONE_NEWNS) != 0)
    return os.waitpid(pid, 0)[1] == 0


def judge(tree: Tree) -> Verdict:
    """Make a case's working tree, do its actions, and compare."""
    return _Removal(tree).run() if tree.case.action == "rm" else _Change(tree).run()


class _Judge:
    def __init__(self, tree: Tree) -> None:
        self._tree, self._case = tree, tree.case
        self._faults: list[Fault] = []
        self._result = "nothing"
        self._is_disturbed = False
        self._traced: Traced | None = None

    def run(self) -> Verdict:
        self._tree.make_base()
        self._act()
        return Verdict(self._result, tuple(self._faults), self._is_disturbed, self._traced)

    def _act(self) -> None:
        raise NotImplementedError

    def _fault(self, kind: str, action: str, path: str, text: str) -> None:
        self._faults.append(Fault(kind, action, path, text))

    def _do(
        self, name: str, action: Callable[[], Any], saved: Saved | None = None, *, is_disturbed: bool = False
    ) -> Outcome:
        outcome = in_child(action, self._case.disturbance if is_disturbed else None, saved)
        self._is_disturbed = self._is_disturbed or outcome.is_disturbed
        self._traced = outcome.traced or self._traced
        for what in outcome.unplaced:
            self._fault("placed", name, "", what)
        if outcome.error is not None and not outcome.error.is_told:
            self._fault("crash", name, "", outcome.error.text)
        return outcome

    def _saved_at(self, top: Path, candidates: Iterable[str]) -> Saved | None:
        """What is saved during the action: one of these files, or a new one."""
        if self._case.kind != "save":
            return None
        choose = Random(str(self._case.disturbance))
        known = sorted(path for path in candidates if not path.endswith(self._tree.strict_encodings))
        path = known[choose.randrange(len(known))] if known and choose.random() < 0.85 else "saved by somebody"
        how = choose.choice(["in place", "by rename"])
        return Saved(top / path, _SAVED, how, makes_directories=choose.random() < 0.2)


_THE_SAVED: Final = Seen("file", 0o644, hashlib.sha256(_SAVED).hexdigest())


# ------------------------------------------------------------ restore, discard, take back


@dataclass
class _Step:
    """One action.

    Attributes:
        name: its name.
        do: the call of the product.
        paths: the files that it may change.
        wanted: what is to be at some paths afterwards; None for nothing.
        undo: the call that undoes it, of its result; None if only its restore point can.
        said: the files that it has changed and has not, of its result.
        is_lenient: whether files may stay that have a reason.
    """

    name: str
    do: Callable[[], Any]
    paths: frozenset[str]
    wanted: Mapping[str, Seen | None]
    said: Callable[[Any], tuple[frozenset[str], frozenset[str]]]
    undo: Callable[[Any], _Step] | None = None


@dataclass
class _Ended:
    """How a step has ended.

    Attributes:
        before: the files before it.
        after: the files after it.
        times: when the restore points were made that it has made.
        missing: what was there before, or was saved, and is not in its place.
    """

    outcome: Outcome
    before: Walk
    after: Walk
    times: set[int] = field(default_factory=set)
    missing: list[tuple[str, Seen]] = field(default_factory=list)
    saved_path: str = ""
    is_whole: bool = True


class _Change(_Judge):
    """A restore, a discard or a hunk that is taken back, and its undo."""

    def _act(self) -> None:
        tree = self._tree
        tree.go("base")
        tree.go("then")
        self._at_point = tree_of(str(tree.top))
        self._known = set(self._at_point.files)
        taken = self._do("take", lambda: take(tree.directory, CHAT, About(kind="prompt")))
        if taken.error is not None:
            self._refused("take", f"no restore point: {taken.error}")
            return
        self._point: RestorePoint = taken.result
        tree.go("now")
        action = self._case.action.removeprefix("undo-")
        is_undo = action != self._case.action
        before = tree_of(str(tree.top))
        step = {"restore": self._restore, "discard": self._discard, "take-back": self._take_back}[action](before)
        if step is None:
            return
        first = self._run(step, before, is_disturbed=not is_undo)
        if is_undo and first.outcome.error is not None:
            return
        undo = self._undo_of(step, first)
        if undo is None:
            for path, version in first.missing:
                self._fault("kept", step.name, path, f"{version} is gone, and there is no undo")
            return
        second = self._run(undo, first.after, is_disturbed=is_undo)
        end = second
        if is_undo and not second.is_whole:
            again = self._undo_of(step, replace(first, saved_path=second.saved_path or first.saved_path))
            if again is None:
                self._fault("done", undo.name, "", "what is left of it cannot be undone")
                return
            end = self._run(again, second.after, is_disturbed=False)
        touched = {first.saved_path, second.saved_path}
        has_other_rules = any(path.endswith(".gitattributes") for path in touched)
        for path in sorted(differing(before, end.after) - touched):
            if has_other_rules and self._tree.is_ruled(path):
                continue  # The point has it by the rules of before. ``_recover`` finds what it was.
            was, found = before.files.get(path), end.after.files.get(path)
            why = self._tree.why(path)
            stayed = {each.path for each in getattr(end.outcome.result, "stayed", ())}
            if why and (was is None or (why == LARGE and path in stayed)):
                continue  # It is said to stay.
            kind = "kept" if was is not None else "done"
            self._fault(kind, f"{step.name} and its undo", path, f"{was} is {found}")
        for path, version in first.missing:
            if path == first.saved_path and not _has(second.after, path, version):
                self._fault("kept", step.name, path, "it was saved meanwhile, and is gone after the undo, too")
        if is_undo or first.saved_path:
            self._recover(second)

    def _recover(self, ended: _Ended) -> None:
        """Find what an undo has taken from its place in its own undo."""
        missing = ended.missing
        for point in self._points(ended.times) if missing else ():
            if not missing:
                return
            at = tree_of(str(self._tree.top))
            step = self._restore_to(point, at, "undo of the undo")
            if step is not None:
                after = self._run(step, at, is_disturbed=False).after
                missing = [(path, version) for path, version in missing if not _has(after, path, version)]
        for path, version in missing:
            if self._tree.why(path) != LARGE:  # It was not saved again, and was named.
                self._fault("kept", "undo", path, f"{version} is gone, and the undo's undo does not bring it back")

    def _refused(self, action: str, why: str) -> None:
        self._result = "refused"
        is_hostile = self._tree.may_refuse or any(self._tree.why(path) for path in self._tree.entries)
        if not self._is_disturbed and not is_hostile:
            self._fault("done", action, "", f"refused: {why}")

    def _git_files(self) -> Walk:
        return repository_of(str(self._tree.main / ".git"))

    def _times(self) -> set[int]:
        """When the restore points were made; git has each as a file."""
        place = self._tree.main / ".git/refs/outlive/restore-points" / CHAT
        return {int(each.name) for each in place.iterdir() if each.name.isdigit()}

    def _points(self, times: set[int]) -> list[RestorePoint]:
        """The restore points that were made at these times, the newest first."""
        found = self._do("list", lambda: listed(self._tree.directory, [CHAT])).result or []
        return [point for point in reversed(found) if point.at_ms in times]

    def _run(self, step: _Step, before: Walk, *, is_disturbed: bool) -> _Ended:
        """Do a step, and compare."""
        tree, top = self._tree, self._tree.top
        saved = self._saved_at(top, step.paths or before.files) if is_disturbed else None
        git_before, known = self._git_files(), self._times()
        outcome = self._do(step.name, step.do, saved, is_disturbed=is_disturbed)
        if outcome.is_disturbed and self._case.kind in {"kill", "full"}:
            # What it has left is put back or deleted by the next look.
            self._do("look", lambda: plan_restore(tree.directory, self._point))
        after, git_after = tree_of(str(top)), self._git_files()
        ended = _Ended(outcome, before, after)
        ended.times = self._times() - known
        if outcome.is_saved and saved is not None:
            ended.saved_path = os.path.relpath(saved.path, top)
        for path in sorted(differing(git_before, git_after)):
            self._fault("git", step.name, path, f"{git_before.files.get(path)} is {git_after.files.get(path)}")
        ended.missing = [(path, seen) for path, seen in before.files.items() if after.files.get(path) != seen]
        if ended.saved_path:
            # Who saved it has overwritten what was there.
            ended.missing = [each for each in ended.missing if each[0] != ended.saved_path]
            if not _has(after, ended.saved_path, _THE_SAVED):
                ended.missing.append((ended.saved_path, _THE_SAVED))
        self._check_names(step, ended)
        if outcome.error is not None:
            ended.is_whole = False
            for path in sorted(differing(before, after) - {ended.saved_path}):
                self._fault("said", step.name, path, f"it refuses ({outcome.error}), but has changed it")
            self._refused(step.name, str(outcome.error))
        elif outcome.is_killed:
            ended.is_whole = False
            self._result = "stayed"
        else:
            self._check_said(step, ended)
        return ended

    def _check_names(self, step: _Step, ended: _Ended) -> None:
        self._known |= {*ended.before.files, *(path for path, seen in step.wanted.items() if seen), ended.saved_path}
        for path in sorted(ended.after.files.keys() - self._known):
            place, _, ending = path.rpartition(".kept")
            if place in step.paths and not ending.strip("-0123456789"):
                continue  # Somebody saved the file while it was placed: both are there.
            self._fault("done", step.name, path, "it leaves a file that nobody has made")

    def _check_said(self, step: _Step, ended: _Ended) -> None:
        """Compare what a step says, and what it should do, with what it has done."""
        before, after = ended.before, ended.after
        said, failed = step.said(ended.outcome.result)
        changed = differing(before, after) - {ended.saved_path}
        ended.is_whole = not failed
        for path in sorted(changed - said):
            self._fault(
                "said", step.name, path, f"it was {before.files.get(path)}, is {after.files.get(path)}; not said"
            )
        for path in sorted(said - changed - {ended.saved_path}):
            if self._tree.is_ruled(path):
                continue  # git has the same bytes in another form.
            self._fault("said", step.name, path, "it is said to be changed, and is as it was")
        stayed = {each.path for each in getattr(ended.outcome.result, "stayed", ())}
        for path in sorted(stayed & changed):
            self._fault("said", step.name, path, "it is said to stay, and is changed")
        is_late = False
        for path, wanted in step.wanted.items():
            if path == ended.saved_path or _is_same(wanted, after.files.get(path), before.files.get(path)):
                continue
            is_late = True
            why = self._tree.why(path)
            if not why and (not self._is_disturbed or path not in failed):
                self._fault("done", step.name, path, f"it is {after.files.get(path)}, and not {wanted}")
            elif (
                why
                and path not in stayed | failed | said
                and not self._tree.is_unnamed(path, UNNAMED)
                and isinstance(ended.outcome.result, Restored)
                and not self._is_same_for_git(path, ended.outcome.result.undo)
            ):
                text = f"{before.files.get(path)} is {after.files.get(path)}, not {wanted}"
                self._fault("said", step.name, path, f"it stays ({why}), and is not named: {text}")
        if self._result != "refused":
            self._result = "stayed" if failed or is_late else "done" if changed else self._result

    def _is_same_for_git(self, path: str, now: RestorePoint) -> bool:
        """Whether git has the same of a file at the point and now."""
        trees = (self._point.kept.tree, now.kept.tree)
        then, at_present = (self._tree.git("ls-tree", "-z", each, "--", f":(literal){path}") for each in trees)
        return then == at_present

    def _is_disturbed_by(self, kind: str) -> bool:
        return self._is_disturbed and self._case.kind == kind

    # ------------------------------------------------------------ the actions

    def _restore(self, before: Walk) -> _Step | None:
        return self._restore_to(self._point, before, "restore", wanted=self._at_point)

    def _restore_to(self, point: RestorePoint, before: Walk, name: str, wanted: Walk | None = None) -> _Step | None:
        directory = self._tree.directory
        planned = self._do(f"plan of {name}", lambda: plan_restore(directory, point))
        if planned.error is not None:
            self._refused(name, str(planned.error))
            return None
        plan: Plan = planned.result
        paths = frozenset(file.path for file in plan.files)

        def said(result: Restored) -> tuple[frozenset[str], frozenset[str]]:
            failed = frozenset(result.failed)
            if result.restored != len(paths - failed):
                self._fault("said", name, "", f"{result.restored} restored of {len(paths)} with {len(failed)} failed")
            return paths - failed, failed

        expected: dict[str, Seen | None] = {}
        if wanted is not None:
            for path in before.files.keys() | wanted.files.keys():
                expected[path] = before.files.get(path) if self._tree.is_ignored(path) else wanted.files.get(path)
        return _Step(name, lambda: restore(directory, plan, CHAT), paths, expected, said)

    def _undo_of(self, step: _Step, ended: _Ended) -> _Step | None:
        """The step that undoes another one."""
        result = ended.outcome.result
        wanted = {path: seen for path, seen in ended.before.files.items() if path != ended.saved_path}
        if step.undo is not None and result is not None:
            return replace(step.undo(result), wanted=wanted)
        point = result.undo if isinstance(result, Restored) else next(iter(self._points(ended.times)[-1:]), None)
        if point is None:
            return None
        undo = self._restore_to(point, tree_of(str(self._tree.top)), f"undo of {step.name}")
        return replace(undo, wanted=wanted) if undo is not None else None

    def _discard(self, before: Walk) -> _Step | None:
        directory = self._tree.directory
        read = self._do("read", lambda: read_changes(directory))
        if read.error is not None:
            self._refused("discard", str(read.error))
            return None
        changes = read.result
        choose = Random(str(self._case.features[0]))
        possible: list[tuple[ChangedFile, int | None]] = []
        for file in changes.files:
            possible += [(file, None)] if can_discard_file(file) else []
            possible += [(file, number) for number in range(hunks_of(file))]
        own = [each for each in possible if self._tree.is_of_first(each[0].path)]
        if not possible:
            return None
        file, hunk = choose.choice(own or possible)
        path = file.path
        run = 0 if hunk is not None and choose.random() < 0.5 else None
        wanted: dict[str, Seen | None] = {}
        if hunk is None:
            known = self._as_git_writes(path)
            if known is not ...:
                wanted[path] = known
        elif not file.old_path and (content := self._without_hunk(path, hunk, run)) is not None:
            wanted[path] = Seen("file", before.files[path].mode, hashlib.sha256(content).hexdigest())
        return self._one_file("discard", lambda: discard(directory, changes, file, CHAT, hunk, run), path, wanted)

    def _one_file(self, name: str, do: Callable[[], Any], path: str, wanted: Mapping[str, Seen | None]) -> _Step:
        paths = frozenset({path})

        def said(result: Any) -> tuple[frozenset[str], frozenset[str]]:
            return paths, frozenset()

        def undo(result: Any) -> _Step:
            return _Step(f"undo of {name}", lambda: undo_discard(self._tree.directory, result, CHAT), paths, {}, said)

        return _Step(name, do, paths, wanted, said, undo)

    def _as_git_writes(self, path: str) -> Any:
        """What a checkout of HEAD writes at a path; None for nothing, ... if unknown."""
        try:
            entry = self._tree.git("ls-tree", "-z", "HEAD", "--", f":(literal){path}")
        except GitFailed:
            return None  # There is no commit.
        if not entry:
            return None
        mode, _, blob = entry.partition("\t")[0].split(" ")
        content = os.fsencode(self._tree.git("cat-file", "--filters", f"--path={path}", blob, is_raw=True))
        has_lfs = self._tree.git("check-attr", "filter", "--", path).endswith(": lfs")
        pointer = _POINTER.match(content) if has_lfs else None
        what = pointer[1].decode() if pointer is not None else hashlib.sha256(content).hexdigest()
        return Seen("file", 0o755 if mode == "100755" else 0o644, what)

    def _without_hunk(self, path: str, hunk: int, run: int | None) -> bytes | None:
        """A file without one hunk of its change, or its first run; None where git's hunks are not the file's lines."""
        content = (self._tree.top / path).read_bytes()
        plain = hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()
        if self._tree.git("hash-object", "--stdin", f"--path={path}", data=content) != plain:
            return None
        changes = os.fsencode(
            self._tree.git("diff", "-M", "--no-color", "--no-ext-diff", "HEAD", "--", f":(literal){path}", is_raw=True)
        )
        starts = list(_HUNK.finditer(changes))
        if hunk >= len(starts):
            return None
        end = starts[hunk + 1].start() if hunk + 1 < len(starts) else len(changes)
        old = _old_side(changes[starts[hunk].end() : end].splitlines(keepends=True), is_first_run=run is not None)
        first, count = int(starts[hunk][3]), int(starts[hunk][4] or 1)
        at = first - 1 if count else first
        lines = content.splitlines(keepends=True) if b"\r" not in content else content.split(b"\n")
        if b"\r" in content:
            return None
        return b"".join([*lines[:at], *old, *lines[at + count :]])

    def _take_back(self, before: Walk) -> _Step | None:
        """Take back a hunk of an edit that the agent might have made last."""
        choose = Random(str(self._case.features[0]))
        texts = sorted(path for path in before.files if self._is_text(path, before.files[path]))
        own = [path for path in texts if self._tree.is_of_first(path)]
        if not texts:
            return None
        path = choose.choice(own or texts)
        now = (self._tree.top / path).read_bytes().split(b"\n")
        at = choose.randrange(len(now) - 1)
        line = b"as it was\r" if now[0].endswith(b"\r") else b"as it was"
        earlier = [*now[:at], line, *now[at + choose.choice([0, 1]) :]]
        hunks = list(difflib.unified_diff(_text(earlier), _text(now), n=3, lineterm=""))[2:]
        if sum(line.startswith("@@ ") for line in hunks) != 1 or not any(line[:1] in "+ " for line in hunks[1:]):
            return None
        is_elsewhere = choose.random() < 0.2
        if is_elsewhere:
            # An equal block stands where the edit was not; the edit's own lines are gone.
            first = re.sub(r"\+(\d+)", lambda found: f"+{int(found[1]) + 4000}", hunks[0])
            hunks = [first, *hunks[1:]]
        hunk = "\n".join(hunks) + "\n"
        mode = before.files[path].mode
        wanted = {path: Seen("file", mode, hashlib.sha256(b"\n".join(earlier)).hexdigest())}
        directory, file = self._tree.directory, str(self._tree.top / path)
        if is_elsewhere:
            outcome = self._do("take-back elsewhere", lambda: take_back(directory, file, hunk, CHAT))
            if outcome.error is None or differing(before, tree_of(str(self._tree.top))):
                self._fault("kept", "take-back", path, "a block that the edit did not make is changed")
            hunk = re.sub(r"\+(\d+)", lambda found: f"+{int(found[1]) - 4000}", hunk, count=1)
        return self._one_file("take-back", lambda: take_back(directory, file, hunk, CHAT), path, wanted)

    def _is_text(self, path: str, seen: Seen) -> bool:
        if seen.kind != "file" or self._tree.is_inside_repository(path):
            return False
        data = (self._tree.top / path).read_bytes()
        return b"\0" not in data and data.endswith(b"\n") and data.count(b"\n") > 2 and len(data) < 1 << 20


def _text(lines: list[bytes]) -> list[str]:
    return [os.fsdecode(line) for line in lines[:-1]]


def _old_side(lines: list[bytes], *, is_first_run: bool = False) -> list[bytes]:
    """The lines before a change, of the lines of its hunk; or those before its first run, and after the others."""
    old: list[bytes] = []
    last = b""
    is_over = False
    for line in lines:
        kind = line[:1]
        is_over = is_over or (is_first_run and kind == b" " and last in {b"-", b"+"})
        if line.startswith(b"\\"):
            if last in {b"-", b" "}:
                old[-1] = old[-1].removesuffix(b"\n")
            continue
        last = {b"+": b" ", b"-": b"+"}.get(kind, kind) if is_over else kind
        if last in {b"-", b" "}:
            old.append(line[1:])
    return old


def _has(walked: Walk, path: str, version: Seen) -> bool:
    found = walked.files.get(path)
    return found is not None and (found == version or (version is _THE_SAVED and found.what == version.what))


def _is_same(wanted: Seen | None, found: Seen | None, before: Seen | None) -> bool:
    """Whether a file is as wanted; of a file that was there, its permissions may be those that it had."""
    if wanted is None or found is None or wanted.kind != "file" or found.kind != "file":
        return wanted == found
    if wanted.what != found.what:
        return False
    if before is None or before.kind != "file":
        return wanted.mode == found.mode
    if before.what == wanted.what and found.mode == before.mode:
        return True
    is_kept = found.mode & 0o666 == before.mode & 0o666
    return wanted.mode == found.mode or (wanted.mode in _PLAIN_MODES and is_kept)


# ------------------------------------------------------------ removing a worktree


class _Removal(_Judge):
    """A worktree of a chat, which is removed, or kept."""

    def _act(self) -> None:
        tree = self._tree
        made = self._do("make", lambda: make(str(tree.main), None, "x"))
        if made.error is not None:
            self._fault("done", "make", "", str(made.error))
            return
        own = made.result.own
        tree.top = Path(own.path)
        fresh = tree_of(str(tree.top))
        tree.go("removal")
        tree.place_ignored()
        source = tree.root / "mounted"
        source.mkdir()
        (source / "kept").write_text("of somebody else\n")
        others = self._others()
        before = tree_of(str(tree.top))
        status = self._status()
        work = [line for line in status if not line.startswith("!")]
        administration = walk(str(tree.main / ".git"), _is_outside)
        saved = self._saved_at(tree.top, [path for path in before.files if not tree.is_inside_repository(path)])
        planned = self._do("plan", lambda: self._mounted(lambda: plan_removal(own)))
        outcome = self._do("rm", lambda: self._mounted(lambda: remove(own)), saved, is_disturbed=True)
        if outcome.is_disturbed and self._case.kind in {"kill", "full"}:
            # What it has left is put back, or deleted, by the next start.
            self._do("start", lambda: self._mounted(finish_removals))
        if outcome.is_killed:
            outcome = self._do("rm", lambda: self._mounted(lambda: remove(own)))
        if outcome.error is not None:
            self._fault("said", "rm", "", f"it raises {outcome.error}")
            return
        removal = outcome.result
        after = tree_of(str(tree.top))
        is_gone = not after.files or (removal.removed and not after.files.keys() - _paths(saved, tree.top))
        self._result = "done" if is_gone else "refused"
        if removal.removed != is_gone:
            self._fault("said", "rm", "", f"removed is {removal.removed}, gone is {is_gone}: {removal.line}")
        if differing(others, self._others()):
            path = min(differing(others, self._others()))
            self._fault("kept", "rm", path, f"of somebody else, is changed; {removal.line}")
        saved_path = os.path.relpath(saved.path, tree.top) if saved is not None and outcome.is_saved else ""
        if is_gone:
            self._check_gone(before, fresh, work, saved_path, removal.line, planned.result)
        else:
            self._check_stayed(before, after, saved_path, work, removal.line)
            for path in sorted(differing(administration, walk(str(tree.main / ".git"), _is_outside))):
                self._fault("git", "rm", path, "changed, though the worktree was kept")

    def _check_gone(
        self, before: Walk, fresh: Walk, work: list[str], saved_path: str, line: str, plan: RemovalPlan | None
    ) -> None:
        tree = self._tree
        for why in tree.keeps:
            self._fault("kept", "rm", why, f"it is gone; {line}")
        if work and not tree.keeps:
            self._fault("kept", "rm", work[0], f"git says that it is work; {line}")
        is_named = tree.is_ignored(saved_path) and saved_path in line  # It was saved before the first look.
        if saved_path and not is_named and not self._is_somewhere(_THE_SAVED):
            self._fault("kept", "rm", saved_path, f"it was saved meanwhile, and is gone; {line}")
        ignored = {path for path in before.files if path not in fresh.files}
        for path in sorted(before.files.keys() & fresh.files.keys()):
            if before.files[path] != fresh.files[path] and not tree.keeps and not work:
                self._fault("kept", "rm", path, "git would write it in another way, and it is gone")
        if plan is not None and plan.path and not tree.keeps:
            for path in sorted(ignored - {".git"}):
                if not any(path == each or (each.endswith("/") and path.startswith(each)) for each in plan.ignored):
                    self._fault("said", "rm", path, f"it goes, and is not named: {plan.ignored}")
        branches = tree.git_main("for-each-ref", "--format=%(refname:short)", "refs/heads/")
        listed_worktrees = tree.git_main("worktree", "list", "--porcelain")
        if "outlive/x" in branches.split() and "kept the branch" not in line:
            self._fault("done", "rm", "", f"its branch is left; {line}")
        if str(tree.top) in listed_worktrees:
            self._fault("done", "rm", "", "its registration is left")
        left = walk(str(worktrees_dir()))
        for path, found in sorted(left.files.items()):
            if found.what != _THE_SAVED.what:
                self._fault("done", "rm", path, "it is left")

    def _check_stayed(self, before: Walk, after: Walk, saved_path: str, work: list[str], line: str) -> None:
        for path in sorted(differing(before, after) - {saved_path}):
            self._fault("kept", "rm", path, f"was {before.files.get(path)}, is {after.files.get(path)}; {line}")
        if saved_path and not _has(after, saved_path, _THE_SAVED):
            self._fault("kept", "rm", saved_path, f"it was saved meanwhile, and is gone; {line}")
        may_stay = self._is_disturbed_by_error() or any(part.may_keep for part in self._tree.parts)
        if not self._tree.keeps and not work and not saved_path and not may_stay:
            self._fault("done", "rm", "", f"it is kept: {line}")

    def _is_disturbed_by_error(self) -> bool:
        return self._is_disturbed and self._case.kind == "full"

    def _is_somewhere(self, version: Seen) -> bool:
        return any(each.what == version.what for each in walk(str(worktrees_dir())).files.values())

    def _status(self) -> list[str]:
        """What git says of each file that it does not have as it is."""
        plain = [word for name in self._tree.own_filters for word in ("-c", f"filter.{name}.clean=cat")]
        listing = self._tree.git(*plain, "status", "--porcelain", "-z", "--no-renames", "--ignored", "-uall")
        return [line for line in listing.split("\0") if line]

    def _others(self) -> Walk:
        """The files of others: the main working tree, and what is mounted."""
        return walk(str(self._tree.root), lambda path: path.split("/")[0] not in {"api", "mounted"} or "/.git" in path)

    def _mounted(self, action: Callable[[], Any]) -> Any:
        """Do an action while the tree's mounts are there, for this process and what it starts alone."""
        if self._tree.mounts:
            libc = ctypes.CDLL(None, use_errno=True)
            calls = [libc.unshare(_CLONE_NEWNS), libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)]
            for path in self._tree.mounts:
                source, target = (os.fsencode(each) for each in (self._tree.root / "mounted", self._tree.top / path))
                calls.append(libc.mount(source, target, None, _MS_BIND, None))
            assert not any(calls), os.strerror(ctypes.get_errno())
        return action()


def _paths(saved: Saved | None, top: Path) -> set[str]:
    """The saved file, if its directory is made again for it."""
    return {os.path.relpath(saved.path, top)} if saved is not None and saved.makes_directories else set()


def _is_outside(path: str) -> bool:
    """What of a repository is not the worktree's registration, or its branch."""
    first = path.partition("/")[0]
    return first not in {"worktrees", "refs", "HEAD", "packed-refs"} or path.startswith("refs/outlive")

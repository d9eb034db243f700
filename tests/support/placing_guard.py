"""Fails product code that changes users' working trees outside of ``session_host/placing``, by itself or by git.

Python reports each call that opens, renames, links or removes to an audit hook, with the stack of who calls. A call of
the product below a working tree must come from ``session_host/placing``. Each git command that changes something is a
row of ``GIT_CHANGES``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

_REPOSITORY: Final = Path(__file__).resolve().parent.parent.parent
_PRODUCT: Final = tuple(f"{_REPOSITORY}/{name}/" for name in ("session_host", "gui"))
_TESTS: Final = f"{_REPOSITORY}/tests/"
_PLACING: Final = f"{_REPOSITORY}/session_host/placing/"
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CALLS: Final[dict[str, tuple[tuple[int, int | None], ...]]] = {
    # The positions of paths among an event's arguments, and of the descriptors of their directories.
    "open": ((0, None),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.truncate": ((0, None),),
    "os.utime": ((0, 3),),
    "os.setxattr": ((0, None),),
}


class GitChange(NamedTuple):
    """A git command that changes something.

    Attributes:
        command: its words.
        needs: an option that it must have; "" for none.
        needs_index: whether it must have an index of its own.
        options: the options that it may have.
        what: what it changes.
    """

    command: tuple[str, ...]
    what: str
    options: frozenset[str] = frozenset()
    needs: str = ""
    needs_index: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# fmt: off
GIT_CHANGES: Final = (
    GitChange(
        ("update-index",), "an index of its own", needs_index=True, options=_words(
            "-z --stdin --add --remove --replace --force-remove --index-info --assume-unchanged --no-assume-unchanged "
            "--no-skip-worktree -q --refresh"
        ),
    ),
    GitChange(("read-tree",), "an index of its own", needs_index=True),
    GitChange(("apply",), "an own index", _words("--cached --reverse --whitespace --unidiff-zero -"), "--cached"),
    GitChange(("write-tree",), "objects", _words("--missing-ok"), needs_index=True),
    GitChange(("hash-object",), "objects", _words("-w --stdin --stdin-paths --path --no-filters -t -z")),
    GitChange(("mktag",), "objects"),
    GitChange(("checkout-index",), "a directory of its own", _words("-f -a -q -z --stdin --prefix"), "--prefix"),
    GitChange(("update-ref",), "references of restore points", _words("--stdin -z"), "--stdin"),
    GitChange(("branch",), "a chat's branch", _words("--quiet --track --no-track -- -D")),
    GitChange(("worktree", "add"), "a chat's worktree", _words("--quiet -- --no-checkout")),
    GitChange(("submodule",), "submodules of a new worktree", _words("--quiet --init --no-fetch --")),
    GitChange(("remote",), "a submodule of a new worktree"),
    GitChange(("fetch",), "a submodule of a new worktree", _words("--quiet")),
)
# fmt: on
"""The git commands that change something. None writes into a working tree that somebody has."""
GIT_LOOKS: Final = _words(
    "rev-parse ls-files ls-tree cat-file diff diff-files diff-tree diff-index status check-attr check-ignore config "
    "for-each-ref rev-list merge-base log version check-ref-format show-ref symbolic-ref var"
)
"""Commands that change nothing as the product calls them."""

GIT_LOOKS_OF_TWO: Final = {("worktree", "list"), ("branch", "--show-current")}


class Unplaced(AssertionError):
    """The product has changed a working tree outside of ``session_host/placing``."""


class _Guard:
    """The hook, and what it found."""

    def __init__(self) -> None:
        self.places: tuple[str, ...] = ()
        """Directories of the product itself, below which no user's tree is."""
        self.found: list[str] = []
        self.is_on = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event == "subprocess.Popen":
            if problem := _git_problem(arguments[1], arguments[3]):
                self._fail(problem)
        elif event in _CALLS and _is_unplaced(event, arguments):
            for place, descriptor in _CALLS[event]:
                path = _whole(arguments[place], arguments[descriptor] if descriptor is not None else -1)
                if path and self._is_users(path):
                    self._fail(f"{event} of {path}")

    def _fail(self, what: str) -> None:
        caller = next(_product_frames(), "")
        self.found.append(f"{what}, by {caller}")
        raise Unplaced(self.found[-1])

    def _is_users(self, path: str) -> bool:
        """Whether a path is below a working tree, and not in git's own directory."""
        if any(f"{path}/".startswith(f"{place}/") for place in self.places) and "/worktrees/" not in path:
            return False
        if "/.git/" in f"{path}/":
            return False
        whole = path.rpartition("/")[0]
        while whole and whole not in self.places:
            if os.path.lexists(f"{whole}/.git"):
                return True
            whole = whole.rpartition("/")[0]
        return False


_guard = _Guard()
_is_installed: list[bool] = []


@contextmanager
def placing_guard(*own_directories: Path) -> Iterator[list[str]]:
    """Within this context, such a call raises ``Unplaced``; yields what was found.

    Args:
        own_directories: the product's own directories, in which a working tree may be only below ``worktrees``.
    """
    if not _is_installed:
        sys.addaudithook(_guard)  # It cannot be removed.
        _is_installed.append(True)
    _guard.places = tuple(str(each) for each in own_directories)
    _guard.found = []
    _guard.is_on = True
    try:
        yield _guard.found
    finally:
        _guard.is_on = False
    if _guard.found:
        raise Unplaced("; ".join(_guard.found))


def _is_unplaced(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether a call changes something, and is the product's, but not from ``session_host/placing``."""
    if event == "open":
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        if not flags & _WRITING or flags & os.O_TMPFILE == os.O_TMPFILE:
            return False
    frames = list(_product_frames())
    return bool(frames) and not any(frame.startswith(_PLACING) for frame in frames)


def _product_frames() -> Iterator[str]:
    """The product's functions on the stack, the innermost first: file:function; none if a test's calls by itself."""
    frame: FrameType | None = sys._getframe(1)
    is_product = False
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_PRODUCT):
            is_product = True
            yield f"{file}:{frame.f_code.co_name}"
        elif file.startswith(_TESTS) and file != __file__ and not is_product:
            return
        frame = frame.f_back


def _whole(path: Any, descriptor: int) -> str:
    """A path from the root; "" for none."""
    if isinstance(path, int):
        return _of_descriptor(path)
    text = os.fsdecode(path)
    if not text.startswith("/"):
        text = f"{_of_descriptor(descriptor) if descriptor >= 0 else Path.cwd()}/{text}"
    return os.path.normpath(text)


def _of_descriptor(descriptor: int) -> str:
    try:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return ""


def _git_problem(words: Sequence[Any], environment: Mapping[str, str] | None) -> str:
    """What is wrong with a command line, if it is git's; "" for nothing."""
    if not list(_product_frames()):
        return ""
    line = [os.fsdecode(word) for word in words]
    if "git" not in line:
        return ""
    rest = line[line.index("git") + 1 :]
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in {"-c", "-C"} else rest[1:]
    if not rest or rest[0] in GIT_LOOKS or tuple(rest[:2]) in GIT_LOOKS_OF_TWO:
        return ""
    row = next((row for row in GIT_CHANGES if tuple(rest[: len(row.command)]) == row.command), None)
    if row is None:
        return f"git {' '.join(rest)}"
    options = {word.partition("=")[0] for word in rest if word.startswith("-")}
    if options - row.options or (row.needs and row.needs not in options):
        return f"git {' '.join(rest)}"
    if row.needs_index and "GIT_INDEX_FILE" not in (environment or {}):
        return f"git {' '.join(rest)} with the user's index"
    return ""

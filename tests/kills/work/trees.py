"""Makes the working tree of a case, with git and system calls alone, in three states: base, then, now."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Collection, Iterable
from functools import cached_property
from pathlib import Path
from typing import Final

from tests.kills.work.features import Content, Entry, File, Link, part_of
from tests.kills.work.model import Case

_SETTINGS: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_EDITOR": "true",
    "LC_ALL": "C.UTF-8",
}
_USUAL: Final = "[maintenance]\n\tauto = false\n[gc]\n\tauto = 0\n[advice]\n\tdetachedHead = false\n"


class GitFailed(Exception):
    """git fails while a tree is made: the features do not fit together."""


def git_in(directory: Path, *words: str, data: bytes | None = None, is_raw: bool = False) -> str:
    """Run git; returns what it printed, without the last line end unless ``is_raw``."""
    done = subprocess.run(
        ["git", *words], cwd=directory, env=os.environ | _SETTINGS, input=data, capture_output=True, check=False
    )
    if done.returncode:
        raise GitFailed(f"git {' '.join(words)}: {os.fsdecode(done.stderr).strip()}")
    printed = os.fsdecode(done.stdout)
    return printed if is_raw else printed.removesuffix("\n")


class Tree:
    """The working tree of a case.

    Attributes:
        root: a directory for all of the case.
        top: the top of the working tree.
        main: the top of the repository's main working tree.
        parts: the features' parts.
        mounts: directories in which another one is mounted during a removal, below the top.
        own_filters: the names of filters that only the repository names.
    """

    def __init__(self, root: Path, case: Case, upstream: Path) -> None:
        self.root, self.case = root, case
        self._upstream = upstream
        self.main = self.top = root / "api"
        self.parts = [part_of(each.name, each.seed, each.dropped, number) for number, each in enumerate(case.features)]
        self.mounts: list[str] = []
        self.own_filters: list[str] = []
        self.state = ""
        self._untracked_why = self._text_why = ""
        self._placed: dict[str, Content] = {}

    # ------------------------------------------------------------ what the parts say

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """The files by their paths, with those of the rules."""
        found = {each.path: each for part in self.parts for each in part.entries}
        for name in (".gitignore", ".gitattributes"):
            base, then, now = (self._rules(name, state) for state in ("base", "then", "now"))
            if base or then or now:
                found[name] = Entry(name, base, then, now)
        return found

    def _rules(self, name: str, state: str) -> Content:
        """A file with the lines of all features."""
        lines = [line for part in self.parts for line in part.lines.get((name, state), ())]
        return File("".join(f"{line}\n" for line in lines).encode()) if lines else None

    @property
    def directory(self) -> Path:
        """The chat's directory."""
        below = next((part.below for part in self.parts if part.below), "")
        top = self.root / "link" if any(part.through_link for part in self.parts) else self.top
        return top / below

    @property
    def keeps(self) -> list[str]:
        """Why a worktree with all this is not removed."""
        return [why for part in self.parts for why in part.keeps]

    @property
    def strict_encodings(self) -> tuple[str, ...]:
        """The endings of files for which git refuses what is not in their encoding."""
        return tuple(f".{part.home}" for part in self.parts if part.name == "encoding")

    @property
    def may_refuse(self) -> bool:
        """Whether an action on one file may be refused."""
        return any(part.may_refuse for part in self.parts)

    def is_ignored(self, path: str) -> bool:
        """Whether git ignores a file, at all times."""
        entry = self.entries.get(path)
        return entry is not None and entry.is_ignored

    def why(self, path: str) -> str:
        """Why a file may stay as it is; "" if it must not."""
        entry = self.entries.get(path)
        if entry is not None and entry.may_stay:
            return entry.may_stay
        for part in self.parts:
            for place, why in part.stays.items():
                if f"{path}/".startswith(f"{place}/"):
                    return why
        return self._text_why or self._untracked_why

    def is_of_first(self, path: str) -> bool:
        """Whether a file is of the first feature."""
        first = self.parts[0] if self.parts else None
        return first is not None and (any(path == each.path for each in first.entries) or path.startswith(first.home))

    def is_ruled(self, path: str) -> bool:
        """Whether git may have other bytes of a file than the file has."""
        entry = self.entries.get(path)
        return bool(self._text_why) or any(part.is_ruled and entry in part.entries for part in self.parts)

    def is_inside_repository(self, path: str) -> bool:
        """Whether a file is in another repository below the top."""
        names = path.split("/")
        return ".git" in names or any(
            os.path.lexists(self.top / "/".join(names[:count]) / ".git") for count in range(1, len(names))
        )

    def is_unnamed(self, path: str, reasons: Collection[str]) -> bool:
        """Whether a file may stay for a reason that names no file."""
        return self.why(path) in reasons or self._untracked_why in reasons

    # ------------------------------------------------------------ making

    def make_base(self) -> None:
        """Make the repository with its first commit."""
        self.main.mkdir(parents=True)
        home = Path.home()
        (home / ".gitconfig").write_text(_USUAL)
        options = [option for part in self.parts for option in part.options]
        git_in(self.main, "init", "--quiet", "--initial-branch=main", "--template=", *options)
        (self.main / ".git/info").mkdir()
        self._steps("init")
        if all(part.has_commit for part in self.parts):
            self.place("file", File(b"file\n"))
            self._place_all("base")
            self.git("add", "--all", "--force")
            self.git("commit", "--quiet", "--allow-empty", "-m", "base")
            self._steps("commit")
            if self.case.action != "rm" and any(part.in_worktree for part in self.parts):
                self.top = self.root / "worktree"
                self.git_main("worktree", "add", "--quiet", "-b", "linked", str(self.top))
            self._placed = {path: entry.base for path, entry in self.entries.items()}
        (self.root / "link").symlink_to(self.top.name)
        self.state = "base"

    def go(self, state: str) -> None:
        """Make the files of a state, and do what the features do then."""
        if state in {"then", "now"}:
            self._place_all(state)
        self._steps(state)
        self.state = state
        if state == "now" or self.case.action == "rm":
            self.directory.mkdir(parents=True, exist_ok=True)

    def place_ignored(self) -> None:
        """Make the ignored files in a new worktree."""
        for entry in self.entries.values():
            if entry.is_ignored:
                self.place(entry.path, entry.then)

    def _steps(self, state: str) -> None:
        for part in self.parts:
            for step in part.steps.get(state, ()):
                step(self)

    def _place_all(self, state: str) -> None:
        wanted = {path: getattr(entry, state) for path, entry in self.entries.items()}
        changed = {path: each for path, each in wanted.items() if self._placed.get(path) != each or state == "base"}
        for path in changed:
            if self._placed.get(path) is not None:
                self._delete(path)
        for path, content in changed.items():
            if content is not None:
                self.place(path, content)
        self._placed |= wanted

    def place(self, path: str, content: Content) -> None:
        """Write a file or a link in place of what is there; None deletes it."""
        place = self.top / path
        if content is None:
            self._delete(path)
            return
        self._delete(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            place.symlink_to(content.target)
            return
        place.write_bytes(content.data)
        place.chmod(content.mode)

    def _delete(self, path: str) -> None:
        place = self.top / path
        try:
            mode = place.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return
        if stat.S_ISDIR(mode):
            shutil.rmtree(place)
        else:
            place.unlink()
        parent = place.parent
        while parent != self.top and not any(parent.iterdir()):
            parent.rmdir()
            parent = parent.parent

    # ------------------------------------------------------------ for the features' steps

    def git(self, *words: str, data: bytes | None = None, is_raw: bool = False) -> str:
        """Run git in the working tree."""
        return git_in(self.top, *words, data=data, is_raw=is_raw)

    def git_main(self, *words: str) -> str:
        """Run git in the main working tree."""
        return git_in(self.main, *words)

    def try_git(self, *words: str) -> None:
        """Run git, which may refuse: a merge with a conflict does."""
        try:
            self.git(*words)
        except GitFailed:
            pass

    def configure(self, key: str, value: str, *, is_users: bool = False) -> None:
        """Add a setting to the repository's configuration, or to the user's."""
        section, _, rest = key.partition(".")
        part, _, name = rest.rpartition(".")
        heading = f'[{section} "{part}"]' if part else f"[{section}]"
        file = Path.home() / ".gitconfig" if is_users else self.main / ".git/config"
        with file.open("a") as opened:
            opened.write(f'{heading}\n\t{name} = "{value}"\n')

    def exclude(self, patterns: Iterable[str]) -> None:
        """Ignore files by the repository's own list."""
        with (self.main / ".git/info/exclude").open("a") as opened:
            opened.writelines(f"{pattern}\n" for pattern in patterns)

    def attribute(self, line: str, *, is_users: bool = False) -> None:
        """Give files attributes by a file that is not in the working tree."""
        file = Path.home() / ".config/git/attributes" if is_users else self.main / ".git/info/attributes"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as opened:
            opened.write(f"{line}\n")

    def untracked_may_stay(self, why: str) -> None:
        """Say that no untracked file is kept."""
        self._untracked_why = why

    def text_may_stay(self, why: str) -> None:
        """Say that each text may be written in another way."""
        self._text_why = why

    def commit(self, path: str, data: bytes) -> None:
        """Write and commit a file."""
        self.place(path, File(data))
        self.git("add", "--force", "--", path)
        self.git("commit", "--quiet", "-m", f"change {path}")

    def blob(self, data: bytes) -> str:
        """An object with this content."""
        return self.git("hash-object", "-w", "--stdin", data=data)

    def upstream(self) -> Path:
        """A repository to clone, with two commits."""
        return self._upstream

    def mount(self, path: str) -> None:
        """Have a directory mounted here during a removal."""
        (self.top / path).mkdir(parents=True)
        self.mounts.append(path)


def make_upstream(path: Path) -> Path:
    """A repository to be cloned."""
    path.mkdir(parents=True)
    git_in(path, "init", "--quiet", "--initial-branch=main", "--template=")
    for text in ("one\n", "two\n"):
        (path / "file").write_text(text)
        git_in(path, "add", "file")
        git_in(path, "commit", "--quiet", "-m", text.strip())
    return path

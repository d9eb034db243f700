"""Real git repositories for tests."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Self

from tests.support.area import PREFIX

_SETTINGS = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    # Git starts no other process after a commit, to see whether there is something to clean up.
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "maintenance.auto",
    "GIT_CONFIG_VALUE_0": "false",
}


class Checkout:
    """A working tree (or a bare repository) and git in it."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @classmethod
    def new(cls, path: Path, *, commits: int = 1, bare: bool = False) -> Self:
        """Make a repository with the branch ``main``, which has ``file`` and ``src/deep/file``.

        It is a copy of one that git made, unless the user's own settings may make another one.
        """
        checkout = cls(path)
        if any((Path.home() / name).exists() for name in (".gitconfig", ".config/git")):
            checkout._make(commits, bare)
            return checkout
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(_made(commits, bare), path, symlinks=True)
        if commits:
            checkout.git("update-index", "--refresh")  # It has the files' inodes.
        return checkout

    def _make(self, commits: int, bare: bool) -> None:
        self.path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main", *(["--bare"] if bare else []))
        for _ in range(commits):
            self.commit("file")
            self.commit("src/deep/file")

    def git(self, *words: str) -> str:
        """Run git; returns what it printed."""
        return self._run("git", *words)

    def sh(self, script: str) -> str:
        """Run a script of a shell; returns what it printed."""
        return self._run("sh", "-ec", script)

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.path, env=os.environ | _SETTINGS, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout.rstrip("\n")

    def write(self, name: str, text: str = "") -> Path:
        """Write a file, and make its parent directories."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or f"{name}\n")
        return path

    def commit(self, name: str, text: str = "") -> str:
        """Write a file and commit it; returns the commit's id."""
        before = (self.path / name).read_text() if (self.path / name).exists() else ""
        self.write(name, text or f"{before}{name}\n")
        self.git("add", "--", name)
        self.git("commit", "--quiet", "-m", f"change {name}")
        return self.git("rev-parse", "HEAD")

    def branches(self) -> list[str]:
        """The local branches."""
        return self.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/").split()

    def worktrees(self) -> list[str]:
        """The paths of all registered worktrees except the first."""
        lines = self.git("worktree", "list", "--porcelain").splitlines()
        return [line.partition(" ")[2] for line in lines if line.startswith("worktree ")][1:]


@cache
def _made(commits: int, bare: bool) -> Path:
    """A repository to be copied, which lives as long as this process."""
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    checkout = Checkout(directory / "made")
    checkout._make(commits, bare)
    for sample in checkout.path.rglob("hooks/*.sample"):
        sample.unlink()
    return checkout.path

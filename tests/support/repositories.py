"""Real git repositories for tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Self

_SETTINGS = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
}  # fmt: skip


class Checkout:
    """A working tree (or a bare repository) and git in it."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @classmethod
    def new(cls, path: Path, *, commits: int = 1, bare: bool = False) -> Self:
        """Make a repository with the branch ``main``, which has ``file`` and ``src/deep/file``."""
        path.mkdir(parents=True)
        checkout = cls(path)
        checkout.git("init", "--quiet", "--initial-branch=main", *(["--bare"] if bare else []))
        for _ in range(commits):
            checkout.commit("file")
            checkout.commit("src/deep/file")
        return checkout

    def git(self, *words: str) -> str:
        """Run git; returns what it printed."""
        done = subprocess.run(
            ["git", *words], cwd=self.path, env=os.environ | _SETTINGS, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (words, done.stderr)
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

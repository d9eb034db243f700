"""``installers/run.sh --link``: the command of a clone in the user's ``~/.local/bin``, and nothing else there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import REPOSITORY


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home, beside a clone that is set up."""
    for name in ("run.sh", "setup.sh"):
        (tmp_path / "clone/installers").mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / "installers" / name, tmp_path / "clone/installers")
    programs = tmp_path / "clone/.venv/bin"
    programs.mkdir(parents=True)
    for name in ("outlive", "python", "pip"):
        (programs / name).write_text(f"#!/bin/sh\necho the {name} of this clone\n")
        (programs / name).chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    return home


def link(home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(home.parent / "clone/installers/run.sh"), "--link"],
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_is_there_and_no_other_program_of_the_clone_is(home: Path) -> None:
    """With `.venv/bin` first on the PATH, `python` and `pip` were Outlive's, for each agent, too."""
    for _ in range(2):
        assert link(home).returncode == 0
    assert [each.name for each in (home / ".local/bin").iterdir()] == ["outlive"]
    done = subprocess.run([home / ".local/bin/outlive"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "the outlive of this clone\n"


def test_a_link_to_another_clone_is_replaced(home: Path) -> None:
    programs = home / ".local/bin"
    programs.mkdir(parents=True)
    (programs / "outlive").symlink_to("/gone/.venv/bin/outlive")
    assert link(home).returncode == 0
    assert (programs / "outlive").resolve() == home.parent / "clone/.venv/bin/outlive"


@pytest.mark.parametrize("is_link", [True, False])
def test_what_somebody_else_put_there_stays(home: Path, is_link: bool) -> None:
    programs = home / ".local/bin"
    programs.mkdir(parents=True)
    if is_link:
        (programs / "outlive").symlink_to("/opt/pipx/venvs/outlive/bin/outlive")
    else:
        (programs / "outlive").write_text("mine\n")
    done = link(home)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"outlive: {programs / 'outlive'} is ")
    assert (programs / "outlive").is_symlink() is is_link


def test_a_clone_that_is_not_set_up_says_how(home: Path) -> None:
    (home.parent / "clone/.venv/bin/outlive").unlink()
    done = link(home)
    assert done.returncode == 1
    assert "run.sh --setup-only" in done.stderr

"""``outlive doctor --remove``: names everything, takes it away after a yes, and loses no work."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from session_host.cli import main
from session_host.cli.doctor import removal
from session_host.client import autostart
from session_host.restore_points.points import About, take
from tests.integration.test_agents_keep_to_their_chats import NOT_ALLOWED, ShellInChat
from tests.support.area import Area
from tests.support.commands import OUTLIVE, REPOSITORY, Done, OnTerminal, outlive
from tests.support.disks import bind_mount
from tests.support.processes import is_alive
from tests.support.repositories import Checkout

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "project")


def new(*words: str) -> dict[str, Any]:
    done = outlive("new", "--json", *words)
    assert done.code == 0, done.error
    output: dict[str, Any] = done.json()
    return output


def remove() -> Done:
    return outlive("doctor", "--remove", "--yes", timeout_s=90)


def points(checkout: Checkout) -> list[str]:
    return checkout.git("for-each-ref", "--format=%(refname)", "refs/outlive").split()


class Traces:
    """What a user of some days has: a chat that runs, chats that have ended, a skill, a start at login.

    Attributes:
        live: the chat that runs.
        clean, dirty: worktrees of ended chats: without work, and with a file that is not committed.
        skill: a directory.
    """

    def __init__(self, checkout: Checkout, area: Area) -> None:
        self.checkout = checkout
        (area.config / "agents").mkdir()
        (area.config / "agents/once.toml").write_text(
            'title = "Once"\nexecutable = "/bin/true"\nstart = ["/bin/true"]\nmonogram = "O"\n'
        )
        self.live = new("-n", "live", "--", "cat")
        worktrees = []
        for name in ("clean", "dirty"):
            chat = new("-n", name, "-C", str(checkout.path), "--worktree", "--", "cat")
            worktrees.append(Path(chat["worktree"]))
            assert outlive("kill", name).code == 0
        self.clean, self.dirty = worktrees
        (self.dirty / "new").write_text("work\n")
        self._keep_points()
        assert outlive("skill", "--install", "claude").code == 0
        self.skill = area.home / ".claude/skills/outlive"
        autostart.set_start_at_login(enabled=True, is_changed=True)
        (area.config / "chats.toml").write_text("")
        (area.home / ".claude/settings.json").write_text("{}")

    def _keep_points(self) -> None:
        """Give two chats restore points, the second one with a text that is written over then."""
        for name in ("kept", "lost"):
            (self.checkout.path / "file").write_text(f"{name}\n")
            directory = self.checkout.path
            chat = new("once", "-n", f"agent-{name}", "-C", str(directory))
            outlive("wait", chat["id"], "--exited", "--timeout", "60")
            take(directory, chat["id"], About(kind="prompt"))
            if name == "kept":
                self.checkout.git("commit", "--quiet", "--all", "--message=kept")
            else:
                self.lost = chat["id"]
        (self.checkout.path / "file").write_text("newer\n")

    def check_removed(self, area: Area) -> None:
        """Check that all is gone but what the user made."""
        assert not is_alive(self.live["child_pid"])
        assert not area.runtime.exists()
        assert [each.name for each in area.state.iterdir()] == ["worktrees"]
        assert not self.clean.exists()
        assert (self.dirty / "new").read_text() == "work\n"
        branches = self.checkout.git("branch", "--format=%(refname:short)").split()
        assert branches == ["main", "outlive/dirty"]
        assert [each.split("/")[3] for each in points(self.checkout)] == [self.lost]
        assert not self.skill.exists()
        assert self.skill.parent.is_dir()
        assert not autostart.autostart_file().exists()
        assert (area.config / "chats.toml").exists()
        assert (area.home / ".claude/settings.json").exists()


@pytest.fixture
def traces(checkout: Checkout, area: Area) -> Traces:
    return Traces(checkout, area)


def test_all_is_named_and_removed_but_for_what_the_user_made(traces: Traces, area: Area) -> None:
    done = remove()
    assert done.code == 0, done.error
    assert done.error == ""
    lines = done.output.splitlines()
    assert lines[:2] == [
        "This chat runs, and will be killed:",
        f"  live ({traces.live['id'][:8]}): command in {Path.cwd()}",
    ]
    first, stays = done.output.split("What stays:")
    for each in ("the keeper", str(traces.clean), "branch outlive/clean", "of 1 chat in", str(traces.skill), "5 chats"):
        assert each in first, each
    for each in (f"{traces.dirty}: 1 file untracked", "nowhere else", str(area.config), "clone"):
        assert each in stays, each
    assert "does not know" not in done.output
    traces.check_removed(area)


@pytest.mark.parametrize(
    "where",
    ["kill_chats", "leave_worktree", "remove_all", "shutil.rmtree"],
)
def test_a_removal_that_is_killed_is_finished_by_the_next_one(
    traces: Traces, area: Area, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(f"{removal.__name__}.{where}", _interrupted)
        assert main(["doctor", "--remove", "--yes"]) == 130
    done = remove()
    assert done.code == 0, done.error
    traces.check_removed(area)
    assert "Nothing of Outlive is left to remove" in remove().output


def _interrupted(*_arguments: object, **_options: object) -> None:
    raise KeyboardInterrupt


def test_files_of_others_in_the_directories_stay(area: Area) -> None:
    new("-n", "live", "--", "cat")
    for directory in (area.state, area.runtime):
        (directory / "mine").write_text("mine")
    done = remove()
    assert done.code == 0, done.error
    assert done.output.count("mine, which Outlive does not know") == 2
    assert [each.name for each in (*area.state.iterdir(), *area.runtime.iterdir())] == ["mine", "mine"]


def test_nothing_is_removed_through_a_mount(area: Area, tmp_path: Path) -> None:
    new("-n", "live", "--", "cat")
    (tmp_path / "source").mkdir()
    (tmp_path / "source/mine").touch()
    at = area.state / "sessions/data"
    with bind_mount(tmp_path / "source", at):
        done = remove()
        assert (done.code, (tmp_path / "source/mine").exists()) == (1, True)
        assert f"{at} is mounted; unmount it first" in done.error
    assert remove().code == 0
    assert not (area.state / "sessions").exists()


def test_without_a_yes_nothing_changes(area: Area) -> None:
    chat = new("-n", "live", "--", "cat")
    done = outlive("doctor", "--remove")
    assert (done.code, done.error) == (
        2,
        "outlive: nothing was removed: confirm with --yes, or run this in a terminal\n",
    )
    assert f"live ({chat['id'][:8]})" in done.output
    with OnTerminal("doctor", "--remove") as terminal:
        terminal.see("Remove all this?")
        terminal.type("n\r")
        assert terminal.end() == 1
        assert terminal.text().endswith("nothing was removed")
    assert outlive("ls", "--json").json()[0]["state"] == "running"


@pytest.mark.parametrize("agent", ["fake", "command"])
def test_no_program_of_a_chat_may_remove_outlive(
    area: Area, monkeypatch: pytest.MonkeyPatch, agent: str, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    chat = ShellInChat(area, "docs", agent)
    for words in (["--yes"], ["--yes", "--on", "alpha"]):
        done = chat.run(shlex.join([sys.executable, *OUTLIVE[1:], "doctor", "--remove", *words]))
        assert done.code in {NOT_ALLOWED, 3}, done
    assert outlive("ls", "--json").json()[0]["state"] == "running"


def test_nothing_was_ever_there(area: Area) -> None:
    done = remove()
    assert done.code == 0, done.error
    assert done.output.startswith("Nothing of Outlive is left to remove. What stays:")
    assert area.is_untouched()


@pytest.mark.parametrize("words", [["--remove", "--json"], ["--yes"], ["--remove", "--stale-sockets"]])
def test_options_that_do_not_go_together_are_refused(words: list[str]) -> None:
    assert outlive("doctor", *words).code == 2

"""The second line of a row, which distinguishes similar chats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import cast

import pytest

from gui.bridge import second_lines as second_lines_module
from gui.bridge.chat import Chat
from gui.bridge.second_lines import Labels, SecondLine, second_lines, second_lines_of
from session_host.client.machine import THIS_MACHINE, Machine
from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.standing.row_line import RowLine


@dataclass(frozen=True)
class ListedChat:
    id: str
    name: str = "claude"
    location: str = "api"
    status_text: str = ""
    branch: str = ""
    directory: str = "/src/api"
    ended_when: str = ""
    agent_and_account: str = "Claude Code"
    machine: Machine = THIS_MACHINE
    project_name: str = "the project"

    @property
    def listed_location(self) -> str:
        return self.location

    @property
    def session_id(self) -> str:
        return self.id

    @property
    def workplace(self) -> ListedChat:
        """It has the attributes of its workplace."""
        return self

    @property
    def has_ended(self) -> bool:
        return bool(self.ended_when)


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words for the state of a ``ListedChat`` are given."""
    monkeypatch.setattr(second_lines_module, "line_of", lambda chat: RowLine(chat.status_text))
    monkeypatch.setattr(second_lines_module, "ended_when", attrgetter("ended_when"))


def texts_of(chats: Sequence[ListedChat]) -> dict[str, SecondLine]:
    return second_lines(cast("Sequence[Chat]", chats))


def lines(*chats: ListedChat) -> list[str]:
    texts = texts_of(chats)
    return [texts[chat.id].whole for chat in chats]


def test_what_tells_chats_apart_comes_first():
    assert lines(ListedChat("1", status_text="fix the tests")) == ["fix the tests · api"]
    assert lines(ListedChat("1", status_text="Claude Code")) == ["api · Claude Code"], "it has said nothing yet"
    assert lines(ListedChat("1", status_text="test it", location="api · fix", branch="fix")) == ["test it · fix · api"]


def test_the_project_is_named_by_the_rows_dot_alone_unless_the_line_has_nothing_else() -> None:
    at_work = ListedChat("1", status_text="fix the tests", project_name="api")
    assert lines(at_work) == ["fix the tests"]
    assert lines(replace(at_work, location="api · fix · 2 changed")) == ["fix the tests · fix · 2 changed"]
    assert lines(replace(at_work, status_text="")) == ["api"]
    assert lines(at_work, replace(at_work, id="2")) == ["fix the tests · api · 1", "fix the tests · api · 2"]


def test_a_second_line_never_repeats_the_first():
    uxw = ListedChat("1", name="uxw", location="uxw", directory="/src/uxw")
    assert lines(replace(uxw, status_text="fix the tests")) == ["fix the tests"]
    assert lines(replace(uxw, location="uxw · fix · 2 changed", branch="fix", status_text="Claude Code")) == [
        "fix · 2 changed · Claude Code"
    ]
    assert lines(uxw) == ["/src/uxw"], "nothing else is known"
    assert lines(replace(uxw, status_text="uxw", location="src")) == ["src"]
    assert lines(uxw, replace(uxw, id="2", name="b", directory="/old/uxw")) == ["src/uxw", "old/uxw"]


def test_ended_chats_in_different_directories_begin_with_their_ends():
    here, there = (
        ListedChat(each, location=each, status_text="Finished", ended_when="14:03") for each in ("api", "docs")
    )
    assert lines(here, there) == ["Finished · api", "Finished · docs"]
    assert lines(here, replace(here, id="2"), there)[2] == "Finished · docs"


def test_directories_of_one_name_are_distinguished_by_the_part_that_differs():
    chats = [ListedChat("1", directory="/src/a/api"), ListedChat("2", directory="/src/b/api")]
    assert lines(*chats) == ["a/api", "b/api"]
    chats = [ListedChat("1", directory="/src/a/x/api"), ListedChat("2", directory="/src/b/x/api")]
    assert lines(*chats) == ["a/…/api", "b/…/api"]


def test_chats_in_one_repository_show_their_branches_first():
    chats = [
        ListedChat("1", location="api · main · 2 changed", branch="main"),
        ListedChat("2", location="api · fix-timeouts", branch="fix-timeouts", directory="/src/api-fix"),
    ]
    assert lines(*chats) == ["main · api · 2 changed", "fix-timeouts · api"]


def test_branch_and_directory_keep_their_order_when_a_chat_on_another_branch_comes_or_goes():
    chat = ListedChat("1", location="api · main · 2 changed", branch="main")
    ended = ListedChat("2", location="api", status_text="Finished")
    fix = ListedChat("3", location="api · fix-timeouts", branch="fix-timeouts", directory="/src/api-fix")
    for others in ([], [ended], [fix], [ended, fix]):
        assert lines(chat, *others)[0] == "main · api · 2 changed", others


def test_directories_of_one_name_on_one_branch_are_distinguished():
    chats = [ListedChat(each, location="api · main", branch="main", directory=f"/src/{each}/api") for each in "ab"]
    assert lines(*chats) == ["main · a/api", "main · b/api"]


def test_the_parts_keep_their_order_when_another_chat_in_the_directory_comes_or_goes():
    for first in (
        ListedChat("1", status_text="write docs"),
        ListedChat("1", status_text="Finished", ended_when="14:03"),
        ListedChat("1", status_text="Run it?"),
    ):
        alone = texts_of([first])["1"]
        for other in (
            ListedChat("2", status_text="fix tests"),
            replace(first, id="2"),
            replace(first, id="2", name="b"),
        ):
            together = texts_of([first, other])["1"]
            assert together.status_first == alone.status_first
            assert together.status == alone.status


def test_identical_chats_show_the_digits_that_the_command_line_takes():
    assert lines(ListedChat("adae1e2d"), ListedChat("beef0000"), ListedChat("cafe0000", name="other")) == [
        "api · adae",
        "api · beef",
        "api",
    ]


def test_home_directories_of_machines_have_no_part_of_their_paths_before_them():
    build1 = RemoteMachine(Link(MachineEntry("build1", "build1")))
    home = ListedChat("1", location="~", directory="/home/ada")
    assert lines(home, replace(home, id="2", directory="/home/a", machine=build1)) == ["~", "build1 · ~"]


def test_chats_of_one_name_on_different_machines_differ_by_these():
    there = RemoteMachine(Link(MachineEntry("build1", "build1")))
    chats = [ListedChat("1"), ListedChat("2", machine=there), ListedChat("3", machine=there, location="docs")]
    assert lines(*chats) == ["api", "build1 · api", "build1 · docs"]
    assert [line.difference for line in texts_of(chats).values()] == ["", "api", "docs"]


def test_identical_ended_chats_show_the_time_of_their_end():
    one, two = (
        ListedChat(each, status_text="Finished", ended_when=when)
        for each, when in (("1", "14:03"), ("2", "9 May, 8:10"))
    )
    assert lines(one, two) == ["Finished · 14:03 · api", "Finished · 9 May, 8:10 · api"]
    assert lines(one, replace(two, status_text="Exit code 3")) == ["Finished · api", "Exit code 3 · api"]
    alike = [ListedChat("adae1e2d", ended_when="14:03"), ListedChat("beef0000", ended_when="14:03")]
    assert lines(*alike) == ["14:03 · api · adae", "14:03 · api · beef"], "they ended together"


def test_one_short_text_distinguishes_chats_of_one_name():
    chats = [
        ListedChat("1", name="shell", status_text="make"),
        ListedChat("2", name="shell", status_text="make", location="docs"),
        ListedChat("3", name="build", status_text="Finished"),
        ListedChat("4", name="build", status_text="Exit code 3"),
        ListedChat("adae1", name="claude"),
        ListedChat("beef1", name="claude"),
        ListedChat("5", name="alone"),
    ]
    texts = texts_of(chats)
    assert [texts[chat.id].difference for chat in chats] == [
        "api",
        "docs",
        "Finished",
        "Exit code 3",
        "api · adae",
        "api · beef",
        "",
    ]


def test_a_project_in_the_heading_above_is_not_repeated():
    chats = [
        ListedChat("1", location="api · main · 2 changed", branch="main", status_text="fix the tests"),
        ListedChat("2", location="api · fix-timeouts", branch="fix-timeouts", directory="/src/api-fix"),
        ListedChat("3", location="docs · main", branch="main", directory="/src/docs", status_text="write docs"),
        ListedChat("4", location="notes", directory="/notes", status_text="Running"),
        ListedChat("5", location="site · main", branch="main", directory="/src/site/blog"),
        ListedChat("aaaa1", location="old", directory="/old"),
        ListedChat("bbbb1", location="old", directory="/old"),
    ]
    projects = {"1": "api", "2": "api", "3": "docs", "4": "notes", "5": "blog", "aaaa1": "old", "bbbb1": "old"}
    texts = second_lines_of([Labels.of(cast("Chat", chat)) for chat in chats], projects)
    assert [texts[chat.id].whole for chat in chats] == [
        "fix the tests · main · 2 changed",
        "fix-timeouts",
        "write docs · main",
        "Running",
        "main · site",
        "aaaa",
        "bbbb",
    ]

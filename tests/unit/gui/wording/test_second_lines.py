"""The second line of a row tells chats apart that look alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gui.window.sidebar.delegate import initials
from gui.wording.second_lines import second_lines


@dataclass(frozen=True)
class One:
    id: str
    name: str = "claude"
    location: str = "api"
    status_text: str = ""
    branch: str = ""
    directory: str = "/src/api"
    ended_when: str = ""
    needs_you: bool = False
    is_unresponsive: bool = False


def lines(*chats: One) -> list[str]:
    found = second_lines(chats)
    return [found[chat.id].whole for chat in chats]


def test_a_chat_alone_says_where_it_works_first():
    assert lines(One("1", status_text="fix the tests")) == ["api · fix the tests"]
    assert lines(One("1", status_text="Run it?", needs_you=True)) == ["Run it? · api"]
    assert lines(One("1", status_text="Does not answer", is_unresponsive=True)) == ["Does not answer · api"]


def test_directories_of_one_name_are_told_by_what_differs():
    chats = [One("1", directory="/src/a/api"), One("2", directory="/src/b/api")]
    assert lines(*chats) == ["a/api", "b/api"]
    chats = [One("1", directory="/src/a/x/api"), One("2", directory="/src/b/x/api")]
    assert lines(*chats) == ["a/…/api", "b/…/api"]


def test_branches_of_one_repository_come_first():
    chats = [
        One("1", location="api · main · 2 changed", branch="main"),
        One("2", location="api · fix-timeouts", branch="fix-timeouts", directory="/src/api-fix"),
    ]
    assert lines(*chats) == ["main · api · 2 changed", "fix-timeouts · api"]


def test_an_ended_chat_without_a_known_branch_moves_no_other_ones_branch_to_the_front():
    chats = [One("1", location="api · main", branch="main"), One("2", location="api", status_text="Finished")]
    assert lines(*chats) == ["api · main", "api · Finished"]


def test_in_one_place_what_was_said_comes_first():
    assert lines(One("1", status_text="write docs"), One("2", status_text="fix tests")) == [
        "write docs · api",
        "fix tests · api",
    ]


def test_chats_that_are_alike_in_all_have_the_digits_that_the_command_line_takes():
    assert lines(One("adae1e2d"), One("beef0000"), One("cafe0000", name="other")) == [
        "api · adae", "api · beef", "api",
    ]  # fmt: skip


def test_ended_chats_that_are_alike_in_all_have_the_time_of_their_end_first():
    one, two = (
        One(each, status_text="Finished", ended_when=when) for each, when in (("1", "14:03"), ("2", "9 May 8:10"))
    )
    assert lines(one, two) == ["14:03 · api · Finished", "9 May 8:10 · api · Finished"]
    assert lines(one, replace(two, status_text="Exit code 3")) == ["Finished · api", "Exit code 3 · api"]
    alike = [One("adae1e2d", ended_when="14:03"), One("beef0000", ended_when="14:03")]
    assert lines(*alike) == ["14:03 · api · adae", "14:03 · api · beef"], "they ended together"


def test_one_short_text_tells_chats_of_a_name_apart():
    chats = [
        One("1", name="shell", status_text="make"), One("2", name="shell", status_text="make", location="docs"),
        One("3", name="build", status_text="Finished"), One("4", name="build", status_text="Exit code 3"),
        One("adae1", name="claude"), One("beef1", name="claude"), One("5", name="alone"),
    ]  # fmt: skip
    found = second_lines(chats)
    assert [found[chat.id].difference for chat in chats] == [
        "api", "docs", "Finished", "Exit code 3", "api · adae", "api · beef", "",
    ]  # fmt: skip


def test_a_project_in_the_heading_above_is_not_repeated():
    chats = [
        One("1", location="api · main · 2 changed", branch="main", status_text="fix the tests"),
        One("2", location="api · fix-timeouts", branch="fix-timeouts", directory="/src/api-fix"),
        One("3", location="docs · main", branch="main", directory="/src/docs", status_text="write docs"),
        One("4", location="notes", directory="/notes", status_text="Running"),
        One("5", location="site · main", branch="main", directory="/src/site/blog"),
        One("aaaa1", location="old", directory="/old"),
        One("bbbb1", location="old", directory="/old"),
    ]
    projects = {"1": "api", "2": "api", "3": "docs", "4": "notes", "5": "blog", "aaaa1": "old", "bbbb1": "old"}
    found = second_lines(chats, projects)
    assert [found[chat.id].whole for chat in chats] == [
        "main · 2 changed · fix the tests", "fix-timeouts", "main · write docs", "Running", "site · main",
        "aaaa", "bbbb",
    ]  # fmt: skip


def test_initials():
    names = ["api-fix", "docs", "fix api timeouts", "claude 12", "", "é", "_x_"]
    assert [initials(name) for name in names] == ["AF", "Do", "FT", "C1", "·", "É", "X"]

"""``outlive restore``: restores files to their state before a prompt, on a server without a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from session_host.client.worktrees.changes import read_changes
from session_host.client.worktrees.discarding import discard
from session_host.protocol.messages import Prompt
from session_host.restore_points.points import About, take
from tests.support.commands import OnTerminal, new, outlive
from tests.support.hosts import end
from tests.support.repositories import Checkout
from tests.support.structured_chats import add_keeping_agent, start_chat, viewing
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")

PROMPT = About(kind="prompt")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "project")


def chat_in(checkout: Checkout, *, prompts: int = 1) -> str:
    """A chat called "api" that changes "file" and "new" after each of its prompts."""
    session = new("-n", "api", "-C", str(checkout.path / "src"), "--", "cat")
    for number in range(prompts):
        take(checkout.path, session, PROMPT)
        checkout.write("file", f"changed {number}\n")
        checkout.write("new", f"{number}\n")
    return session


def text(checkout: Checkout) -> str:
    return (checkout.path / "file").read_text()


def points() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = outlive("restore", "api", "--json").json()
    return found


async def test_files_are_restored_to_before_a_prompt_and_back_again(checkout: Checkout) -> None:
    checkout.write(".git/info/exclude", "*.jsonl\n*.json\n*.log\n")  # What the agent records.
    add_keeping_agent()
    before = text(checkout)
    record = await start_chat(checkout.path, agent="keeping", name="api", prompt="answer: first")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
        await eventually(lambda: len(points()) == 1, 60.0, "the restore point, also on a slow machine")
        checkout.write("file", "first\n")
        chat.viewer.send(Prompt("answer: \x1b[31msecond"))
        await chat.until_idle(2)
        await eventually(lambda: len(points()) == 2, 60.0, "the second one")
        checkout.write("file", "second\n")
    listing = outlive("restore", "api").output.splitlines()
    assert [line.split()[0] for line in listing] == ["#", "1", "2"]
    assert listing[1].endswith("1 file         answer: first")
    assert listing[2].endswith("answer:  [31msecond"), "no escape sequence"
    assert [(each["number"], each["kind"], each["changed_files"]) for each in points()] == [
        (1, "prompt", 1),
        (2, "prompt", 1),
    ]
    assert outlive("restore", "api", "2", "--diff").output.startswith("modified  file  +")
    assert outlive("restore", "api", "2").complaint().endswith("confirm with --yes")
    with OnTerminal("restore", "api", "2") as terminal:
        terminal.see("change  file")
        terminal.see("[y/N]")
        terminal.type("y\r")
        terminal.see("restored the files of api: 1 file as before “answer:")
        assert terminal.end() == 0
    assert text(checkout) == "first\n"
    done = outlive("restore", "api", "--undo", "--yes")
    assert (done.code, done.error) == (0, "")
    assert done.output.startswith("undid the restore of api: 1 file as before the restore at ")
    assert text(checkout) == "second\n"
    await end(record.id)
    assert outlive("restore", "api", points()[0]["id"], "-y").code == 0, "an ended chat has them, too"
    assert text(checkout) == before


def test_undo_passes_over_what_was_discarded_after_the_restore(checkout: Checkout) -> None:
    session = chat_in(checkout)

    def discard_file() -> None:
        checkout.write("src/deep/file", "mine\n")
        changes = read_changes(checkout.path, "commit")
        discard(checkout.path, changes, next(each for each in changes.files if each.path == "src/deep/file"), session)

    discard_file()
    nothing = outlive("restore", "api", "--undo", "-y").complaint()
    assert nothing == "no files of api were restored, so there is nothing to undo"
    assert outlive("restore", "api", "1", "-y").code == 0
    discard_file()
    take(checkout.path, session, About(kind="restore"))  # As version 0.1.0 makes it before a discard.
    assert outlive("restore", "api", "--undo", "-y").output.startswith("undid the restore of api: ")
    assert text(checkout) == "changed 0\n"
    assert (checkout.path / "src/deep/file").read_text() == "src/deep/file\n"
    assert outlive("restore", "api", "--undo", "-y").output.startswith("undid the undo of api: ")
    made = [(each["kind"], each["made_by"]) for each in points()]
    assert made[:3] == [("prompt", None), ("restore", "discard"), ("restore", "restore")]
    assert made[3:] == [("restore", "discard"), ("restore", None), ("restore", "undo"), ("restore", "undo")]
    names = [line.split("  ")[-1].strip() for line in outlive("restore", "api").output.splitlines()]
    assert names[1:] == ["a prompt", "a discard", "a restore", "a discard", "a change", "an undo", "an undo"]


def test_an_undo_names_the_files_that_changed_since_the_restore_and_can_be_undone(checkout: Checkout) -> None:
    chat_in(checkout)
    assert outlive("restore", "api", "1", "-y").code == 0
    for name in ("file", "mine"):
        checkout.write(name, "later\n")
    with OnTerminal("restore", "api", "--undo") as terminal:
        terminal.see("2 files changed since the restore: file, mine.")
        terminal.see("[y/N]")
        terminal.type("\r")
        assert terminal.end() == 1
    assert text(checkout) == "later\n"
    done = outlive("restore", "api", "--undo", "-y")
    assert done.code == 0
    assert done.error.splitlines() == ["outlive: 2 files changed since the restore: file, mine"]
    assert (text(checkout), (checkout.path / "mine").exists()) == ("changed 0\n", False)
    done = outlive("restore", "api", "--undo", "-y")
    assert (done.code, done.error) == (0, "")
    assert (text(checkout), (checkout.path / "mine").exists()) == ("later\n", True)


def test_the_answer_counts_only_for_the_files_that_were_listed(checkout: Checkout) -> None:
    chat_in(checkout)
    with OnTerminal("restore", "api", "1") as terminal:
        terminal.see("Restore 2 files of api")
        checkout.write("other")
        terminal.type("y\r")
        terminal.see("Files have changed in the meantime.")
        assert "delete  other" in terminal.see("Restore 3 files of api")
        terminal.type("\r")
        terminal.see("no files were restored")
        assert terminal.end() == 1
    assert text(checkout) == "changed 0\n"


def test_an_impossible_restore_is_reported_in_one_line(checkout: Checkout, tmp_path: Path) -> None:
    chat_in(checkout)
    for words, code, error in (
        (("2", "-y"), 3, "api has no restore point 2; `outlive restore api` lists them"),
        (("--undo", "-y"), 3, "no files of api were restored, so there is nothing to undo"),
    ):
        done = outlive("restore", "api", *words)
        assert (done.code, done.complaint()) == (code, error)
    new("-n", "outside", "-C", str(tmp_path), "--", "cat")
    without_git = f"{tmp_path} is not in a git repository, so it has no restore points"
    assert outlive("restore", "outside").complaint() == without_git
    new("-n", "without", "-C", str(checkout.path), "--", "cat")
    assert outlive("restore", "without").output == (
        "without has no restore points; they hold the files of a git repository before each prompt to an agent (not to "
        "a model server, a shell or a command), unless `restore_points = false` is in chats.toml\n"
    )
    assert outlive("restore", "without", "--json").json() == []
    assert outlive("restore", "without", "1", "-y").code == 3
    # An ignored file, which the restore must not remove, is in the way of "file".
    (checkout.path / "file").unlink()
    checkout.write(".git/info/exclude", "*.log\n")
    checkout.write("file/kept.log")
    done = outlive("restore", "api", "1", "-y")
    assert done.code == 1
    assert "1 of 2 files were not restored: file" in done.error
    assert done.output.startswith("restored the files of api: 1 file as before ")
    assert (checkout.path / "file/kept.log").exists()


async def test_files_that_stay_are_named_before_and_after(checkout: Checkout) -> None:
    chat_in(checkout)
    checkout.commit("conf.py", "key = None")
    checkout.git("update-index", "--skip-worktree", "conf.py")
    checkout.write("conf.py", "key = 1")
    stays = "1 file stays as it is, not saved (too large, unreadable, hidden from git, or not as git would write it)"
    done = outlive("restore", "api", "1", "-y")
    assert f"{stays}: conf.py" in done.error
    assert f"{stays}: conf.py" in done.output
    assert "no other file differs" in outlive("restore", "api", "1", "-y").output
    assert (checkout.path / "conf.py").read_text() == "key = 1"

"""``outlive new --worktree``: creation and removal of a chat's git worktree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from session_host.protocol.values import GridSize
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import OnTerminal, outlive
from tests.support.repositories import Checkout

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "project")


def new(checkout: Checkout, *words: str, below: str = ".") -> dict[str, Any]:
    done = outlive("new", "--json", "-C", str(checkout.path / below), *words)
    assert done.code == 0, done.error
    output: dict[str, Any] = done.json()
    return output


def end(name: str) -> None:
    assert outlive("kill", name).code == 0
    assert outlive("wait", name, "--exited").code == 0


class TestNew:
    def test_a_chat_works_in_a_worktree_of_its_own(self, checkout: Checkout, area: Area) -> None:
        session = new(checkout, "-n", "fix it", "--worktree", "--", "cat", below="src/deep")

        worktree = Path(session["worktree"])
        assert session["branch"] == "outlive/fix-it"
        assert worktree.is_relative_to(area.state / "worktrees")
        assert session["cwd"] == str(worktree / "src" / "deep")
        assert Path(f"/proc/{session['child_pid']}/cwd").readlink() == worktree / "src" / "deep"
        assert Checkout(worktree).git("branch", "--show-current") == "outlive/fix-it"
        assert checkout.git("branch", "--show-current") == "main"

    def test_a_chat_works_on_a_given_branch(self, checkout: Checkout) -> None:
        checkout.git("branch", "topic")

        session = new(checkout, "command", "--worktree", "topic", "-n", "x", "--", "cat")

        assert session["branch"] == "topic"
        assert outlive("ls", "--json").json()[0]["worktree"] == session["worktree"]

    @pytest.mark.parametrize(
        "words",
        [
            ("shell", "--worktree", "-n", "x"),
            ("--worktree", "-n", "x", "--", "/bin/sh"),
        ],
    )
    def test_the_worktree_option_may_stand_anywhere(self, checkout: Checkout, words: tuple[str, ...]) -> None:
        assert new(checkout, *words)["branch"] == "outlive/x"

    def test_a_chat_without_the_option_has_no_worktree(self, checkout: Checkout) -> None:
        session = new(checkout, "--", "cat")

        assert session["worktree"] is session["branch"] is None
        assert session["cwd"] == str(checkout.path)

    def test_the_chat_is_named_after_its_starting_directory(self, checkout: Checkout) -> None:
        session = new(checkout, "--worktree", "--", "cat")

        assert (session["name"], session["branch"]) == ("project", "outlive/project")

    def test_git_variables_do_not_lead_out_of_the_worktree(self, checkout: Checkout) -> None:
        env = {"GIT_DIR": str(checkout.path / ".git"), "GIT_INDEX_FILE": "/nowhere"}

        done = outlive("new", "--json", "-C", str(checkout.path), "--worktree", "--", "cat", env=env)

        assert not processes.environment(done.json()["child_pid"]).keys() & {b"GIT_DIR", b"GIT_INDEX_FILE"}


class TestRefusals:
    def test_a_directory_without_a_repository_is_refused(self, tmp_path: Path, area: Area) -> None:
        done = outlive("new", "-C", str(tmp_path), "--worktree", "--", "cat")

        assert done.code == 1
        assert "is not in a git repository" in done.complaint()
        assert outlive("ls", "--all", "--json").json() == []
        assert not (area.state / "worktrees").exists()

    def test_a_checked_out_branch_is_refused(self, checkout: Checkout) -> None:
        done = outlive("new", "-C", str(checkout.path), "--worktree", "main", "--", "cat")

        assert f"the branch main is checked out in {checkout.path}" in done.complaint()

    def test_a_program_that_cannot_be_started_leaves_no_worktree(self, checkout: Checkout, area: Area) -> None:
        program = checkout.path / "no-program"
        program.write_text("#!/nonexistent/interpreter\n")
        program.chmod(0o755)

        done = outlive("new", "-C", str(checkout.path), "--worktree", "--", str(program))

        assert done.code == 1
        assert checkout.worktrees() == []
        assert checkout.branches() == ["main"]
        assert list((area.state / "worktrees").iterdir()) == []


class TestRemoving:
    def test_rm_removes_the_worktree_with_the_chat(self, checkout: Checkout, area: Area) -> None:
        session = new(checkout, "-n", "x", "--worktree", "--", "cat")
        end("x")

        done = outlive("rm", "x")

        assert (done.code, done.output.splitlines()[-1][:20]) == (0, f"removed x ({session['id'][:8]})")
        assert not Path(session["worktree"]).exists()
        assert checkout.branches() == ["main"]
        assert list((area.state / "worktrees").iterdir()) == []

    def test_rm_says_before_and_after_that_worktree_and_branch_go(self, checkout: Checkout) -> None:
        """It said only that the chat was removed."""
        chat = new(checkout, "-n", "x", "--worktree", "--", "cat")
        end("x")

        done = outlive("rm", "x")

        goes = f"x ({chat['id'][:8]}) with its worktree {chat['worktree']} and its branch outlive/x"
        assert done.output == f"removing {goes}\nremoved {goes}\n"
        assert checkout.branches() == ["main"]

    def test_rm_in_a_terminal_asks_before_ignored_files_are_lost_and_names_them(self, checkout: Checkout) -> None:
        checkout.commit(".gitignore", ".env\nbuild/\n")
        chat = new(checkout, "-n", "x", "--worktree", "--", "cat")
        end("x")
        there = Checkout(chat["worktree"])
        for name in ("build/a", ".env"):
            there.write(name)

        size = GridSize(200, 10)
        with OnTerminal("rm", "x", size=size) as terminal:
            terminal.see("and files in it that git ignores: .env, build/? [y/N]")
            terminal.type("n\r")
            terminal.see("nothing was removed")
            assert terminal.wait() == 1
        assert (Path(chat["worktree"]) / ".env").exists()
        with OnTerminal("rm", "x", size=size) as terminal:
            terminal.see("[y/N]")
            terminal.type("y\r")
            terminal.see("removed x")
            assert terminal.wait() == 0
        assert not Path(chat["worktree"]).exists()

    def test_rm_of_all_ended_chats_names_their_worktrees(self, checkout: Checkout) -> None:
        chat = new(checkout, "-n", "x", "--worktree", "--", "cat")
        end("x")
        done = outlive("rm", "--ended", "--yes")
        assert f"with x ({chat['id'][:8]}) goes its worktree {chat['worktree']} and its branch" in done.output

    def test_rm_keeps_a_worktree_with_work_and_reports_it(self, checkout: Checkout) -> None:
        session = new(checkout, "-n", "x", "--worktree", "--", "cat")
        Checkout(session["worktree"]).write("new", "work\n")
        end("x")

        done = outlive("rm", "x")

        assert done.code == 0
        assert done.output.splitlines()[1:] == [f"kept the worktree {session['worktree']}: 1 file untracked"]
        assert (Path(session["worktree"]) / "new").read_text() == "work\n"
        assert outlive("ls", "--all", "--json").json() == []

    def test_a_worktree_is_not_offered_as_a_recent_directory(self, checkout: Checkout) -> None:
        new(checkout, "-n", "x", "--worktree", "--", "cat")
        from session_host.client.sessions.store_access import open_store

        with open_store() as store:
            assert store.recent_directories(5) == [str(checkout.path)]

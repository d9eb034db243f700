"""Chats in git worktrees: resuming and removing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from session_host.agents.agent import ConversationSettings
from session_host.agents.catalog import load_catalog
from session_host.client.chats.chat_worktree import leave_worktree, plan_of_worktree
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.chats.removal import remove_chat
from session_host.client.control import request as ask
from session_host.client.sessions.store_access import open_store
from session_host.errors import WorktreeError
from session_host.paths import config_dir, database, state_dir
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Describe, Description, Kill
from session_host.protocol.values import State
from session_host.storage.store import Store
from tests.support import processes
from tests.support.audited import in_child
from tests.support.commands import OUTLIVE, outlive, running
from tests.support.facts import known, own_worktree
from tests.support.repositories import Checkout
from tests.support.waiting import TIMEOUT_S, eventually, wait_until

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "project")


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store() as opened:
        yield opened


def request(directory: str, resume: ChatFacts | None = None, worktree: str | None = None) -> LaunchRequest:
    agent = load_catalog(config_dir())["command"]
    agent = msgspec.structs.replace(agent, conversation=ConversationSettings(resume=("cat",)))
    return LaunchRequest(
        agent=agent,
        arguments=["cat"],
        name="x",
        directory=directory,
        environment=os.environ,
        resume=resume,
        worktree=worktree,
    )


async def ended_chat(store: Store, checkout: Checkout) -> ChatFacts:
    """An ended chat that worked in ``src`` of a worktree of its own."""
    record = await launch(request(str(checkout.path / "src"), worktree=""))
    return await end_chat(store, record)


async def end_chat(store: Store, record: ChatFacts) -> ChatFacts:
    await ask(record.id, Kill(request=1))

    def found() -> ChatFacts | None:
        now = store.get(record.id)
        return now if now is not None and now.outcome.state is State.EXITED else None

    assert await eventually(found, 10, "the end of the chat")
    store.update(record.id, provider_session_id=str(uuid.uuid4()))
    ended_ = found()
    assert ended_ is not None
    return ended_


class TestResuming:
    async def test_a_resumed_chat_uses_the_same_worktree(self, store: Store, checkout: Checkout) -> None:
        first = await ended_chat(store, checkout)

        second = await launch(request(first.origin.cwd, resume=first))

        assert (second.origin.cwd, second.origin.worktree) == (first.origin.cwd, first.origin.worktree)
        tree = own_worktree(second)
        assert (tree.branch, tree.branch_made, tree.repository) == ("outlive/x", True, str(checkout.path / ".git"))

    async def test_a_worktree_that_is_made_again_is_set_up_again(
        self, store: Store, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SHELL", "/bin/sh")
        config_dir().mkdir(parents=True, exist_ok=True)
        (config_dir() / "chats.toml").write_text(f'[worktree_setup]\n"{checkout.path}" = "echo run >> ../runs"\n')
        started = await launch(request(str(checkout.path / "src"), worktree=""))
        runs = Path(own_worktree(started).path).parent / "runs"
        assert await eventually(lambda: runs.exists() and runs.read_text() == "run\n", 10, "the setup")
        first = await end_chat(store, started)

        second = await end_chat(store, await launch(request(first.origin.cwd, resume=first)))
        assert runs.read_text() == "run\n", "not for a worktree that is there"

        shutil.rmtree(own_worktree(started).path)
        await launch(request(first.origin.cwd, resume=second))
        assert await eventually(lambda: runs.read_text() == "run\nrun\n", 10, "the second setup")
        runs.unlink()

    async def test_a_missing_worktree_is_made_again_for_a_resumed_chat(self, store: Store, checkout: Checkout) -> None:
        first = await ended_chat(store, checkout)
        commit = Checkout(own_worktree(first).path).commit("work")
        shutil.rmtree(own_worktree(first).path)

        second = await launch(request(first.origin.cwd, resume=first))

        assert Path(f"/proc/{second.program.child_pid}/cwd").readlink() == Path(first.origin.cwd)
        assert Checkout(first.origin.cwd).git("rev-parse", "HEAD") == commit

    async def test_a_worktree_that_cannot_be_made_again_is_reported(self, store: Store, checkout: Checkout) -> None:
        first = await ended_chat(store, checkout)
        shutil.rmtree(own_worktree(first).path)
        checkout.git("worktree", "prune")
        checkout.git("branch", "-D", "outlive/x")

        with pytest.raises(WorktreeError, match="and its branch outlive/x are missing"):
            await launch(request(first.origin.cwd, resume=first))

    async def test_a_chat_resumed_in_another_directory_has_no_worktree(self, store: Store, checkout: Checkout) -> None:
        first = await ended_chat(store, checkout)

        second = await launch(request(str(checkout.path), resume=first))

        assert second.origin.worktree is None


class TestRemoving:
    async def test_the_worktree_stays_while_the_resumed_chat_runs(self, store: Store, checkout: Checkout) -> None:
        first = await ended_chat(store, checkout)
        second = await launch(request(first.origin.cwd, resume=first))

        user = f"the chat x ({second.id[:8]}) uses it"
        assert remove_chat(store, first) == f"kept the worktree {own_worktree(first).path}: {user}"

    async def test_the_worktree_stays_while_a_resumable_chat_is_listed(self, store: Store, checkout: Checkout) -> None:
        first = await ended_chat(store, checkout)
        second = await end_chat(store, await launch(request(first.origin.cwd, resume=first)))
        store.update(first.id, continued_by=second.id)

        user = f"the chat x ({second.id[:8]}) uses it"
        assert remove_chat(store, first) == f"kept the worktree {own_worktree(first).path}: {user}"
        assert remove_chat(store, second) == ""
        assert checkout.branches() == ["main"]

    async def test_the_worktree_stays_while_a_process_works_in_it(self, store: Store, checkout: Checkout) -> None:
        first = await ended_chat(store, checkout)
        with subprocess.Popen(["cat"], cwd=first.origin.cwd, stdin=subprocess.PIPE) as server:
            line = remove_chat(store, first)

        assert line == f"kept the worktree {own_worktree(first).path}: process {server.pid} (cat) is using it"

    @pytest.mark.parametrize("by", ["a start", "a removal", "a resume"])
    async def test_a_removal_that_was_killed_is_undone_by(self, store: Store, checkout: Checkout, by: str) -> None:
        first = await ended_chat(store, checkout)
        tree = own_worktree(first)

        def kill(event: str, _arguments: tuple[object, ...]) -> None:
            if event == "os.scandir" and not os.path.lexists(tree.path):
                os.kill(os.getpid(), signal.SIGKILL)

        assert in_child(kill, lambda: leave_worktree(tree)) == -signal.SIGKILL
        assert not Path(tree.path).exists()

        if by == "a start":
            await launch(request(str(checkout.path), worktree=""))
        elif by == "a resume":
            await launch(request(first.origin.cwd, resume=first))
        else:
            assert plan_of_worktree(store, first).path == tree.path
            assert remove_chat(store, first) == ""
            assert (checkout.worktrees(), checkout.branches()) == ([], ["main"])
            return
        assert (Path(tree.path) / "src/deep/file").exists()
        assert Checkout(tree.path).git("status", "--porcelain") == ""


def test_new_says_that_submodules_are_empty(checkout: Checkout, tmp_path: Path) -> None:
    inner = Checkout.new(tmp_path / "inner")
    checkout.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "inner")
    checkout.git("commit", "--quiet", "-m", "submodule")
    words = ("new", "-d", "-C", str(checkout.path), "--worktree", "--", "cat")
    assert outlive(*words).error == ""
    shutil.rmtree(checkout.path / ".git" / "modules")
    assert "these submodules of the worktree are empty: inner; to fill them: git submodule" in outlive(*words).error


@pytest.mark.parametrize(
    ("ended_by", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP)],
)
@pytest.mark.parametrize(
    "name", ["reference-transaction", "post-checkout"], ids=["makes the branch", "makes the worktree"]
)
def test_a_command_that_is_ended_while_git_works_leaves_no_worktree(
    checkout: Checkout, tmp_path: Path, name: str, ended_by: signal.Signals, code: int
) -> None:
    os.mkfifo(tmp_path / "hook")
    hook = checkout.path / ".git" / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f'#!/bin/sh\n[ "$1" = prepared ] || [ "$1" = aborted ] || {{ : >{tmp_path}/hook; exec cat {tmp_path}/hook; }}\n'
    )
    hook.chmod(0o755)
    command = subprocess.Popen([*OUTLIVE, "new", "-d", "-C", checkout.path, "--worktree", "--", "cat"])
    (tmp_path / "hook").read_bytes()
    assert len(checkout.branches()) == 2
    command.send_signal(ended_by)
    assert command.wait(TIMEOUT_S) == code
    assert (checkout.branches(), checkout.worktrees()) == (["main"], [])
    assert not list((state_dir() / "worktrees").iterdir())


def running_keeper() -> int:
    """The PID of a keeper, which has a chat."""
    assert outlive("new", "-n", "first", "-d", "--", "cat").code == 0
    return wait_until(lambda: int(outlive("ls", "--json").json()[0]["keeper_pid"] or 0), TIMEOUT_S, "the keeper")


def worktree_of(name: str) -> Path:
    """The worktree of a chat, once it has a row."""

    def found() -> list[Path]:
        with open_store() as store:
            return [Path(own_worktree(each).path) for each in store.all() if each.entry.name == name]

    return wait_until(found, TIMEOUT_S, "the row of the chat")[0]


def marks() -> list[Path]:
    return list((state_dir() / "worktrees").glob(".*.making"))


def work_is_kept(checkout: Checkout, path: Path) -> None:
    """Check that work in a chat's worktree outlives the chat and its row, and later starts."""
    commit = Checkout(path).commit("work")
    (path / "new").write_text("mine\n")
    outlive("kill", "x")
    kept = f"kept the worktree {path}: 1 file untracked and its branch outlive/x has 1 commit not on any other branch"
    assert kept in outlive("rm", "x").output
    assert outlive("new", "-n", "y", "-d", "-C", str(checkout.path), "--worktree", "--", "true").error == ""
    assert (path / "new").read_text() == "mine\n"
    assert checkout.git("rev-parse", "outlive/x") == commit


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_ended_while_its_chat_starts_says_so(checkout: Checkout, ended_by: signal.Signals) -> None:
    keeper = running_keeper()
    processes.stop(keeper)
    with running("new", "command", "-n", "x", "-d", "-C", str(checkout.path), "--worktree", "--", "cat") as command:
        path = worktree_of("x")
        wait_until(lambda: not marks(), TIMEOUT_S, "the mark to go: from its row on, the chat's removal judges")
        command.send_signal(ended_by)
        os.kill(keeper, signal.SIGCONT)
        output, error = command.communicate(timeout=TIMEOUT_S)

    assert (command.returncode, output) == (130, "")
    assert error == "outlive: x is started; to end it: outlive kill x\n"
    assert outlive("ls", "--json").json()[-1]["state"] == "running"
    work_is_kept(checkout, path)


def test_the_work_of_a_chat_stays_whose_command_was_killed(checkout: Checkout) -> None:
    keeper = running_keeper()
    processes.stop(keeper)
    with running("new", "command", "-n", "x", "-d", "-C", str(checkout.path), "--worktree", "--", "cat") as command:
        path = worktree_of("x")
        wait_until(lambda: not marks(), TIMEOUT_S, "the mark to go")
        command.kill()
    os.kill(keeper, signal.SIGCONT)

    work_is_kept(checkout, path)


@pytest.mark.parametrize("is_silent", [False, True], ids=["an answering host", "a stopped host"])
async def test_a_store_that_was_lost_and_rebuilt_knows_a_running_chats_worktree(
    checkout: Checkout, is_silent: bool
) -> None:
    made = await launch(request(str(checkout.path), worktree="feature"))
    described: Description = await ask(made.id, Describe(request=1))
    with open_store() as store:
        before = await eventually(lambda: _running(store, made.id), 10, "its start to be recorded")
    if is_silent:
        processes.stop(known(described.facts.program.host_pid))
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database()}{suffix}").unlink(missing_ok=True)

    with open_store() as rebuilt:
        after = rebuilt.get(made.id)

    os.kill(known(described.facts.program.host_pid), signal.SIGCONT)
    assert after is not None
    assert before is not None
    assert after.origin.project == before.origin.project == str(checkout.path)
    assert (after.origin, after.entry) == (before.origin, before.entry)
    assert own_worktree(after).branch_made
    await ask(made.id, Kill(request=2))


def _running(store: Store, session_id: str) -> ChatFacts | None:
    found = store.get(session_id)
    return found if found is not None and found.outcome.state is State.RUNNING else None

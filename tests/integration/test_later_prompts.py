"""``outlive send --at``: a prompt is sent once, at its time, by whichever host runs then; and who may set one."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from session_host.cli.later import in_utc
from session_host.client.sessions.store_access import open_store
from session_host.errors import UsageError
from session_host.paths import config_dir
from session_host.protocol.events import LaterSet, Missed, TurnStarted, kind_of
from session_host.standing.clock_times import whole_time
from session_host.storage.store.ledger import LedgerEntry
from session_host.system.clock import as_text
from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.conversing import ask, install, listed, new, resume
from tests.support.hosts import description_of, kill_host, recorded, watching
from tests.support.ledger import CHANGES_READ
from tests.support.reboots import restart_computer
from tests.support.reporting import AGENTS, Parent, send
from tests.support.structured_chats import wait
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

RUNTIMES = ("terminal", "structured")
SOON_S = 3.0
"""A command refuses a time that is over when it reads it, so it has this long to start."""
NOT_ALLOWED, USAGE = 8, 2


def after(seconds: float) -> str:
    """The time so many seconds from now."""
    return as_text(datetime.now(UTC).timestamp() + seconds)


def set_later(chat: str, seconds: float, text: str = "go on") -> None:
    done = outlive("send", chat, text, "--at", after(seconds))
    assert done.code == 0, done.error


def later(chat: str) -> Any:
    return listed(chat)["later"]


def told(chat: str) -> list[str]:
    """The chat's events of turns and of later prompts."""
    return [kind_of(each.event) for each in entries(chat)]


def entries(chat: str) -> list[LedgerEntry]:
    """The same, with their times."""
    with open_store() as store:
        return store.ledger.of_chat(chat, [LaterSet, Missed, TurnStarted], CHANGES_READ)


def wait_for_prompts(chat: Parent, count: int) -> list[str]:
    wait_until(lambda: len(chat.prompts()) >= count, 30, lambda: f"{count} prompts: {chat.prompts()} {later(chat.id)}")
    wait_until(lambda: later(chat.id) is None, 30, "the prompt to be taken away")
    return chat.prompts()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_prompt_is_sent_at_its_time(area: Area, runtime: str) -> None:
    chat = Parent(area, runtime)
    due = datetime.now(UTC) + timedelta(hours=1)
    done = outlive("send", "parent", "go on", "--at", as_text(due.timestamp()))
    assert done.code == 0, done.error
    assert done.output.startswith(f"to be sent to parent ({chat.id[:8]}) at {whole_time(due)}")
    found = later(chat.id)
    assert (found["text"], found["stage"], found["by"]) == ("go on", "waiting", "command")
    assert chat.prompts() == []

    soon = after(SOON_S)
    assert outlive("send", "parent", "go on", "--at", soon).code == 0

    assert wait_for_prompts(chat, 1) == ["go on"]
    events = ["later_set", "later_set", "turn_started"]
    wait_until(lambda: told(chat.id) == events, 30, lambda: f"events: {told(chat.id)}")
    assert entries(chat.id)[-1].at >= soon


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_a_host_that_is_replaced_before_sends_it(area: Area, runtime: str) -> None:
    chat = Parent(area, runtime)
    set_later("parent", SOON_S, "over a kill")
    await kill_host(chat.id)
    assert wait_for_prompts(chat, 1) == ["over a kill"]


def test_it_waits_while_a_turn_runs(area: Area) -> None:
    chat = Parent(area)
    send("parent", "ask")
    wait("parent", "needs_input")
    set_later("parent", SOON_S)
    wait_until(lambda: later(chat.id)["stage"] == "held", 30, "it to be held")
    assert later(chat.id)["why"] == "the agent asks"
    assert outlive("send", "parent", "y").code == 0
    assert wait_for_prompts(chat, 2) == ["ask", "go on"]


def test_it_waits_while_something_is_typed(area: Area) -> None:
    chat = Parent(area)
    assert outlive("send", "parent", "half a sen").code == 0
    set_later("parent", SOON_S)
    wait_until(lambda: later(chat.id)["stage"] == "held", 30, "it to be held")
    assert later(chat.id)["why"] == "a text is being written"
    assert outlive("send", "parent", "--key", "Enter").code == 0
    assert wait_for_prompts(chat, 2) == ["half a sen", "go on"]


def test_it_is_taken_back(area: Area) -> None:
    chat = Parent(area)
    set_later("parent", 3600)
    done = outlive("send", "parent", "--cancel")
    assert (done.code, later(chat.id)) == (0, None), done
    refused = outlive("send", "parent", "--cancel")
    assert (refused.code, refused.complaint()) == (USAGE, "no prompt waits to be sent later")


@pytest.mark.parametrize(
    "words",
    [
        ["go on", "--at", "25:00"],
        ["go on", "--at", "2020-01-01 15:00"],
        ["go on", "--at", "15:00", "--cancel"],
        ["go on", "--at", "15:00", "--wait"],
        ["go on", "--at", "15:00", "--key", "Up"],
        ["--at", "15:00"],
        ["go on", "--cancel"],
    ],
)
def test_what_cannot_be_meant_is_refused(area: Area, words: list[str]) -> None:
    chat = Parent(area)
    done = outlive("send", "parent", *words)
    assert (done.code, later(chat.id)) == (USAGE, None), done


def test_a_shell_gets_no_prompt_later(area: Area) -> None:
    assert outlive("new", "-d", "-n", "plain", "--", "cat").code == 0
    done = outlive("send", "plain", "ls", "--at", after(3600))
    assert done.code == 1, done
    assert "not to this program" in done.complaint()


# ---------------------------------------------------------------- after the end


@pytest.fixture
def resumable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A chat whose agent has a conversation that can be resumed."""
    install(tmp_path / "bin")
    for name in ("claude", "codex"):
        file = config_dir() / "agents" / f"{name}.toml"
        file.write_text(f"{file.read_text()}shown_within_s = 6.0\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "project").mkdir()
    chat = new("claude", tmp_path / "project")
    ask(chat, "first")
    return chat


def test_resume_takes_it_over_and_a_fork_does_not_have_it(resumable: str, sessions: Sessions) -> None:
    set_later(resumable, 3600)
    wait_until(lambda: recorded(resumable).entry.later is not None, 30, "the row to have it")
    restart_computer(sessions)
    waiting = later(resumable)
    assert waiting["stage"] == "waiting"

    continued = resume(resumable)["id"]

    assert later(resumable) is None
    assert later(continued) == waiting
    assert recorded(continued).entry.later is not None, "in the transaction that marks the other one as continued"
    forked = outlive("new", "--fork", continued, "-d", "--json")
    if forked.code == 0:
        assert later(forked.json()["id"]) is None


def test_a_chat_that_is_resumed_too_late_asks(resumable: str, sessions: Sessions) -> None:
    set_later(resumable, 3600)
    wait_until(lambda: recorded(resumable).entry.later is not None, 30, "the row to have it")
    restart_computer(sessions)
    found = recorded(resumable).entry.later
    assert found is not None
    with open_store() as store:
        store.update(resumable, later=replace(found, at=after(-2 * 3600)))

    assert later(resumable)["stage"] == "late", "as soon as anything reads the list"
    assert told(resumable).count("missed") == 1
    later(resumable)
    assert told(resumable).count("missed") == 1, "once"

    continued = resume(resumable)["id"]

    wait_until(lambda: later(continued)["stage"] == "late", 30, "it to ask")
    set_later(continued, 3600, "another time")
    assert later(continued)["stage"] == "waiting"


def test_a_killed_chat_keeps_it_in_its_row(area: Area) -> None:
    chat = Parent(area)
    set_later("parent", 3600)
    assert outlive("kill", "parent").code == 0
    assert later(chat.id)["text"] == "go on"
    assert outlive("send", chat.id, "--cancel").code == 0
    assert later(chat.id) is None
    assert outlive("send", chat.id, "--cancel").code == USAGE


def test_a_time_for_another_machine_is_of_the_zone_here() -> None:
    words = in_utc(["send", "far:chat", "--at", "2030-01-02 15:00", "go on"])
    expected = datetime(2030, 1, 2, 15).astimezone().timestamp()
    assert words == ["send", "far:chat", "--at", as_text(expected), "go on"]
    assert in_utc(["send", "--at=2030-01-02 15:00"]) == ["send", f"--at={as_text(expected)}"]
    with pytest.raises(UsageError):
        in_utc(["send", "--at", "25:00"])


# ---------------------------------------------------------------- rights


def test_an_agent_sets_one_only_for_chats_that_it_started(area: Area) -> None:
    chat, other = Parent(area), Parent(area, name="other")
    child = chat.outlive("new", "terminal", "-d", "-n", "child", "--", *Parent.listening(area.home / "child"))
    assert child.code == 0, child
    wait("child", "idle")
    for name in ("parent", "other"):
        for words in (["go on", "--at", after(3600)], ["--cancel"]):
            assert chat.outlive("send", name, *words).code == NOT_ALLOWED
    (config_dir() / "chats.toml").write_text('agents_may_control = "all"\n')
    refused = chat.outlive("send", "parent", "go on", "--at", after(3600))
    assert refused.code == NOT_ALLOWED, "whatever the settings say"
    (config_dir() / "chats.toml").unlink()
    assert [later(each.id) for each in (chat, other)] == [None, None]

    allowed = chat.outlive("send", "child", "go on", "--at", after(3600))

    assert allowed.code == 0, allowed
    assert chat.outlive("send", "child", "--cancel").code == 0


def test_the_host_asks_again_for_the_rights_when_it_is_due(area: Area) -> None:
    chat, other = Parent(area), Parent(area, name="other")
    (config_dir() / "chats.toml").write_text('agents_may_control = "all"\n')
    assert outlive("send", "other", "mine").code == 0
    done = chat.outlive("send", "other", "go on", "--at", after(10.0))
    assert done.code == 0, done
    wait_until(lambda: later(other.id)["stage"] == "held", 30, "it to be held")
    (config_dir() / "chats.toml").unlink()
    assert outlive("send", "other", "--key", "Enter").code == 0
    wait_until(lambda: later(other.id)["stage"] == "missed", 30, "it to be missed")
    assert "agents_may_control" in later(other.id)["why"]
    assert other.prompts() == ["mine"]


async def test_a_prompt_that_was_typed_without_enter_is_named(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host dies between text and Enter, after somebody has typed."""
    monkeypatch.setitem(AGENTS, "terminal", AGENTS["terminal"].replace("0.05", "600.0"))
    chat = Parent(area)
    set_later("parent", SOON_S, "typed once")
    wait_until(lambda: "typed once" in outlive("peek", "parent").output, 30, "the text to be typed")
    async with watching(chat.id) as (viewer, _watcher):
        viewer.key("x", "x")
        wait_until(lambda: "typed oncex" in outlive("peek", "parent").output, 30, "the key to be typed")
        os.kill(description_of(chat.id).facts.program.host_pid or 0, signal.SIGKILL)
    wait_until(lambda: (later(chat.id) or {}).get("stage") == "missed", 60, lambda: f"it: {later(chat.id)}")
    assert later(chat.id)["why"] == "it was typed, and not sent"
    assert chat.prompts() == []

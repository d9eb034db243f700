"""``new --report-back``: the agent that starts a chat gets the answer of each turn as a prompt, once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from session_host.agents.catalog import load_catalog
from session_host.cli.turns import report_back
from session_host.client.chats.launch import launch_now
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.paths import database, session_log
from session_host.system.processes.permission import agent_chats
from tests.programs import program
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import OUTLIVE, environment, outlive
from tests.support.facts import known
from tests.support.hosts import description_of, recorded
from tests.support.orders import Orders
from tests.support.reporting import TIMEOUT_S, Parent, answer, first_line, id_of, reporters, send, start
from tests.support.structured_chats import add_agent, new_chat, wait, wait_for_text
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def parent(area: Area, agents: Path) -> Parent:
    return Parent(area)


@pytest.mark.parametrize("runtime", ["terminal", "structured"])
@pytest.mark.parametrize("child_runtime", ["terminal", "structured"])
def test_each_answer_is_a_prompt_of_the_agent_that_started_the_chat(
    area: Area, agents: Path, project: Path, runtime: str, child_runtime: str
) -> None:
    parent, other = Parent(area, runtime), Parent(area, runtime, "other")
    add_agent()

    done = start(parent, project, child_runtime)

    assert done.code == 0, done
    said = ["you said: first", "you said: second"] if child_runtime == "terminal" else ["echo: first", "echo: second"]
    assert parent.wait_for(1) == [answer(1, said[0])]
    send("child", "second")
    assert parent.wait_for(2)[1:] == [answer(2, said[1])]
    assert other.prompts() == []


def test_how_a_turn_ended_is_said_and_a_long_answer_is_cut(area: Area, parent: Parent, project: Path) -> None:
    add_agent()
    start(parent, project, "structured", "fail: the model is away")
    assert parent.wait_for(1) == [f"{first_line(1)}; turn 1 failed: the model is away."]
    send("child", "count: 1200")
    first, _, text = parent.wait_for(2)[1].partition("\n\n")
    assert first == f"{first_line(2)}; cut here, the whole is in `outlive answer child --turn 2`:"
    assert text.startswith("answer line 0001\n")
    assert report_back.MAX_CHARACTERS - 50 < len(text) <= report_back.MAX_CHARACTERS
    send("child", "deltas: 2\nhold: 1")
    wait("child", "working")
    wait_for_text("child", "de")
    assert outlive("kill", "child").code == 0
    assert parent.wait_for(3)[2] == f"{first_line(3)}; the chat ended during this turn:\n\necho: deltas"


def test_an_answer_hides_nothing_in_its_report(area: Area, parent: Parent, project: Path) -> None:
    add_agent()
    joined = "\U0001f469\u200d\U0001f4bb"
    start(parent, project, "structured", f"answer: a\u200bb\U000e0041 {joined}")
    assert parent.wait_for(1) == [answer(1, f"a\\u200bb\\udb40\\udc41 {joined}")]


def test_a_question_of_the_chat_is_not_reported(area: Area, parent: Parent, project: Path) -> None:
    add_agent()
    start(parent, project, "structured", "run: touch made")
    wait("child", "needs_input")
    assert (parent.prompts(), reporters()) == ([], [])
    assert outlive("approve", "child").code == 0
    assert parent.wait_for(1) == [answer(1, "the decision was accept")]


def test_what_the_user_has_half_typed_is_not_joined(parent: Parent, project: Path) -> None:
    assert outlive("send", "parent", "half").code == 0
    start(parent, project)
    wait_until(lambda: tries("parent") >= 2, TIMEOUT_S, "the report to be tried")
    assert parent.prompts() == []
    assert outlive("peek", "parent").output.count("half") == 1

    assert outlive("send", "parent", "--key", "Enter").code == 0

    assert parent.wait_for(2) == ["half", answer(1, "you said: first")]


def test_a_question_of_the_agent_is_not_answered(parent: Parent, project: Path) -> None:
    send("parent", "ask")
    wait("parent", "needs_input")
    start(parent, project)
    wait_until(lambda: tries("parent") >= 2, TIMEOUT_S, "the report to be tried")
    assert "answered" not in outlive("peek", "parent").output

    assert outlive("send", "parent", "y").code == 0

    assert parent.wait_for(2) == ["ask", answer(1, "you said: first")]
    assert "answered y" in outlive("peek", "parent").output


def tries(chat: str) -> int:
    """How many texts the chat's host was asked to type."""
    return session_log(id_of(chat)).read_text().count("request Send")


def test_a_report_that_a_menu_has_swallowed_is_typed_again(parent: Parent, project: Path) -> None:
    send("parent", "deaf")
    start(parent, project)
    wait_until(lambda: tries("parent") >= 2, TIMEOUT_S, "the report to be tried")
    assert outlive("send", "parent", "--key", "Escape").code == 0, "it waits until the report is not shown in time"
    assert outlive("send", "parent", "--key", "x", "--key", "Enter").code == 0
    assert sorted(parent.wait_for(3)) == sorted(["deaf", "x", answer(1, "you said: first")])


def test_a_report_that_is_shown_late_comes_soon(parent: Parent, project: Path) -> None:
    """It came after a minute."""
    send("parent", "late")
    start(parent, project)
    wait_until(lambda: len(parent.prompts()) == 2, 45.0, "the report", is_exact=True)
    assert parent.wait_for(2) == ["late", answer(1, "you said: first")]
    assert tries("parent") > 2


def test_a_report_waits_for_a_store_that_cannot_be_read(area: Area, parent: Parent) -> None:
    """It was lost if the chat's host had ended."""
    child = new_chat(area, "child")
    assert outlive("send", "child", "hello", "--wait", "--timeout", "60").code == 0

    def set_version(number: int) -> int:
        with contextlib.closing(sqlite3.connect(database())) as store:
            (before,) = store.execute("PRAGMA user_version").fetchone()
            store.execute(f"PRAGMA user_version = {number}")
        return int(before)

    version = set_version(9999)
    words = [*OUTLIVE, "report-back", child, parent.id, "1"]
    with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reporting:
        assert reporting.stderr is not None
        assert b"another version" in reporting.stderr.readline()
        set_version(version)
        assert reporting.wait(TIMEOUT_S) == 0
    assert parent.wait_for(1) == [answer(1, "echo: hello")]


def test_without_the_agent_nobody_is_told(parent: Parent, project: Path) -> None:
    start(parent, project)
    parent.wait_for(1)
    assert outlive("kill", "parent").code == 0
    send("child", "second")
    log = session_log(id_of("child"))
    wait_until(lambda: "turns [2] are not reported" in log.read_text(), TIMEOUT_S, "the line in the log")
    assert "the agent that started this chat has ended" in log.read_text()
    assert outlive("answer", "child").output == "you said: second\n"


def test_an_agents_chat_that_was_resumed_meanwhile_is_told(area: Area, parent: Parent, project: Path) -> None:
    start(parent, project)
    parent.wait_for(1)
    assert outlive("kill", "parent").code == 0
    previous = recorded(parent.id)
    agent = load_catalog(area.config)["terminal"]
    arguments, directory = previous.origin.arguments, previous.origin.cwd
    request = LaunchRequest(
        agent=agent,
        name="parent",
        resume=previous,
        starts_over=True,
        arguments=arguments,
        directory=directory,
        environment=os.environ,
    )
    assert launch_now(request).id != parent.id
    wait("parent", "idle")

    send("child", "second")

    assert parent.wait_for(2)[1:] == [answer(2, "you said: second")]


def test_only_an_agent_in_its_chat_may_ask_for_it(area: Area, parent: Parent, project: Path) -> None:
    done = outlive("new", "claude", "-d", "--report-back")
    assert (done.code, "in no agent's chat" in done.error) == (2, True), done
    for words in (["shell"], ["--", "cat"]):
        done = parent.outlive("new", "-d", "--report-back", *words)
        assert (done.code, "has no turns" in done.error) == (2, True), done
    (area.config / "agents" / "mute.toml").write_text(
        'title = "Mute"\nexecutable = "cat"\nstart = ["cat"]\nmonogram = "M"\n'
    )
    done = parent.outlive("new", "mute", "-d", "--report-back")
    assert (done.code, "knows no record" in done.error) == (2, True), done
    assert [each["name"] for each in outlive("ls", "--json").json()] == ["parent"]


def test_an_agent_tells_others_no_more_by_it_than_by_send(area: Area, parent: Parent, project: Path) -> None:
    """The chat that it started, and a chat of the user's."""
    child, other = Orders(area.home / "child"), Parent(area, name="other")
    agent = program("listening_agent", area.home / "child" / "prompts")
    words = ["-d", "-n", "child", "--json", "--", *child.words[1:], *agent]
    started = parent.outlive("new", "terminal", *words)
    assert started.code == 0, started
    child_id = json.loads(started.output)["id"]
    send("child", "hello")
    for told in (parent.id, other.id):
        done = child.outlive("report-back", child_id, told, "1")
        assert (done.code, "an agent may control its own chat" in done.error) == (8, True), done
    assert (parent.prompts(), other.prompts()) == ([], [])


def test_the_process_that_reports_is_in_no_agents_chat(parent: Parent, project: Path) -> None:
    assert outlive("send", "parent", "half").code == 0
    start(parent, project)
    (reporter,) = wait_until(reporters, TIMEOUT_S, "the process")
    wait_until(lambda: tries("parent") >= 2, TIMEOUT_S, "the report to be tried")
    assert agent_chats(reporter) == ()
    host = description_of(id_of("child")).facts.program.host_pid
    os.kill(known(host), signal.SIGKILL)
    wait_until(lambda: processes.parent(reporter) != host, TIMEOUT_S, "another parent")
    assert agent_chats(reporter) == ()

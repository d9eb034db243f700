"""Questions of agents on the page: whole, to the letter, answered once, whoever asks again and whatever dies."""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from session_host.client.control import request
from session_host.errors import AlreadyAnswered
from session_host.paths import config_dir
from session_host.protocol.messages import AnswerRequest, SendChatInput
from session_host.protocol.values import Activity
from session_host.structured.answers import outcome
from session_host.web.places import page_socket
from tests.programs import program
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.conversing import claude_like
from tests.support.page_server import Device, Json, PageServer
from tests.support.structured_chats import input_log, new_chat, send, viewing, wait
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0
COMMAND = "npm test --  --watch"
RACES = int(os.environ.get("OUTLIVE_RACES", "20"))
"""How often one question is answered by four at once."""

_CLAUDE = """
title = "Fake Claude"
executable = "sh"
start = ["sh"]
monogram = "Fc"
[chat_view]
dialect = "claude"
start = [{words}, ["--session-id", "{{conversation}}"]]
[conversation]
preset = true
"""


def claude(area: Area, prompt: str, name: str = "docs") -> str:
    """Start a chat view with an agent that speaks Claude Code's protocol; returns its id."""
    words = ", ".join(json.dumps(word) for word in program("fake_claude_stream"))
    agents = config_dir() / "agents"
    agents.mkdir(parents=True, exist_ok=True)
    (agents / "fake-claude.toml").write_text(_CLAUDE.format(words=words), encoding="utf-8")
    log = f"FAKE_CLAUDE_LOG={area.home / 'claude.log'}"
    return new("fake-claude", "--runtime", "structured", "-n", name, "-C", str(area.home), "-e", log, "-p", prompt)


def decisions(area: Area) -> list[str]:
    """The decisions that the fake app-server received."""
    lines = input_log(area).read_text().splitlines()
    return [each["result"]["decision"] for each in map(json.loads, lines) if "decision" in str(each.get("result"))]


def option(question: Json, kind: str) -> str:
    """The answer of a kind."""
    return str(next(each["id"] for each in question["options"] if each["kind"] == kind))


def test_a_question_is_shown_to_the_letter_and_allowed_once(device: Device, area: Area) -> None:
    chat = new_chat(area, "api", f"run: {COMMAND}")
    question = device.question(chat)
    assert (question["kind"], question["complete"], question["lines"]) == ("command", True, [[COMMAND, "code"]])
    row = device.rows()["api"]
    assert (row["group"], "npm test" in row["words"]) == ("needs you", True)
    answer = {"id": uuid.uuid4().hex, "chat": chat, "request": question["request"], "digest": question["digest"]}
    answer["option"] = option(question, "allow_once")

    first = device.post("/api/answer", answer)

    assert (first.status_code, first.json()["words"]) == (200, "Allowed here")
    wait("api", "idle")
    assert device.post("/api/answer", answer).json() == first.json()
    late = device.post("/api/answer", answer | {"id": uuid.uuid4().hex, "option": option(question, "reject_once")})
    assert (late.status_code, late.json()["code"]) == (409, "already_answered")
    assert "on the page" in late.json()["words"]
    assert "Allow" in late.json()["words"]
    assert decisions(area) == ["accept"]


def test_the_words_of_a_refusal_reach_the_agent(device: Device, area: Area) -> None:
    chat = claude(area, f"run: {COMMAND}")
    question = device.question(chat)
    words = "No: use <b>make</b> “check”\nand nothing else"
    done = device.answer(chat, question, option(question, "reject_once"), text=words)
    assert done.json()["words"] == "Declined here"
    wait_until(lambda: "use <b>make</b>" in (area.home / "claude.log").read_text(), TIMEOUT_S, "the words")
    responses = [json.loads(line) for line in (area.home / "claude.log").read_text().splitlines()]
    [denied] = [each for each in responses if '"deny"' in json.dumps(each)]
    assert words in denied["response"]["response"]["message"]


def test_a_form_is_answered(device: Device, area: Area) -> None:
    chat = claude(area, "form: Which release?")
    question = device.question(chat)
    branch, kind, *_rest = question["forms"]
    assert (bool(branch["field"]), [name for name, _about in kind["options"]]) == (True, ["major", "minor"])
    given = {branch["id"]: ["main / “next”"], kind["id"]: ["minor"]}
    accept = next((each["id"] for each in question["options"] if each["kind"] in {"choice", "allow_once"}), "")
    assert device.answer(chat, question, accept, answers=given).status_code == 200
    wait_until(lambda: "main / " in (area.home / "claude.log").read_text(), TIMEOUT_S, "the answer")
    [content] = [
        each["response"]["response"]["content"]
        for each in map(json.loads, (area.home / "claude.log").read_text().splitlines())
        if "main / " in json.dumps(each, ensure_ascii=False)
    ]
    assert (content["branch"], content["kind"]) == ("main / “next”", "minor")


def test_a_repeated_answer_does_nothing_twice_also_after_the_server_was_killed(
    server: PageServer, device: Device, area: Area
) -> None:
    chat = new_chat(area, "api", f"run: {COMMAND}")
    question = device.question(chat)
    answer = {"id": uuid.uuid4().hex, "chat": chat, "request": question["request"], "digest": question["digest"]}
    answer["option"] = option(question, "reject_once")
    assert device.post("/api/answer", answer).status_code == 200
    wait("api", "idle")
    server.kill()
    assert page_socket().exists(), "it is left"
    server.start()

    with device.copy() as again:
        repeated = again.post("/api/answer", answer)
        assert (repeated.status_code, repeated.json()["words"]) == (200, "Declined here")
        late = again.post("/api/answer", answer | {"id": uuid.uuid4().hex})
        assert (late.status_code, late.json()["code"]) == (409, "already_answered")
    assert decisions(area) == ["decline"]


def test_another_question_than_the_one_shown_is_not_answered(device: Device, area: Area) -> None:
    chat = new_chat(area, "api", f"run: {COMMAND}")
    question = device.question(chat)
    yes = option(question, "allow_once")
    wrong = device.answer(chat, question | {"digest": "0" * 32}, yes)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "changed")
    assert device.answer(chat, question, "nothing").status_code == 400
    assert device.answer(chat, question, "").status_code == 400
    unknown = device.answer(chat, question | {"request": "nothing"}, yes)
    assert unknown.status_code in {400, 409}
    assert device.question(chat)["request"] == question["request"]
    assert decisions(area) == []


def test_what_the_agent_withdrew_is_said(device: Device, area: Area) -> None:
    chat = claude(area, f"run: {COMMAND}")
    question = device.question(chat)
    assert device.do("interrupt", chat=chat)["words"] == "The turn stops"
    wait("docs", "idle")
    late = device.answer(chat, question, option(question, "allow_once"))
    assert (late.status_code, late.json()["code"]) == (409, "withdrawn")
    assert device.read("questions", chat=chat)["over"]["words"] == "the agent has withdrawn its question"
    outlive("send", "docs", f"run: {COMMAND}")
    question = device.question(chat)
    outlive("kill", "docs")
    late = device.answer(chat, question, option(question, "allow_once"))
    assert (late.status_code, late.json()["code"]) == (409, "withdrawn")


async def test_a_terminals_question_is_answered_on_the_page_or_named_as_its_own(device: Device, tmp_path: Path) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("answer_from_outside = true\n")
    async with claude_like(tmp_path) as chat:
        asks = {"tool_name": "Bash", "tool_input": {"command": COMMAND}}
        chat.order(f"asks {json.dumps(asks)}")
        question = await asyncio.to_thread(device.question, chat.record.id)
        assert question["lines"] == [[COMMAND, "code"]]
        done = await asyncio.to_thread(device.answer, chat.record.id, question, option(question, "allow_once"))
        assert done.json()["words"] == "Allowed here"
        await chat.wait_for_text("the hook decides behavior=allow")
        chat.order(f"asks {json.dumps({'tool_name': 'ExitPlanMode', 'tool_input': {'plan': 'One.'}})}")
        await chat.wait_for_status(Activity.NEEDS_INPUT, "state file", "approve the plan · in its terminal only")
        shown = await asyncio.to_thread(device.read, "questions", chat=chat.record.id)
        assert (shown["questions"], "plan" in shown["elsewhere"]) == ([], True)


async def test_of_two_devices_the_desk_and_a_command_one_answers_and_the_others_are_told(
    server: PageServer, area: Area
) -> None:
    """``OUTLIVE_RACES`` says how often."""
    chat = await asyncio.to_thread(new_chat, area, "api")
    devices = [await asyncio.to_thread(server.pair, "answer", name) for name in ("phone", "tablet")]
    wins: dict[str, int] = {}
    chance = random.Random(1)
    with ThreadPoolExecutor(3) as pool:
        async with viewing(chat) as desk:
            for number in range(RACES):
                await asyncio.to_thread(send, "api", f"run: {COMMAND} {number}")
                asked = await desk.until_asked()
                question = await asyncio.to_thread(devices[0].question, chat)
                assert question["request"] == asked.id
                yes, no = (option(question, kind) for kind in ("allow_once", "reject_once"))
                together = threading.Barrier(3)
                jobs = [
                    pool.submit(_on_the_page, together, "phone", devices[0], chat, question, yes),
                    pool.submit(_on_the_page, together, "tablet", devices[1], chat, question, no),
                    pool.submit(_by_command, together, chat, question, no),
                ]
                await asyncio.sleep(chance.uniform(0, 0.12))  # so that each wins at times
                desk.answer(asked, yes)
                told = [await asyncio.wrap_future(job) for job in jobs]
                await desk.watcher.until(lambda: desk.state == "idle", "the end of the turn")
                won = [name for name, has_won, _words in told if has_won]
                assert len(won) <= 1, told
                winner = won[0] if won else "desk"
                wins[winner] = wins.get(winner, 0) + 1
                place = {
                    "phone": "on the page",
                    "tablet": "on the page",
                    "command": "by a command",
                    "desk": "in a window",
                }
                for name, has_won, words in told:
                    assert has_won or place[winner] in words, (winner, name, words)
                assert len(decisions(area)) == number + 1
                chosen = {"phone": "accept", "desk": "accept", "tablet": "decline", "command": "decline"}[winner]
                assert decisions(area)[-1] == chosen, (winner, told)
                assert place[winner] in outcome(desk.answered[asked.id]), (winner, desk.answered[asked.id])
    for each in devices:
        each.close()
    print("races won:", wins)  # noqa: T201 - a figure


def _on_the_page(
    together: threading.Barrier, name: str, device: Device, chat: str, question: Json, choice: str
) -> tuple[str, bool, str]:
    """Answer on a device; returns its name, whether the answer counts, and what it was told."""
    together.wait()
    done = device.answer(chat, question, choice)
    return name, done.status_code == 200, done.json()["words"]


def _by_command(together: threading.Barrier, chat: str, question: Json, choice: str) -> tuple[str, bool, str]:
    """Answer as a command does; returns as ``_on_the_page``."""
    answer = AnswerRequest(question["request"], choice, question["digest"])
    together.wait()
    time.sleep(random.Random(question["request"]).uniform(0, 0.03))
    try:
        asyncio.run(request(chat, SendChatInput(0, answer, by="command")))
    except AlreadyAnswered as error:
        return "command", False, str(error)
    return "command", True, ""

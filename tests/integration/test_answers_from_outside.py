"""Answers from outside to a question of Claude Code in a terminal; the dialog stays usable."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from session_host.client.control import request
from session_host.errors import AlreadyAnswered
from session_host.paths import config_dir, session_files
from session_host.protocol.messages import AgentRequests, AnswerRequest, OpenRequests, SendChatInput
from session_host.protocol.values import Activity
from session_host.structured.items import AgentRequest, digest
from session_host.system.processes.permission import AGENT_CHATS
from tests.support import processes
from tests.support.commands import OUTLIVE, Done, environment, outlive
from tests.support.conversing import ClaudeLike, claude_like
from tests.support.facts import known
from tests.support.waiting import poll_until

pytestmark = pytest.mark.usefixtures("sessions")

WORKING, NEEDS, IDLE = Activity.WORKING, Activity.NEEDS_INPUT, Activity.IDLE
RULE = {
    "type": "addRules",
    "behavior": "allow",
    "destination": "session",
    "rules": [{"toolName": "Bash", "ruleContent": "npm test"}],
}
ASKS = {"tool_name": "Bash", "tool_input": {"command": "npm test --  --watch"}, "permission_suggestions": [RULE]}


@asynccontextmanager
async def asking(tmp_path: Path, asks: dict[str, Any] = ASKS) -> AsyncIterator[ClaudeLike]:
    """A chat with an open dialog that may be answered from outside."""
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("answer_from_outside = true\n")
    async with claude_like(tmp_path) as chat:
        chat.order(f"asks {json.dumps(asks)}")
        await chat.wait_for_status(NEEDS, "state file")
        yield chat


async def run(*words: str, **more: Any) -> Done:
    return await asyncio.to_thread(outlive, *words, **more)


async def open_requests(chat: ClaudeLike) -> list[AgentRequest]:
    reply: AgentRequests = await request(chat.record.id, OpenRequests(0))
    return msgspec.msgpack.decode(reply.data, type=list[AgentRequest])


async def until_none_is_open(chat: ClaudeLike) -> None:
    await poll_until(lambda: open_requests(chat), lambda requests: not requests, 60, "no open question")


async def test_the_exact_command_is_shown_and_approved(tmp_path: Path) -> None:
    async with asking(tmp_path) as chat:
        done = await run("approve", chat.record.entry.name)
        assert done.code == 0, done.error
        assert "    npm test --  --watch" in done.output.splitlines()
        assert done.output.splitlines()[-1] == f"Allowed in {chat.record.entry.name}: npm test --  --watch"
        await chat.wait_for_text("the hook decides behavior=allow")
        await chat.wait_for_status(WORKING, "state file")
        again = await run("approve", chat.record.entry.name)
        assert (again.code, again.complaint()) == (6, f"{chat.record.entry.name}: already answered by a command: Allow")


async def test_a_question_is_explained_before_it_is_answered(tmp_path: Path) -> None:
    async with asking(tmp_path) as chat:
        [question] = await open_requests(chat)
        explained = await run("explain", chat.record.entry.name, "--json")
        [entry] = explained.json()["requests"]
        assert (entry["request"], entry["digest"], entry["subject"]) == (
            question.id,
            digest(question),
            "npm test --  --watch",
        )
        assert "npm test --  --watch" in (await run("explain", chat.record.entry.name)).output


async def test_deny_declines_the_command_and_the_agent_knows_it(tmp_path: Path) -> None:
    async with asking(tmp_path) as chat:
        assert (await run("deny", chat.record.entry.name)).code == 0
        await chat.wait_for_text("the hook decides behavior=deny interrupt=False message=The user declined")


async def test_always_applies_only_the_rule_that_the_agent_suggests(tmp_path: Path) -> None:
    async with asking(tmp_path) as chat:
        [question] = await open_requests(chat)
        assert [each.name for each in question.options if each.kind == "allow_always"] == [
            "Always allow Bash(npm test) in this chat"
        ]
        assert (await run("approve", chat.record.entry.name, "--always")).code == 0
        await chat.wait_for_text("behavior=allow updatedPermissions=[{'type': 'addRules'")


async def test_the_dialog_answered_first_ends_the_question(tmp_path: Path) -> None:
    async with asking(tmp_path) as chat:
        [question] = await open_requests(chat)
        chat.order("dialog yes")
        await chat.wait_for_text("the dialog decides yes")
        await chat.wait_for_status(WORKING, "state file")
        await chat.wait_for_text(
            "hook 1 ended"
        )  # The agent does not end its hook: the hook ends by itself, without a decision.
        late = await run("approve", chat.record.entry.name, "--request", question.id)
        assert (late.code, late.complaint()) == (6, f"{chat.record.entry.name}: already answered in its terminal")
        chat.order(f"asks {json.dumps(ASKS)}")
        await chat.wait_for_status(NEEDS, "state file")
        assert [each.id for each in await open_requests(chat)] != [question.id]


async def test_a_cancelled_dialog_ends_the_question(tmp_path: Path) -> None:
    async with asking(tmp_path) as chat:
        await open_requests(chat)
        chat.order("escape")
        await chat.wait_for_status(IDLE, "state file")
        await until_none_is_open(chat)


async def test_of_several_answers_at_once_one_reaches_the_agent(tmp_path: Path) -> None:
    async with asking(tmp_path) as chat:
        [question] = await open_requests(chat)
        answers = [AnswerRequest(question.id, option, digest(question)) for option in ("allow", "decline") * 4]
        results = await asyncio.gather(
            *(request(chat.record.id, SendChatInput(0, answer, by="notification")) for answer in answers),
            return_exceptions=True,
        )
        refused = [str(each) for each in results if isinstance(each, AlreadyAnswered)]
        assert len(refused) == len(answers) - 1, results
        [line] = set(refused)
        how = line.removeprefix("already answered in a notification: ")
        await chat.wait_for_text(f"the hook decides behavior={'allow' if how == 'Allow' else 'deny'}")
        late = await run("deny", chat.record.entry.name, "--request", question.id)
        assert (late.code, late.complaint()) == (6, f"{chat.record.entry.name}: {line}")


async def test_an_answer_to_another_question_than_the_one_shown_is_refused(tmp_path: Path) -> None:
    async with asking(tmp_path) as chat:
        [question] = await open_requests(chat)
        with pytest.raises(Exception, match="has changed since it was shown"):
            await request(chat.record.id, SendChatInput(0, AnswerRequest(question.id, "allow", "0" * 32)))
        assert [each.id for each in await open_requests(chat)] == [question.id]


async def test_a_question_outlives_its_host_and_is_answered_once(tmp_path: Path) -> None:
    async with asking(tmp_path) as chat:
        [question] = await open_requests(chat)
        os.kill(known((await chat.description()).facts.program.host_pid), signal.SIGKILL)

        def same(requests: list[AgentRequest]) -> bool:
            return [(each.id, digest(each)) for each in requests] == [(question.id, digest(question))]

        await poll_until(lambda: open_requests(chat), same, 60, "the same question")
        assert (await run("approve", chat.record.entry.name)).code == 0
        await chat.wait_for_text("the hook decides behavior=allow")
        os.kill(known((await chat.description()).facts.program.host_pid), signal.SIGKILL)
        await chat.wait_for_status(WORKING, "state file")
        late = await run("deny", chat.record.entry.name, "--request", question.id)
        assert (late.code, late.complaint()) == (6, f"{chat.record.entry.name}: already answered by a command: Allow")


async def test_a_dialog_answered_while_the_host_is_dead_ends_the_question(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path) as chat:
        await open_requests(chat)
        pid = (await chat.description()).facts.program.host_pid
        processes.stop(known(pid))
        chat.order("dialog yes")
        chat.order(f"touch {tmp_path / 'answered'}")
        await poll_until(_exists(tmp_path / "answered"), bool, 60, "the answer in the dialog")
        os.kill(known(pid), signal.SIGKILL)
        await chat.wait_for_text("hook 1 ended")
        assert await open_requests(chat) == []


async def test_a_sub_agents_question_answered_in_its_dialog_is_no_longer_listed(tmp_path: Path) -> None:
    call = {each: ASKS[each] for each in ("tool_name", "tool_input")}
    async with asking(tmp_path, ASKS | {"agent_id": "one"}) as chat:
        for agent in ("one", "two", "three"):
            chat.order(f"asks {json.dumps(ASKS | {'agent_id': agent})}")

        async def until_open(count: int) -> list[AgentRequest]:
            return await poll_until(
                lambda: open_requests(chat), lambda requests: len(requests) == count, 60, f"{count} open"
            )

        previous = [each.id for each in await until_open(4)]
        chat.order(f"hook PostToolUse {json.dumps(call | {'agent_id': 'two', 'tool_response': 'x' * 9000})}")
        [gone] = {*previous} - {each.id for each in await until_open(3)}
        late = await run("approve", chat.record.entry.name, "--request", gone)
        assert (late.code, late.complaint()) == (6, f"{chat.record.entry.name}: already answered in its terminal")
        chat.order(
            f"hook PostToolBatch {json.dumps({'agent_id': 'one', 'tool_calls': [call, {}]})}"
        )  # This sub-agent had two such questions.
        await until_open(2)
        chat.order('hook SubagentStop {"agent_id": "three"}')
        [last] = await until_open(1)
        assert (await chat.description()).facts.status.activity is NEEDS
        assert (await run("approve", chat.record.entry.name, "--request", last.id)).code == 0


def _blocked(text: str) -> str:
    """The order to report by OSC 7501 what the dialog shows."""
    message = base64.b64encode(text.encode()).decode()
    return f"say \\x1b]7501;state=blocked:kind=permission:msg={message}\\x1b\\\\"


FIRST = "approve Bash: touch FIRST · in its terminal only"


async def test_approve_does_not_answer_another_question_than_the_one_on_the_screen(tmp_path: Path) -> None:
    """Of sub-agents in the background: the second one asks while the dialog of the first is open."""
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("answer_from_outside = true\n")
    async with claude_like(tmp_path) as chat:
        chat.order("state busy")
        for number, command in enumerate(("touch FIRST", "touch SECOND")):
            asks = {"tool_name": "Bash", "tool_input": {"command": command}, "agent_id": str(number)}
            chat.order(f"held {json.dumps(asks)}")
            if not number:
                await chat.wait_for_text("hook 1 ended")  # Only then the agent opens its dialog.
                chat.order(_blocked(f"approve Bash: {command}"))
                await chat.wait_for_status(NEEDS, "state file", FIRST)
        name = chat.record.entry.name
        [second] = await poll_until(lambda: open_requests(chat), bool, 60, "the second question")
        assert (await chat.description()).facts.status.detail == FIRST

        for subcommand in ("approve", "deny"):
            done = await run(subcommand, name)
            assert done.code == 4
            assert f"{name} shows another question in its terminal: approve Bash: touch FIRST; " in done.error
            assert f"name the one to answer: --request {second.id}" in done.error
            assert "    touch SECOND" in done.output.splitlines()

        assert (await run("approve", name, "--request", second.id)).code == 0
        await chat.wait_for_text("hook 2 decides behavior=allow")
        assert (await chat.description()).facts.status.detail == FIRST


async def test_a_question_is_still_open_after_that_of_another_sub_agent_was_answered_in_its_dialog(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, ASKS | {"tool_input": {"command": "touch FIRST"}, "agent_id": "one"}) as chat:
        await chat.wait_for_status(NEEDS, "state file", "Bash: touch FIRST")
        chat.order(_blocked("approve Bash: touch FIRST"))
        await chat.wait_for_status(NEEDS, "state file", "approve Bash: touch FIRST")
        chat.order(f"held {json.dumps(ASKS | {'agent_id': 'two'})}")
        [first, second] = await poll_until(lambda: open_requests(chat), lambda found: len(found) == 2, 60, "both")
        chat.order("say \\x1b]7501;state=working\\x1b\\\\")
        chat.order("dialog yes")
        await poll_until(lambda: open_requests(chat), lambda found: len(found) < 2, 60, "the end of the first")
        late = await run("approve", chat.record.entry.name, "--request", first.id)
        assert (late.code, late.complaint()) == (6, f"{chat.record.entry.name}: already answered in its terminal")
        # Its hook is given back after a moment, and its dialog opens.
        await chat.wait_for_text("hook 2 ended")
        await chat.wait_for_status(NEEDS, "state file")
        late = await run("approve", chat.record.entry.name, "--request", second.id)
        assert late.code == 6
        assert "already answered" not in late.complaint()


def _exists(path: Path) -> Any:
    async def found() -> bool:
        return path.exists()

    return found


async def test_the_agents_end_ends_the_question(tmp_path: Path) -> None:
    async with asking(tmp_path) as chat:
        await open_requests(chat)
        assert (await run("kill", chat.record.entry.name)).code == 0
        done = await run("approve", chat.record.id)
        assert done.code == 6
        assert "was killed by you" in done.complaint()


async def test_a_plan_is_answered_in_its_dialog_only(tmp_path: Path) -> None:
    async with asking(tmp_path, {"tool_name": "ExitPlanMode", "tool_input": {"plan": "One, two."}}) as chat:
        await chat.wait_for_text("hook 1 ended")
        await chat.wait_for_status(NEEDS, "state file", "approve the plan · in its terminal only")
        done = await run("approve", chat.record.entry.name)
        name = chat.record.entry.name
        assert (done.code, done.complaint()) == (
            3,
            f"{name} asks in its terminal only: answer in `outlive attach {name}`",
        )


async def test_an_agent_does_not_answer_its_own_question(tmp_path: Path) -> None:
    async with asking(tmp_path) as chat:
        env = environment({AGENT_CHATS: chat.record.id})

        def inside(subcommand: str) -> subprocess.CompletedProcess[str]:
            words = [*OUTLIVE, subcommand, chat.record.entry.name]
            return subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=False)

        done = await asyncio.to_thread(inside, "approve")
        assert done.returncode == 8
        assert "an agent may not answer its own questions" in done.stderr
        (config_dir() / "chats.toml").write_text('answer_from_outside = true\nagents_may_control = "all"\n')
        assert (await asyncio.to_thread(inside, "deny")).returncode == 8
        assert len(await open_requests(chat)) == 1


async def test_without_the_setting_questions_are_answered_in_the_dialog_only(tmp_path: Path) -> None:
    async with claude_like(tmp_path) as chat:
        chat.order(f"asks {json.dumps(ASKS)}")
        await chat.wait_for_status(NEEDS, "state file", "Bash: npm test -- --watch")
        await chat.wait_for_text("hook 1 ended")
        [hook] = json.loads((session_files(chat.record.id) / "settings.json").read_text())["hooks"]["PermissionRequest"]
        assert hook["hooks"][0]["async"]
        done = await run("approve", chat.record.entry.name)
        assert done.code == 1
        assert f"{chat.record.entry.name} runs in a terminal" in done.complaint()
        assert "answer_from_outside = true" in done.complaint()

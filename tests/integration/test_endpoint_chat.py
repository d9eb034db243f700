"""The chat with a model server as users have it: a real host, a real terminal, and a fake server."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gui.terminal.prompts.command_line import output_text
from session_host.client.viewer.viewer import ViewerState
from session_host.endpoint.conversation import Answer, AnswerState, Question
from session_host.protocol.values import Activity, CellSize, GridSize, Modifiers
from tests.fakes.model_server import ModelServer, answer_line
from tests.support.commands import new, outlive
from tests.support.endpoint_chats import MODEL, SIZE, chatting, conversation, conversation_files
from tests.support.waiting import eventually, wait_for_end

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A fake server that treats each request as a turn."""
    with ModelServer(tools_needed=False) as server:
        yield server


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_a_question_is_answered_saved_and_reported(server: ModelServer, api: str) -> None:
    async with chatting(server, "--", "--api", api) as chat:
        assert (await chat.describe()).activity is Activity.IDLE
        await chat.enter("count: 60 hold: 40")
        await chat.see(answer_line(40))
        assert (await chat.describe()).activity is Activity.WORKING
        server.release()
        await chat.see("tokens: 1 in, 1 out")
        await chat.wait_for_activity(Activity.IDLE)
        description = await chat.describe()
        assert description.activity_source == "osc 7501"
        assert description.title == "count: 60 hold: 40"
        lines = chat.lines()
        place = lines.index(answer_line(1))
        assert lines[place : place + 60] == [answer_line(number) for number in range(1, 61)], "each line once"
        assert chat.viewer.emulator is not None
        [turn] = chat.viewer.emulator.prompts()
        assert output_text(chat.viewer.emulator, turn).splitlines() == [answer_line(number) for number in range(1, 61)]
        question, answer = conversation().messages
        assert question.text == "count: 60 hold: 40"
        assert isinstance(answer, Answer)
        assert answer.text.splitlines() == [answer_line(number) for number in range(1, 61)]
        assert (answer.state, answer.input_tokens) == (AnswerState.COMPLETE, 1)
        assert description.conversation == conversation_files()[0].stem


async def test_a_stopped_answer_keeps_the_received_text(server: ModelServer) -> None:
    async with chatting(server) as chat:
        await chat.enter("count: 9 hold: 4")
        await chat.see(answer_line(4))
        chat.viewer.key("c", "", Modifiers.CTRL)
        await chat.see("stopped; /continue to continue")
        await chat.wait_for_activity(Activity.IDLE)
        answer = conversation().last
        assert isinstance(answer, Answer)
        assert (answer.state, answer.text.splitlines()[-1]) == (AnswerState.STOPPED, answer_line(4))
        await chat.enter("/regenerate")
        server.release()  # the cancelled request is also waiting at the server
        server.release()
        await chat.see(answer_line(9))
        assert server.prompts() == ["count: 9 hold: 4"] * 2
        assert [message["role"] for message in server.requests[-1].body["messages"]] == ["user"]


async def test_the_last_question_is_edited(server: ModelServer) -> None:
    async with chatting(server) as chat:
        await chat.enter("first")
        await chat.see("echo: first")
        await chat.enter("secnd")
        await chat.see("echo: secnd")
        await chat.wait_for_activity(Activity.IDLE)  # The command is refused until the answer has ended.
        await chat.enter("/edit")
        await chat.see("edit › secnd")
        chat.viewer.key("Escape")
        await chat.wait_until_gone("edit ›")
        await chat.enter("/edit")
        await chat.see("edit › secnd")
        for _ in range(2):
            chat.viewer.key("Backspace")
        chat.viewer.text("ond\r")
        await chat.see("echo: second")
        await chat.wait_for_activity(Activity.IDLE)
        messages = server.requests[-1].body["messages"]
        assert [message["content"] for message in messages] == ["first", "echo: first", "second"]
        assert [each.text for each in conversation().messages] == ["first", "echo: first", "second", "echo: second"]


async def test_questions_entered_during_an_answer_are_asked_after_it(server: ModelServer) -> None:
    async with chatting(server) as chat:
        await chat.enter("count: 2 hold: 1")
        await chat.see(answer_line(1))
        for text in ("second", "third"):
            await chat.enter(text)
            await chat.see(f"queued: {text}")
        assert len(server.requests) == 1
        chat.viewer.text("a draft")
        await chat.see("› a draft")
        server.release()
        await chat.see("echo: third")
        await chat.wait_until_gone("queued:")
        await chat.wait_for_activity(Activity.IDLE)
        assert server.prompts() == ["count: 2 hold: 1", "second", "third"]
        assert chat.lines()[-2].startswith("› a draft")


@pytest.mark.parametrize("end", ["stopped", "failed"])
async def test_queued_questions_return_to_the_input_if_the_answer_ends_early(server: ModelServer, end: str) -> None:
    async with chatting(server) as chat:
        await chat.enter("count: 9 hold: 1")
        await chat.see(answer_line(1))
        for number in range(4):
            await chat.enter(f"question {number}")
        await chat.see("queued: 2 more")
        chat.viewer.text("a draft")
        await chat.see("› a draft")
        if end == "stopped":
            chat.viewer.key("Escape")
        else:
            server.close()
        expected = [*(f"question {number}" for number in range(4)), "a draft"]

        def has_returned() -> bool:
            # The input line has the text one frame before it grows.
            written = [text for line in chat.lines() if (text := line.removeprefix("› ").strip())]
            return "question 0" in written and written[written.index("question 0") :][:5] == expected

        await chat.watcher.until(has_returned, "the questions in the input")
        await chat.wait_until_gone("queued:")
        assert [each.text for each in conversation().messages if isinstance(each, Question)] == ["count: 9 hold: 1"]


async def test_a_changed_model_system_prompt_and_parameter_are_kept(server: ModelServer) -> None:
    server.models = (MODEL, "other-model")
    async with chatting(server, "--system", "Be brief.") as chat:
        await chat.enter("/model")
        await chat.see("● fake-model")
        await chat.enter("/model other-model")
        await chat.see("model: other-model")
        await chat.enter("/set max_tokens 99")
        await chat.see("parameters: max_tokens = 99")
        await chat.enter("hello")
        await chat.see("echo: hello")
        body = server.requests[-1].body
        assert (body["model"], body["max_tokens"]) == ("other-model", 99)
        assert body["messages"][0] == {"role": "system", "content": "Be brief."}
        await chat.wait_for_activity(Activity.IDLE)
        await chat.enter("/system off")
        await chat.see("system prompt removed")
        name = (await chat.describe()).conversation
    async with chatting(server, "--system", "Be brief.", "--", "--conversation", name) as chat:
        await chat.see("echo: hello")
        await chat.enter("again")
        await chat.see("echo: again")
        body = server.requests[-1].body
        assert (body["model"], body["messages"][0]["role"]) == ("other-model", "user"), "as it was changed to"
        assert body["max_tokens"] == 99


async def test_a_text_file_is_attached_and_a_binary_file_is_refused(server: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("remember the milk\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
    async with chatting(server, "-C", str(tmp_path)) as chat:
        await chat.enter("/attach picture.png")
        await chat.see("✗ picture.png is not a text file")
        await chat.enter("/attach notes.txt")
        await chat.see("notes.txt (18 B) attached to the next message")
        await chat.enter("what is it?")
        await chat.see("+ notes.txt (18 B)")
        await chat.see("echo: ")
        sent = server.requests[-1].body["messages"][-1]["content"]
        assert sent == "File notes.txt:\n```\nremember the milk\n```\n\nwhat is it?"
        question = conversation().messages[0]
        assert isinstance(question, Question)
        assert question.attachments[0].text == "remember the milk\n"


async def test_multiple_lines_and_earlier_questions_can_be_edited(server: ModelServer) -> None:
    async with chatting(server) as chat:
        chat.viewer.paste("one\ntwo")
        chat.viewer.key("Enter", "", Modifiers.ALT)
        chat.viewer.text("three")
        chat.viewer.key("j", "", Modifiers.CTRL)
        chat.viewer.text("four")
        await chat.see("four")
        assert server.requests == []
        chat.viewer.key("Enter")
        await eventually(lambda: server.prompts() == ["one\ntwo\nthree\nfour"], 20, "the lines to be asked")
        await chat.wait_for_activity(Activity.IDLE)
        await chat.enter("last")
        await chat.see("echo: last")
        await chat.wait_for_activity(Activity.IDLE)
        chat.viewer.key("ArrowUp")
        await chat.see("› last", 2)
        chat.viewer.text("ly\r")
        await chat.see("echo: lastly")


async def test_commands_are_offered_and_completed(server: ModelServer) -> None:
    async with chatting(server) as chat:
        chat.viewer.text("/tok")
        await chat.see("show the token counts")
        chat.viewer.key("Tab")
        await chat.see("› /tokens")
        chat.viewer.key("Enter")
        await chat.see("reports no token counts")
        await chat.enter("/nonsense")
        await chat.see("✗ unknown command /nonsense")
        await chat.enter("/help")  # The input line is empty again.
        await chat.see("/regenerate")
        await chat.enter("/usr/bin is a path")
        await chat.see("echo: /usr/bin is a path")


async def test_the_first_prompt_is_not_repeated_in_a_continued_conversation(server: ModelServer) -> None:
    async with chatting(server, "--", "--", "-1 is a number") as chat:
        await chat.see("echo: -1 is a number")
        await chat.wait_for_activity(Activity.IDLE)
        name = (await chat.describe()).conversation
    async with chatting(server, "--", "--conversation", name, "--ask", "more", "--", "-1 is a number") as chat:
        await chat.see("echo: more")
    assert server.prompts() == ["-1 is a number", "more"]


async def test_the_first_prompt_waits_for_the_only_model_and_is_not_on_the_command_line(server: ModelServer) -> None:
    async with chatting(server, "--model", "", "-p", "hello") as chat:
        await chat.see("using the server's only model: fake-model")
        await chat.see("echo: hello")
        child = (await chat.describe()).child_pid
        assert b"hello" not in Path(f"/proc/{child}/cmdline").read_bytes(), "where other users would read it"
    server.models = ("a-model", "b-model")
    async with chatting(server, "--model", "", "-p", "which one?") as chat:
        await chat.see("b-model")
        await chat.see("› which one?")  # It can be asked once a model is selected.
        for _ in "which one?":
            chat.viewer.key("Backspace")
        await chat.enter("hello")
        await chat.see("✗ no model selected; /model lists the models")


async def test_a_killed_chat_continues_with_the_received_text(server: ModelServer) -> None:
    async with chatting(server) as chat:
        await chat.enter("count: 9 hold: 5")
        await chat.see(answer_line(5))
        await eventually(lambda: conversation().messages[-1].text.count("\n") == 5, 20, "the pieces to be kept")
        description = await chat.describe()
        assert description.child_pid is not None
        os.kill(description.child_pid, signal.SIGKILL)
        wait_for_end(description.child_pid, 10)
    async with chatting(server, "--", "--conversation", description.conversation) as chat:
        await chat.see("the answer was interrupted")
        assert [line for line in chat.lines() if line.startswith("answer line")] == [
            answer_line(n) for n in range(1, 6)
        ]
        await chat.enter("/continue")
        await chat.see("echo: Go on exactly where")
        roles = [message["role"] for message in server.requests[-1].body["messages"]]
        assert roles == ["user", "assistant", "user"]


async def test_a_conversation_that_is_open_is_not_opened_twice(server: ModelServer) -> None:
    async with chatting(server) as chat:
        name = (await chat.describe()).conversation
        session_id = new("endpoint", "-u", server.url, "--", "--conversation", name)
        # The chat may end before a viewer could attach.
        await eventually(lambda: "open in another chat" in outlive("peek", session_id).output, 20, "the reason")


async def test_the_chat_fits_a_small_terminal_and_follows_resizes(server: ModelServer) -> None:
    async with chatting(server, size=GridSize(20, 5)) as chat:
        await chat.enter("count: 9 hold: 4")
        await chat.see(answer_line(4))
        await chat.see("◐ answering")
        for size in (GridSize(90, 20), GridSize(24, 12), GridSize(60, 7), SIZE):
            chat.viewer.resize(size, CellSize(8, 16))
            await eventually(lambda size=size: chat.viewer.size == size, 20, "the size")  # type: ignore[misc]
            await chat.see("◐ answering")
        server.release()
        await chat.see("tokens: 1 in")
        answer = [line for line in chat.lines() if line.startswith("answer line")]
        assert answer[-9:] == [answer_line(number) for number in range(1, 10)]
        await chat.wait_until_gone("◐")
        await eventually(lambda: sum("›" in line for line in chat.lines()) == 2, 20, "the question and the input")


@pytest.mark.parametrize("how", ["/quit", "Ctrl+D", "SIGHUP"])
async def test_the_chat_restores_the_terminal_and_keeps_the_answer(server: ModelServer, how: str) -> None:
    async with chatting(server) as chat:
        await chat.enter("count: 9 hold: 3")
        await chat.see(answer_line(3))
        if how == "/quit":
            await chat.enter("/quit")
        elif how == "Ctrl+D":
            chat.viewer.key("d", "", Modifiers.CTRL)
        else:
            pid = (await chat.describe()).child_pid
            assert pid is not None
            os.kill(pid, getattr(signal, how))
        await chat.watcher.until(lambda: chat.viewer.state is ViewerState.ENDED, "the end")
        emulator = chat.viewer.emulator
        assert emulator is not None
        assert not emulator.modes.bracketed_paste
        answer = conversation().last
        assert isinstance(answer, Answer)
        assert (answer.state, answer.text.splitlines()[-1]) == (AnswerState.STOPPED, answer_line(3))
    done = outlive("ls", "--all", "--json").json()
    assert [(one["state"], one["exit_code"]) for one in done] == [("exited", 0)]


async def test_a_printed_line_is_never_shown_twice(server: ModelServer) -> None:
    """A line that had just been printed was shown a second time below until the next redraw."""
    async with chatting(server) as chat:
        twice: list[str] = []

        def over() -> bool:
            assert chat.viewer.emulator is not None
            if chat.viewer.emulator.modes.synchronized:
                return False  # in the middle of a redraw, which is not shown
            lines = [line for line in chat.lines() if line.startswith("answer line")]
            twice.extend(line for line in set(lines) if lines.count(line) > 1)
            return "tokens: 1 in" in "\n".join(chat.lines())

        await chat.enter("count: 150 delay: 8")
        await chat.watcher.until(over, "the end")
        assert twice == []

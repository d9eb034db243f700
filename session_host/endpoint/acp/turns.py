"""One prompt of the client: a question or a command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from session_host.endpoint.acp import updates
from session_host.endpoint.acp.answer import SentAnswer
from session_host.endpoint.acp.connection import INVALID_PARAMS, RequestError
from session_host.endpoint.acp.prompts import PromptContent
from session_host.endpoint.commands import CHAT_VIEW_COMMANDS, Command, is_command, parse
from session_host.endpoint.conversation.conversation import LEFT_OUT, AnswerState, Question, valid_utf8
from session_host.endpoint.core import CONTINUE, ChatCore
from session_host.endpoint.server.api_keys import check_source
from session_host.errors import OutliveError

END_TURN, CANCELLED = "end_turn", "cancelled"


class Turns:
    """Carries out prompts, one after the other."""

    def __init__(self, core: ChatCore, send: Callable[[updates.Update], None]) -> None:
        self._core = core
        self._send = send
        self._task: asyncio.Task[dict[str, Any]] | None = None
        self._choosing = asyncio.Lock()
        """A question may come while a model is chosen at the start."""

    @property
    def is_running(self) -> bool:
        """Whether a prompt is being carried out."""
        return self._task is not None

    async def run(self, prompt: PromptContent) -> dict[str, Any]:
        """Carry out a prompt; returns the reply.

        Raises:
            RequestError: the prompt is refused, and nothing has happened.
            OutliveError: there is no answer, or an incomplete one.
        """
        command, rest = _command(prompt.text)
        self._task = asyncio.create_task(self._carry_out(prompt, command, rest))
        try:
            return await asyncio.shield(self._task)
        except asyncio.CancelledError:
            # The program ends: the part of the answer that has arrived is saved first.
            self.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            return {"stopReason": CANCELLED}
        finally:
            self._task = None
            await self._core.close_unused()

    def cancel(self) -> None:
        """Stop the prompt that is being carried out; a second call would keep it from saving its answer."""
        if self._task is not None and not self._task.cancelling():
            self._task.cancel()

    async def _carry_out(self, prompt: PromptContent, command: Command | None, rest: str) -> dict[str, Any]:
        # The client sees by this that the prompt was understood; the answer may take long.
        self._send(updates.chunk("user_message_chunk", prompt.text))
        for problem in prompt.problems:
            self._send(updates.notice(problem))
        try:
            question = self._ask(prompt) if command is None else await self._perform(command.name, rest)
            return {"stopReason": END_TURN} if question is None else await self._answer()
        except asyncio.CancelledError:
            return {"stopReason": CANCELLED}  # It was stopped before the server was asked.

    # ------------------------------------------------------------ questions

    def _ask(self, prompt: PromptContent) -> Question:
        last = self._core.conversation.last
        if isinstance(last, Question) and last.text != prompt.text:
            self._send(updates.notice(LEFT_OUT))
        is_first = not self._core.conversation.topic
        question = self._core.add_question(prompt.text, prompt.attachments, prompt.images)
        if is_first and question.text:
            self._send(updates.title(self._core.conversation))
        return question

    async def _answer(self) -> dict[str, Any]:
        core = self._core
        if not core.settings.model:
            await self.choose_model()
            if not core.settings.model:
                raise OutliveError("no model selected; choose one below the prompt")
        run = SentAnswer(core.save, core.settings.model, self._send)
        await run.run(await core.server(), core.conversation.for_model(core.settings.system))
        if run.error is not None:
            raise run.error
        answer = core.conversation.last_answer
        reply: dict[str, Any] = {"stopReason": CANCELLED if run.state is AnswerState.STOPPED else END_TURN}
        if answer is not None and (update := updates.usage(answer, core.models)) is not None:
            self._send(update)
        read, written = run.tokens.input or 0, run.tokens.output or 0
        if read + written:
            reply["usage"] = {"totalTokens": read + written, "inputTokens": read, "outputTokens": written}
        return reply

    # ------------------------------------------------------------ commands

    async def _perform(self, name: str, rest: str) -> Question | None:
        """Carry out a command; returns the question that it asks."""
        core = self._core
        match name:
            case "regenerate" | "retry":
                return core.question_again()
            case "continue":
                core.check_continuable()
                return core.add_question(CONTINUE)
            case "edit":
                index, question = core.conversation.last_question()
                if not rest:
                    raise OutliveError("write the new text after /edit")
                return core.add_question(rest, question.attachments, question.images, replaced=index)
            case "model":
                await self._model(rest)
            case "system":
                self._send(updates.notice(core.set_system(rest)))
            case "set":
                self._send(updates.notice(core.set_parameter(rest)))
            case "tokens":
                self._send(updates.notice(" · ".join(core.token_lines())))
            case _:
                self._key(rest)
        return None

    async def _model(self, name: str) -> None:
        if not name:
            raise OutliveError("write the model's name after /model, or choose one below the prompt")
        self._core.change(model=valid_utf8(name))
        self.report_settings()
        self._send(updates.notice(f"model: {self._core.settings.model}"))

    def _key(self, source: str) -> None:
        if not source:
            raise OutliveError(
                "write after /key where the key is: env:NAME, file:PATH or secret; to enter the key itself, resume "
                "this chat in a terminal"
            )
        self._core.change(key_from=check_source(source))
        self._send(updates.notice(f"key from {source}; /retry asks the last question again"))

    # ------------------------------------------------------------ models

    async def choose_model(self) -> None:
        """Ask the server for its models, unless one is chosen; if it has only one, choose it."""
        core = self._core
        async with self._choosing:
            if core.settings.model:
                return
            if await core.choose_model():
                self._send(updates.notice(f"using the server's only model: {core.settings.model}"))
            elif not core.models:
                raise OutliveError("the server lists no models; name one with /model NAME")
            self.report_settings()

    def report_settings(self) -> None:
        """Send the settings."""
        self._send(updates.options_changed(self._core.settings, self._core.models))


def _command(text: str) -> tuple[Command | None, str]:
    """The command of a prompt, None for a question, and its argument, which may have several lines.

    Raises:
        RequestError: there is no such command.
    """
    first_line, _, others = text.strip().partition("\n")
    if not is_command(first_line):
        return None, ""
    command, rest = parse(text, CHAT_VIEW_COMMANDS)
    if command is None and not others:
        names = ", ".join(f"/{each.name}" for each in CHAT_VIEW_COMMANDS)
        raise RequestError(INVALID_PARAMS, f"unknown command {first_line.split(maxsplit=1)[0]}; commands: {names}")
    return command, rest

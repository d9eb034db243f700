"""The chat for a chat view: the methods that the client calls, and its prompts, one after the other."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import groupby
from typing import Any, BinaryIO, Final

from session_host.endpoint.asking import AnswerRun
from session_host.endpoint.conversation import LEFT_OUT, AnswerState, ConversationFile, Question, check_id, valid_utf8
from session_host.endpoint.core import CONTINUE, ChatCore
from session_host.endpoint.options import Options, initial_settings, read_defaults, read_options
from session_host.endpoint.server.api_keys import KeyFilter, check_source
from session_host.endpoint.server.client import TextPiece, Thinking, preload
from session_host.endpoint.server.errors import ApiError
from session_host.endpoint.slash_commands import COMMANDS, Command, is_command, parse
from session_host.errors import ConfigError, OutliveError, UsageError
from session_host.paths import config_dir, endpoint_conversation, ensure_private, state_dir
from session_host.structured.dialects import reading
from session_host.version import VERSION

from . import updates
from .connection import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, RESOURCE_NOT_FOUND, Connection, RequestError
from .updates import PromptContent, read_prompt

END_TURN, CANCELLED = "end_turn", "cancelled"

PROTOCOL_VERSION: Final = 1
TITLE: Final = "Model server"

_NO_MODELS: Final = "the server lists no models; name one with /model NAME"
_CHOOSE: Final = "/model lists the models, /model NAME selects one"

_logger = logging.getLogger(__name__)


def serve(arguments: Sequence[str], key_filter: KeyFilter) -> None:
    """Serve a chat until the client closes the connection, or a signal ends this program.

    Args:
        arguments: the command line's words.
        key_filter: gets the keys.
    """
    # Nothing but messages may be written there: not a library's warning, and not --help.
    with os.fdopen(os.dup(1), "wb", buffering=0) as target:
        os.dup2(2, 1)
        asyncio.run(_until_signal(serve_pipes(arguments, os.environ, key_filter, sys.stdin.buffer, target)))


async def serve_pipes(
    arguments: Sequence[str], environment: Mapping[str, str], key_filter: KeyFilter, source: BinaryIO, target: BinaryIO
) -> None:
    """Serve a chat until the source's end of file; cancelling the task ends it, too.

    Args:
        arguments: the command line's words.
        environment: where variables are looked up.
        key_filter: gets the keys.
        source: a pipe or a socket with the client's messages.
        target: a pipe for the replies; not a socket that is also read, whose input would count as its end.
    """
    connection = Connection(key_filter.redact)
    agent = Agent(arguments, environment, connection, key_filter)
    try:
        await connection.serve(source, target, agent.handle)
    finally:
        await connection.close()
        await agent.close()


async def _until_signal(work: Coroutine[None, None, None]) -> None:
    """Run the work until it ends or a signal ends it."""
    task = asyncio.create_task(work)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        # A second signal would keep the answer from being saved.
        asyncio.get_running_loop().add_signal_handler(number, lambda: task.cancelling() or task.cancel())
    with suppress(asyncio.CancelledError):
        await task


class Agent:
    """The agent of one client, with one conversation."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], connection: Connection, key_filter: KeyFilter
    ) -> None:
        self._arguments = arguments
        self._environment = environment
        self._connection = connection
        self._key_filter = key_filter
        self._open_file = ExitStack()
        self._options: Options | None = None
        self._core: ChatCore | None = None
        self._turns: Turns | None = None
        self._session = ""
        self._takes_forms = False
        self._listing: asyncio.Task[None] | None = None

    async def handle(self, method: str, params: dict[str, Any]) -> Any:
        """Carry out a method; returns its result.

        Raises:
            RequestError: the method is unknown, or refused.
            OutliveError: it fails.
        """
        match method:
            case "initialize":
                return self._initialize(params)
            case "session/new":
                return self._new()
            case "session/load" | "session/resume":
                return self._load(reading.text(params, "sessionId"), shows=method == "session/load")
            case "session/prompt":
                return await self._prompt(params)
            case "session/cancel":
                if self._turns is not None:
                    self._turns.cancel()
                return None
            case "session/set_config_option":
                return await self._set_option(reading.text(params, "configId"), reading.text(params, "value"))
            case _:
                raise RequestError(METHOD_NOT_FOUND, f"no method {reading.one_line(method)}")

    async def close(self) -> None:
        """Close the conversation, after all requests have ended."""
        if self._core is not None:
            await self._core.close()
        self._open_file.close()

    # ------------------------------------------------------------ opening

    def _initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        self._options = read_options(self._arguments)
        self._takes_forms = isinstance(reading.at(params, "clientCapabilities", "elicitation", "form"), dict)
        return {
            "protocolVersion": PROTOCOL_VERSION,
            "agentInfo": {"name": "outlive-endpoint", "title": TITLE, "version": VERSION},
            "agentCapabilities": {
                "loadSession": True,
                "promptCapabilities": {"image": True},
                "sessionCapabilities": {"resume": {}},
            },
            "authMethods": [],
        }

    def _new(self) -> dict[str, Any]:
        options = self._read_options()
        core = self._open(options.conversation)
        # The user's own arguments may name an earlier conversation.
        shown = self._show(core, shows=True) | {"sessionId": self._session}
        if options.question and not core.conversation.messages:
            self._send(updates.notice("the question among the arguments is not asked; use: outlive new -p QUESTION"))
        return shown

    def _load(self, conversation: str, *, shows: bool) -> dict[str, Any]:
        try:
            core = self._open(check_id(conversation))
        except (ConfigError, UsageError) as error:
            # The code says that trying again does not help; a conversation that is open elsewhere may be closed soon.
            raise RequestError(RESOURCE_NOT_FOUND, str(error)) from error
        return self._show(core, shows=shows)

    def _read_options(self) -> Options:
        if self._options is None:
            raise RequestError(INVALID_REQUEST, "the connection is not initialized")
        return self._options

    def _open(self, conversation: str) -> ChatCore:
        options = self._read_options()
        if self._core is not None:
            raise RequestError(INVALID_REQUEST, "a conversation is open already")
        ensure_private(state_dir())
        path = endpoint_conversation(conversation)
        ensure_private(path.parent)
        with ExitStack() as stack:
            file = stack.enter_context(ConversationFile(path, conversation))
            known = file.conversation
            settings = initial_settings(
                options, known.first_settings, known.settings, read_defaults(config_dir()), self._environment
            )
            self._open_file = stack.pop_all()
        self._session = conversation
        report: Callable[[str], None] = lambda text: self._send(updates.notice(text))  # noqa: E731
        self._core = core = ChatCore(file, settings, self._environment, self._key_filter, report)
        self._turns = Turns(core, self._send, self._ask_for_key)
        core.save_settings()
        return core

    def _show(self, core: ChatCore, *, shows: bool) -> dict[str, Any]:
        """Tell the client all about the conversation; ``shows``: also its messages."""
        found = updates.whole(core.conversation) if shows else updates.last_note(core.conversation)
        for update in found:
            self._send(update)
        if core.conversation.topic:
            self._send(updates.title(core.conversation))
        answer = core.conversation.last_answer
        if answer is not None and (usage := updates.usage(answer, core.models)) is not None:
            self._send(usage)
        self._send(updates.commands())
        self._connection.start(self._begin())
        return {"configOptions": updates.options(core.settings, core.models)}

    async def _begin(self) -> None:
        """After the reply, which need not wait for the import: get ready for a question."""
        core, turns = self._opened()
        await asyncio.to_thread(preload)
        try:
            if not core.settings.model:
                await turns.choose_model()
                if not core.settings.model:
                    self._send(updates.notice(f"choose a model: {_CHOOSE}"))
            elif core.settings.key_from.startswith(("env:", "file:")):
                await core.server()
        except OutliveError as error:
            problem = error.problem if isinstance(error, ApiError) else str(error)
            self._send(updates.notice(self._key_filter.redact(problem)))
        if core.settings.key_from != "secret":  # To open the secret store may ask the user for its password.
            self._list_models()

    def _opened(self) -> tuple[ChatCore, Turns]:
        if self._core is None or self._turns is None:
            raise RequestError(INVALID_REQUEST, "no conversation is open")
        return self._core, self._turns

    # ------------------------------------------------------------ prompts and settings

    async def _prompt(self, params: dict[str, Any]) -> dict[str, Any]:
        _, turns = self._opened()
        if turns.is_running:
            raise RequestError(INVALID_REQUEST, "a prompt is being answered")
        blocks = reading.array(params, "prompt")
        prompt = read_prompt(blocks)
        if not prompt.text.strip() and not prompt.images:
            raise RequestError(INVALID_PARAMS, "the prompt is empty")
        try:
            return await turns.run(prompt)
        except ApiError as error:
            raise OutliveError(error.problem) from error
        finally:
            self._list_models()

    async def _set_option(self, name: str, value: str) -> dict[str, Any]:
        core, turns = self._opened()
        if name != updates.MODEL or not value:
            raise RequestError(INVALID_PARAMS, f"no such setting: {reading.one_line(name)}")
        core.change(model=valid_utf8(value))
        if not turns.is_running:
            await core.close_unused()
        return {"configOptions": updates.options(core.settings, core.models)}

    def _list_models(self) -> None:
        """Ask the server for its models, unless they are known; the chat works without them."""
        if self._listing is None and self._core is not None and not self._core.models:
            self._listing = self._connection.start(self._fetch_models())

    async def _fetch_models(self) -> None:
        core, turns = self._opened()
        try:
            await core.list_models()
        except OutliveError as error:
            _logger.info("the server's models are unknown: %s", error)
        else:
            turns.report_settings()
            answer = core.conversation.last_answer
            if answer is not None and (usage := updates.usage(answer, core.models)) is not None and usage["size"]:
                self._send(usage)
        finally:
            self._listing = None

    async def _ask_for_key(self) -> str:
        """Ask the user for the key, in a form that hides it; "" if the user enters none.

        Raises:
            OutliveError: the client has no such form.
        """
        if not self._takes_forms:
            raise OutliveError("write after /key where the key is: env:NAME, file:PATH or secret")
        core, _ = self._opened()
        form = updates.key_form(self._session, core.settings)
        answer = await self._connection.request("elicitation/create", form)
        return reading.text(answer, "content", updates.KEY).strip()

    def _send(self, update: updates.Update) -> None:
        self._connection.notify("session/update", {"sessionId": self._session, "update": update})


class Turns:
    """Carries out prompts, one after the other."""

    def __init__(
        self, core: ChatCore, send: Callable[[updates.Update], None], ask_for_key: Callable[[], Awaitable[str]]
    ) -> None:
        self._core = core
        self._send = send
        self._ask_for_key = ask_for_key
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
                raise OutliveError(f"no model selected; {_CHOOSE}")
        run = AnswerRun(core.save, core.settings.model, SentAnswer(self._send))
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
                await self._key(rest)
        return None

    async def _model(self, name: str) -> None:
        core = self._core
        if name:
            core.change(model=valid_utf8(name))
            self.report_settings()
            self._send(updates.notice(f"model: {core.settings.model}"))
            return
        await core.list_models()
        if not core.models:
            raise OutliveError(_NO_MODELS)
        self.report_settings()
        names = ", ".join(model.name for model in core.models)
        self._send(updates.notice(f"model: {core.settings.model or 'none'}; the server has: {names}"))

    async def _key(self, source: str) -> None:
        if source:
            self._core.change(key_from=check_source(source))
            self._send(updates.notice(f"key from {source}; /retry asks the last question again"))
        elif key := await self._ask_for_key():
            self._send(updates.notice(f"{await self._core.set_key(key)}; /retry asks the last question again"))

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
                raise OutliveError(_NO_MODELS)
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
    command, rest = parse(text)
    if command is None and not others:
        names = ", ".join(f"/{each.name}" for each in COMMANDS)
        name = first_line.split(maxsplit=1)[0]
        raise RequestError(INVALID_PARAMS, f"unknown command {name}; commands: {names}; @FILE attaches a file")
    return command, rest


class SentAnswer:
    """An answer as updates of the session."""

    def __init__(self, send: Callable[[updates.Update], None]) -> None:
        self._send = send

    def show_wait(self, error: ApiError, wait_s: float) -> None:
        self._send(updates.notice(f"{error}; asking again in {math.ceil(wait_s)} s"))

    def show_arrived(self, events: Sequence[TextPiece | Thinking]) -> None:
        for kind, group in groupby(events, type):
            text = "".join(event.text for event in group)
            if text:
                name = "agent_message_chunk" if kind is TextPiece else "agent_thought_chunk"
                self._send(updates.chunk(name, text))

    def show_note(self, note: str) -> None:
        self._send(updates.notice(note))

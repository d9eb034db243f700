"""The agent: the methods that the client calls, and the settings of its session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final

from session_host.endpoint.acp import updates
from session_host.endpoint.acp.connection import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    RESOURCE_NOT_FOUND,
    Connection,
    RequestError,
)
from session_host.endpoint.acp.prompts import read_prompt
from session_host.endpoint.acp.turns import Turns
from session_host.endpoint.asking import preload
from session_host.endpoint.conversation.conversation import valid_utf8
from session_host.endpoint.conversation.file import ConversationFile, check_id
from session_host.endpoint.core import ChatCore
from session_host.endpoint.options import Options, initial_settings, read_defaults, read_options
from session_host.endpoint.server.api_keys import KeyFilter
from session_host.endpoint.server.errors import ApiError
from session_host.errors import ConfigError, OutliveError, UsageError
from session_host.paths import config_dir, endpoint_conversation, ensure_private, state_dir
from session_host.structured.dialects import reading
from session_host.version import VERSION

PROTOCOL_VERSION: Final = 1
TITLE: Final = "Model server"

_logger = logging.getLogger(__name__)


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
        self._listing: asyncio.Task[None] | None = None

    async def handle(self, method: str, params: dict[str, Any]) -> Any:
        """Carry out a method; returns its result.

        Raises:
            RequestError: the method is unknown, or refused.
            OutliveError: it fails.
        """
        match method:
            case "initialize":
                return self._initialize()
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

    def _initialize(self) -> dict[str, Any]:
        self._options = read_options(self._arguments)
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
        if options.ask or (options.prompt and not core.conversation.messages):
            raise UsageError("questions for a chat view are not arguments of its program; use: outlive new -p QUESTION")
        # The user's own arguments may name an earlier conversation.
        return self._show(core, shows=True) | {"sessionId": self._session}

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
        self._turns = Turns(core, self._send)
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
                    self._send(updates.notice("choose a model below the prompt"))
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

    def _send(self, update: updates.Update) -> None:
        self._connection.notify("session/update", {"sessionId": self._session, "update": update})

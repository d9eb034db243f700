"""What a chat consists of: the conversation's file, the settings, the key and the server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from session_host.endpoint.conversation import (
    Attachment,
    Conversation,
    ConversationFile,
    ModelAnswer,
    Picture,
    Question,
    Record,
    Rewound,
    Settings,
    SettingsChanged,
    valid_utf8,
)
from session_host.endpoint.server import client, secret_store
from session_host.endpoint.server.addresses import origin
from session_host.endpoint.server.api_keys import KeyFilter, checked_key, find_key
from session_host.endpoint.server.parameters import changed_parameters, shown_parameters
from session_host.errors import ConfigError, OutliveError
from session_host.system.clock import now

CONTINUE = "Go on exactly where your last answer stopped, without repeating anything."

_logger = logging.getLogger(__name__)


class ChatCore:
    """One conversation with one server.

    Attributes:
        settings: the server, the model and their options.
        models: the server's models; empty until they are requested.
        key_filter: removes the keys from texts.
    """

    def __init__(
        self,
        file: ConversationFile,
        settings: Settings,
        environment: Mapping[str, str],
        key_filter: KeyFilter,
        report: Callable[[str], None],
    ) -> None:
        """Use a conversation.

        Args:
            file: the conversation's open file.
            settings: the settings that the chat starts with.
            environment: where the key's variable is looked up.
            key_filter: gets the keys.
            report: tells the user that the conversation cannot be saved.
        """
        self.settings = settings
        self.models: list[client.Model] = []
        self.key_filter = key_filter
        self._file = file
        self._environment = environment
        self._report = report
        self._key: str | None = None
        self._server: client.Server | None = None
        self._unused: list[client.Server] = []
        self._is_saving = True

    @property
    def conversation(self) -> Conversation:
        """The conversation so far."""
        return self._file.conversation

    def save(self, record: Record, *, durable: bool = True) -> None:
        """Save a record; report a failure once."""
        try:
            self._file.append(record, durable=durable)
        except OSError as error:
            _logger.warning("a record is not saved", exc_info=error)
            if self._is_saving:
                self._report(f"cannot save the conversation ({error.strerror}); continuing without saving")
            self._is_saving = False
        else:
            self._is_saving = True

    def save_settings(self) -> None:
        """Save the settings if the conversation has other ones."""
        if self.conversation.settings != self.settings:
            self.save(SettingsChanged(now(), self.settings))

    # ------------------------------------------------------------ settings and server

    def change(self, **fields: object) -> None:
        """Change settings; the next question uses a new connection."""
        self.settings = msgspec.structs.replace(self.settings, **fields)
        self.save(SettingsChanged(now(), self.settings))
        self.disconnect()

    def disconnect(self) -> None:
        """Use a new connection to the server for the next question; ``close_unused`` closes the other one."""
        if self._server is not None:
            self._unused.append(self._server)
            self._server = None

    async def close_unused(self) -> None:
        """Close the connections that are no longer used; not during an answer."""
        while self._unused:
            await self._unused.pop().close()

    async def close(self) -> None:
        """Close all connections."""
        self.disconnect()
        await self.close_unused()

    async def server(self) -> client.Server:
        """The connection to the server, with its key.

        Raises:
            ConfigError: the key's source has no key.
        """
        if self._server is None:
            key = self._key or await find_key(self.settings.key_from, self.settings.url, self._environment)
            self.key_filter.add_key(key)
            self._server = client.Server(self.settings, key)
        return self._server

    async def list_models(self) -> None:
        """Ask the server for its models.

        Raises:
            OutliveError: the server does not list them.
        """
        self.models = await (await self.server()).models()

    async def choose_model(self) -> bool:
        """Ask the server for its models; if it has only one, choose it, and return True.

        Raises:
            OutliveError: the server does not list them.
        """
        await self.list_models()
        if len(self.models) != 1:
            return False
        self.change(model=self.models[0].name)
        return True

    async def set_key(self, key: str) -> str:
        """Use this key from now on, and save it in the desktop's secret store; returns one line for the user.

        Raises:
            ConfigError: the text is no key.
        """
        self._key = checked_key(key, "the line")
        try:
            await secret_store.save(origin(self.settings.url), self._key)
        except ConfigError as error:
            self.disconnect()
            return f"the key is used until this chat ends; {error}"
        self.change(key_from="secret")
        return f"key saved in the secret store for {origin(self.settings.url)}"

    # ------------------------------------------------------------ questions

    def add_question(
        self,
        text: str,
        attachments: Sequence[Attachment] = (),
        images: Sequence[Picture] = (),
        *,
        replaced: int | None = None,
    ) -> Question:
        """Save a new question.

        Args:
            text: the user's text.
            attachments: files in it.
            images: images in it.
            replaced: the index of the message that it replaces, with all that follow; None for none.
        """
        if replaced is not None:
            self.save(Rewound(now(), replaced))
        question = Question(now(), valid_utf8(text), tuple(attachments), tuple(images))
        self.save(question)
        return question

    def question_again(self) -> Question:
        """The last question, to ask again; its previous answer is dropped.

        Raises:
            OutliveError: there is no question.
        """
        index, question = self.conversation.last_question()
        if index + 1 < len(self.conversation.messages):
            self.save(Rewound(now(), index + 1))
        return question

    def check_continuable(self) -> None:
        """Check that the last message is an answer.

        Raises:
            OutliveError: it is not.
        """
        if not isinstance(self.conversation.last, ModelAnswer):
            raise OutliveError("no answer to continue; /retry to ask the last question again")

    def token_lines(self) -> list[str]:
        """The token counts, for the user."""
        conversation = self.conversation
        if not conversation.has_token_counts:
            return ["the server reports no token counts"]
        last = conversation.last_answer
        lines = []
        if last is not None and last.input_tokens is not None:
            lines.append(f"the last question: {last.input_tokens} tokens in, {last.output_tokens or 0} out")
        used_input, used_output = conversation.used_input_tokens, conversation.used_output_tokens
        return [*lines, f"the whole chat: {used_input} tokens in, {used_output} out"]

    def set_system(self, text: str) -> str:
        """Show the system prompt ("") or set it ("off" for none); returns one line for the user."""
        if not text:
            return f"system prompt: {self.settings.system}" if self.settings.system else "no system prompt"
        self.change(system="" if text == "off" else valid_utf8(text))
        return "system prompt set" if self.settings.system else "system prompt removed"

    def set_parameter(self, change: str) -> str:
        """Show the parameters of requests (""), or change one; returns one line for the user.

        Raises:
            UsageError: see ``changed_parameters``.
        """
        if change:
            self.change(parameters=changed_parameters(self.settings.parameters, valid_utf8(change)))
        return shown_parameters(self.settings.parameters)

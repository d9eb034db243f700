"""Carries out the slash commands."""

from __future__ import annotations

from session_host.endpoint.conversation.attachments import MAX_ALL_BYTES, label, read_attachment
from session_host.endpoint.conversation.conversation import Answer, valid_utf8
from session_host.endpoint.core import CONTINUE
from session_host.endpoint.screen import osc
from session_host.endpoint.screen.markdown_stream import clean
from session_host.endpoint.terminal.chat import Chat
from session_host.endpoint.terminal.completion import help_lines
from session_host.errors import OutliveError


class SlashCommands:
    """The commands of one chat: its ``CommandActions``."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def perform(self, name: str, rest: str) -> None:
        chat = self._chat
        match name:
            case "help":
                self._print(help_lines())
            case "model":
                chat.start_task(self._model(rest))
            case "system":
                self._change(chat.core.set_system(rest))
            case "set":
                self._change(chat.core.set_parameter(rest))
            case "attach":
                self._attach(rest)
            case "detach":
                chat.attached = []
                chat.update_hint()
            case "regenerate" | "retry":
                chat.ask_again()
            case "continue":
                self._continue()
            case "edit":
                chat.edit_last()
            case "copy":
                self._copy()
            case "tokens":
                self._tokens()
            case "key":
                chat.ask_for_key()
                chat.print_line("type or paste the key (hidden) · Esc cancels")
            case "quit":
                chat.leave()

    async def choose_model(self) -> None:
        chat = self._chat
        if await chat.core.choose_model():
            chat.update_hint()
            chat.print_line(f"using the server's only model: {chat.settings.model}")
            await chat.core.close_unused()
        else:
            self._list_models()

    async def check_key(self) -> None:
        await self._chat.core.server()

    async def set_key(self, key: str) -> None:
        chat = self._chat
        if key:
            chat.print_line(await chat.core.set_key(key))
            await chat.core.close_unused()

    async def _model(self, name: str) -> None:
        chat = self._chat
        if name:
            chat.change(model=valid_utf8(name))
            chat.print_line(f"model: {chat.settings.model}")
            return
        await chat.core.list_models()
        self._list_models()

    def _list_models(self) -> None:
        chat = self._chat
        if not chat.core.models:
            raise OutliveError("the server lists no models; select one with /model NAME")
        names = [model.name for model in chat.core.models]
        self._print([f"{'●' if name == chat.settings.model else ' '} {name}" for name in names])
        chat.print_line("select one with /model NAME (Tab completes)")

    def _change(self, result: str) -> None:
        """Print the result of a change of the settings."""
        self._chat.print_line(result)
        self._chat.start_task(self._chat.core.close_unused())

    def _attach(self, name: str) -> None:
        chat = self._chat
        if not name:
            raise OutliveError("usage: /attach FILE")
        attachment = read_attachment(valid_utf8(name))
        if sum(len(attached.text) for attached in (*chat.attached, attachment)) > MAX_ALL_BYTES:
            raise OutliveError(f"the attached files are too large together (limit: {MAX_ALL_BYTES // 1024} KB)")
        chat.attached.append(attachment)
        chat.print_line(f"{label(attachment)} attached to the next message; /detach removes it")
        chat.update_hint()

    def _continue(self) -> None:
        self._chat.core.check_continuable()
        self._chat.ask(CONTINUE)

    def _copy(self) -> None:
        chat = self._chat
        answers = [message for message in chat.conversation.messages if isinstance(message, Answer) and message.text]
        if not answers:
            raise OutliveError("no answer to copy")
        chat.screen.write_sequence(osc.clipboard(answers[-1].text))
        chat.print_line("last answer copied (if the terminal allows it)")

    def _tokens(self) -> None:
        self._chat.print_line("\n".join(self._chat.core.token_lines()))

    def _print(self, lines: list[str]) -> None:
        painter = self._chat.painter()
        self._chat.screen.print([*(row for line in lines for row in painter.wrap(clean(line))), ""])

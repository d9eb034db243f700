"""Carries out the slash commands."""

from __future__ import annotations

from session_host.endpoint.chat import Chat
from session_host.endpoint.commands import help_lines
from session_host.endpoint.conversation.attachments import MAX_ALL_BYTES, label, read_attachment
from session_host.endpoint.conversation.conversation import Answer, valid_utf8
from session_host.endpoint.screen import osc
from session_host.endpoint.screen.markdown_stream import clean
from session_host.endpoint.server import secret_store
from session_host.endpoint.server.addresses import origin
from session_host.endpoint.server.api_keys import checked_key
from session_host.errors import ConfigError, OutliveError

CONTINUE = "Go on exactly where your last answer stopped, without repeating anything."


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
                self._system(rest)
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
        chat.models = await (await chat.server()).models()
        if len(chat.models) == 1:
            chat.change(model=chat.models[0])
            chat.print_line(f"using the server's only model: {chat.models[0]}")
        else:
            self._list_models()

    async def check_key(self) -> None:
        await self._chat.server()

    async def set_key(self, key: str) -> None:
        chat = self._chat
        if not key:
            return
        chat.key = checked_key(key, "the line")
        try:
            await secret_store.save(origin(chat.settings.url), chat.key)
        except ConfigError as error:
            chat.disconnect()
            chat.print_line(f"the key is used until this chat ends; {error}")
        else:
            chat.change(key_from="secret")
            chat.print_line(f"key saved in the secret store for {origin(chat.settings.url)}")

    async def _model(self, name: str) -> None:
        chat = self._chat
        if name:
            chat.change(model=valid_utf8(name))
            chat.print_line(f"model: {chat.settings.model}")
            return
        chat.models = await (await chat.server()).models()
        self._list_models()

    def _list_models(self) -> None:
        chat = self._chat
        if not chat.models:
            raise OutliveError("the server lists no models; select one with /model NAME")
        self._print([f"{'●' if model == chat.settings.model else ' '} {model}" for model in chat.models])
        chat.print_line("select one with /model NAME (Tab completes)")

    def _system(self, text: str) -> None:
        chat = self._chat
        if not text:
            chat.print_line(f"system prompt: {chat.settings.system}" if chat.settings.system else "no system prompt")
            return
        chat.change(system="" if text == "off" else valid_utf8(text))
        chat.print_line("system prompt set" if chat.settings.system else "system prompt removed")

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
        if not isinstance(self._chat.conversation.last, Answer):
            raise OutliveError("no answer to continue; /retry to ask the last question again")
        self._chat.ask(CONTINUE)

    def _copy(self) -> None:
        chat = self._chat
        answers = [message for message in chat.conversation.messages if isinstance(message, Answer) and message.text]
        if not answers:
            raise OutliveError("no answer to copy")
        chat.screen.write_sequence(osc.clipboard(answers[-1].text))
        chat.print_line("last answer copied (if the terminal allows it)")

    def _tokens(self) -> None:
        chat = self._chat
        conversation = chat.conversation
        if not conversation.has_token_counts:
            chat.print_line("the server reports no token counts")
            return
        answers = (message for message in reversed(conversation.messages) if isinstance(message, Answer))
        last = next(answers, None)
        lines = []
        if last is not None and last.input_tokens is not None:
            lines.append(f"the last question: {last.input_tokens} tokens in, {last.output_tokens or 0} out")
        used_input, used_output = conversation.used_input_tokens, conversation.used_output_tokens
        lines.append(f"the whole chat: {used_input} tokens in, {used_output} out")
        chat.print_line("\n".join(lines))

    def _print(self, lines: list[str]) -> None:
        painter = self._chat.painter()
        self._chat.screen.print([*(row for line in lines for row in painter.wrap(clean(line))), ""])

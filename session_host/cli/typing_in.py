"""Types a command's text into a chat in a terminal, and says how a chat view takes it."""

from __future__ import annotations

import argparse

import msgspec

from session_host.cli.output import print_error
from session_host.cli.session_argument import ask
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import LineInUse, NeedsInput, UsageError
from session_host.protocol.messages import MAY_JOIN, Done, PassAmount, Prompt, PromptMode, Send, SendChatInput


def type_text(info: SessionInfo, options: argparse.Namespace, text: str) -> Done:
    """Type a text into a terminal.

    If the text may have joined another one, a line on standard error says so.

    Raises:
        NeedsInput: the chat asks something.
        LineInUse: its input line has a text.
        OutliveError: see ``client.control.request``.
    """
    if options.steer or options.interrupt or options.held:
        raise UsageError(
            f"{info.name} runs in a terminal: --steer, --interrupt and --held are for chat views; use --key"
        )
    try:
        done: Done = ask(info.id, Send(0, text, options.paste, options.key, options.enter, anyway=options.anyway))
    except NeedsInput as error:
        hint = f"answer with --key or in `outlive attach {info.name}`, or send anyway with --anyway"
        raise NeedsInput(f"{info.name}: {error}; {hint}") from error
    except LineInUse as error:
        raise LineInUse(f"{info.name}: {error}; --anyway types it there all the same") from error
    note = done.note.removesuffix(MAY_JOIN).removesuffix("; ")
    if note != done.note:
        print_error(f"{info.name}: {MAY_JOIN}; look: outlive peek {info.name}")
    return msgspec.structs.replace(done, note=note)


def send_prompt(info: SessionInfo, prompt: Prompt, token: str = "", *, anyway: bool = False) -> None:
    """Send a prompt to a chat view.

    Args:
        info: the chat.
        prompt: the prompt.
        token: identifies it, see ``SendChatInput``.
        anyway: whether to send it although an amount of money is reached.

    Raises:
        NeedsInput: one is, and it is not sent.
        NotAllowed: an agent may not send it anyway.
    """
    try:
        ask(info.id, SendChatInput(0, prompt, token))
    except NeedsInput as error:
        if not anyway:
            raise NeedsInput(f"{info.name}: {error}") from error
        ask(info.id, SendChatInput(0, PassAmount()))
        ask(info.id, SendChatInput(0, prompt, token))


def mode_of(options: argparse.Namespace) -> PromptMode:
    """How a chat view takes a prompt."""
    return "steer" if options.steer else "interrupt" if options.interrupt else "queue"

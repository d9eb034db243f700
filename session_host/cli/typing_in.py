"""Types a command's text into a chat in a terminal, and says how a chat view takes it."""

from __future__ import annotations

import argparse

from session_host.cli.session_argument import ask
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import NeedsInput, UsageError
from session_host.protocol.messages import Done, PromptMode, Send


def type_text(info: SessionInfo, options: argparse.Namespace, text: str) -> Done:
    """Type a text into a terminal.

    Raises:
        NeedsInput: the chat asks something.
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
    return done


def mode_of(options: argparse.Namespace) -> PromptMode:
    """How a chat view takes a prompt."""
    return "steer" if options.steer else "interrupt" if options.interrupt else "queue"

"""``outlive send``: type into a chat without attaching."""

from __future__ import annotations

import argparse
import sys

from session_host.cli.output import say
from session_host.cli.sessions import add_session_argument, ask, called, find, require_running
from session_host.errors import NeedsInput, UsageError
from session_host.protocol.keys import parse_key
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, Send


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the verb takes."""
    add_session_argument(parser)
    parser.add_argument("text", metavar="TEXT", nargs="?", help="what is typed; - reads it from standard input")
    parser.add_argument("--paste", action="store_true", help="paste TEXT rather than type it")
    parser.add_argument(
        "--key", metavar="NAME", action="append", default=[], help="press a key after TEXT: Enter, Up, Ctrl+c, F5, …"
    )
    parser.add_argument("--enter", action="store_true", help="press Enter at last")
    parser.add_argument("--anyway", action="store_true", help="type TEXT even though the chat needs input")
    parser.epilog = (
        "Text that begins with a dash is put behind `--`. While the chat needs input, TEXT is refused, since it would "
        "answer what is asked; --key, --enter and a single character are the answers. An agent that does not show TEXT "
        "is not ready: that is said, and Enter is not pressed."
    )


def run(options: argparse.Namespace) -> int:
    """Send text, then keys, then Enter, in one piece."""
    for name in options.key:
        try:
            parse_key(name)
        except ValueError as error:
            raise UsageError(str(error)) from error
    if options.paste and not options.text:
        raise UsageError("--paste needs a TEXT to paste")
    text = _standard_input() if options.text == "-" else options.text or ""
    if not (text or options.key or options.enter):
        raise UsageError("nothing to send; give a TEXT, --key or --enter")
    if len(text) > MAX_PASTE_CHARACTERS:
        raise UsageError(f"the text has {len(text)} characters; at most {MAX_PASTE_CHARACTERS} go at once")
    info = require_running(find(options.session))
    try:
        ask(info.id, Send(0, _valid(text), options.paste, options.key, options.enter, anyway=options.anyway))
    except NeedsInput as error:
        hint = f"answer it with --key or in `outlive attach {info.name}`, or insist with --anyway"
        raise NeedsInput(f"{info.name}: {error}; {hint}") from error
    say(f"sent to {called(info)}")
    return 0


def _standard_input() -> str:
    return sys.stdin.buffer.read(4 * MAX_PASTE_CHARACTERS + 1).decode(errors="replace")


def _valid(text: str) -> str:
    """An argument that is no valid UTF-8 holds lone surrogates, which no message can carry."""
    return text.encode(errors="replace").decode()

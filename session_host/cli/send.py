"""``outlive send``: types into a chat without attaching."""

from __future__ import annotations

import argparse
import sys

from session_host.cli.output import print_line
from session_host.cli.session_argument import add_session_argument, ask, called, find, require_running
from session_host.errors import NeedsInput, UsageError
from session_host.protocol.key_names import parse_key
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, Send


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("text", metavar="TEXT", nargs="?", help="text to type; - reads standard input")
    parser.add_argument("--paste", action="store_true", help="paste TEXT instead of typing it")
    parser.add_argument(
        "--key",
        metavar="NAME",
        action="append",
        default=[],
        help="press KEY after TEXT: Enter, Up, Ctrl+c, F5, … (repeatable)",
    )
    parser.add_argument("--enter", action="store_true", help="press Enter at the end")
    parser.add_argument("--anyway", action="store_true", help="send TEXT even if the chat is asking something")
    parser.epilog = (
        "Put text that begins with a dash after `--`. While the chat is asking something, TEXT is refused "
        "because it would answer; use --key, --enter or a single character to answer. If the agent does not "
        "show TEXT, it is not ready: the command fails and Enter is not pressed."
    )


def run(options: argparse.Namespace) -> int:
    """Send text, keys and Enter as one request; the host types them in this order."""
    for name in options.key:
        try:
            parse_key(name)
        except ValueError as error:
            raise UsageError(str(error)) from error
    if options.paste and not options.text:
        raise UsageError("--paste needs TEXT")
    text = _standard_input() if options.text == "-" else options.text or ""
    if not (text or options.key or options.enter):
        raise UsageError("nothing to send; give TEXT, --key or --enter")
    if len(text) > MAX_PASTE_CHARACTERS:
        raise UsageError(f"the text is too long ({len(text)} characters, at most {MAX_PASTE_CHARACTERS})")
    info = require_running(find(options.session))
    try:
        ask(info.id, Send(0, _valid(text), options.paste, options.key, options.enter, anyway=options.anyway))
    except NeedsInput as error:
        hint = f"answer with --key or in `outlive attach {info.name}`, or send anyway with --anyway"
        raise NeedsInput(f"{info.name}: {error}; {hint}") from error
    print_line(f"sent to {called(info)}")
    return 0


def _standard_input() -> str:
    return sys.stdin.buffer.read(4 * MAX_PASTE_CHARACTERS + 1).decode(errors="replace")


def _valid(text: str) -> str:
    """Replace an argument's undecodable bytes (lone surrogates), which no message can carry."""
    return text.encode(errors="replace").decode()

"""``outlive send``: types into a chat without attaching; a structured chat gets a prompt."""

from __future__ import annotations

import argparse
import sys

from session_host.cli.arguments import add_session_argument, check_seconds, check_text
from session_host.cli.output import print_line
from session_host.cli.session_argument import ask, find, name_and_id, require_running
from session_host.cli.typing_in import mode_of, send_prompt, type_text
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import SessionEnded, UsageError
from session_host.protocol.messages import (
    FALLS_ASLEEP,
    MAX_PASTE_CHARACTERS,
    Interrupt,
    Prompt,
    ReleaseHeld,
    SendChatInput,
)
from session_host.protocol.values import parse_key
from session_host.standing.clock_times import FORMS
from session_host.standing.traits import traits_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("text", metavar="TEXT", nargs="?", help="text to type; - reads standard input")
    parser.add_argument("--paste", action="store_true", help="paste TEXT instead of typing it")
    parser.add_argument(
        "--key",
        metavar="KEY",
        action="append",
        default=[],
        help="press KEY after TEXT: Enter, Up, Ctrl+c, F5, … (repeatable)",
    )
    parser.add_argument("--enter", action="store_true", help="press Enter at the end")
    parser.add_argument("--wait", action="store_true", help="wait for the answer to TEXT, and print it")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, help="with --wait, give up then (exit code 5)")
    parser.add_argument("--json", action="store_true", help="print the turn that TEXT began or joined, as JSON")
    parser.add_argument(
        "--anyway",
        action="store_true",
        help="send TEXT even if the chat is asking something, its input line has a text, or an amount is reached",
    )
    parser.add_argument("--steer", action="store_true", help="add TEXT to the running turn of a chat view")
    parser.add_argument(
        "--interrupt",
        action="store_true",
        help="stop the running turn of a chat view; TEXT is the next prompt, without it queued prompts wait",
    )
    parser.add_argument(
        "--held", choices=("send", "discard"), help="send or discard the prompts that wait since such a stop"
    )
    parser.add_argument("--at", metavar="TIME", help=f"send TEXT as a prompt at that time: {FORMS}")
    parser.add_argument("--cancel", action="store_true", help="take back what is to be sent at a time")
    parser.epilog = (
        "In a terminal, TEXT is typed; an agent gets several lines as one paste. If the agent does not show TEXT, it "
        "is not ready: the command fails and does not press Enter. It also fails if an idle agent does not begin a "
        "turn. A chat that is asleep is woken by TEXT with Enter. While the chat is asking something, TEXT is refused "
        "because it would answer the question; answer with --key, --enter or a single character. TEXT with Enter is "
        "refused (exit code 12) if the input line has a text that was typed there. In a chat view, TEXT is a prompt: "
        "it is sent when the running turn ends, or at once with --steer or --interrupt. With --wait, exit code 0: the "
        "turn is done; 5: the time is over; 9: it asks something; 10: an error, a limit or the user stopped it. With "
        "--at, TEXT is sent once, at that time in this time zone, if the agent is idle and nothing is typed; it waits "
        "for that for an hour. Put a text that begins with a dash after `--`."
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
    check_text(options.text or "")
    check_seconds("--timeout", options.timeout)
    text = _standard_input() if options.text == "-" else options.text or ""
    if options.held and (text or options.key or options.enter or options.steer or options.interrupt):
        raise UsageError("--held takes neither TEXT nor other options")
    _check_later(options, text)
    if not (text or options.key or options.enter or options.interrupt or options.held or options.cancel):
        raise UsageError("nothing to send; give TEXT, --key or --enter")
    if len(text) > MAX_PASTE_CHARACTERS:
        raise UsageError(f"the text is too long ({len(text)} characters, at most {MAX_PASTE_CHARACTERS})")
    info = find(options.session)
    if (
        options.text is not None
        and not text.strip()
        and (info.facts.outcome.was_put_to_sleep or traits_of(info.facts).takes_prompts)
    ):
        raise UsageError("TEXT is blank; write a prompt")
    if options.cancel:
        from session_host.cli.later import cancel  # Usually it is sent now.

        return cancel(info)
    if info.facts.outcome.was_put_to_sleep:  # Once it is woken, the text goes to the chat that continues it.
        return _wake(info, options, text)
    try:
        return _send(info, options, text)
    except SessionEnded as error:
        if str(error) != FALLS_ASLEEP:
            raise
    # Nothing of it was typed.
    return _wake(info, options, text)


def _wake(info: SessionInfo, options: argparse.Namespace, text: str) -> int:
    from session_host.cli.turns.waking import send_to_sleeper  # Usually a chat is awake.

    return send_to_sleeper(info, options, text)


def _send(info: SessionInfo, options: argparse.Namespace, text: str) -> int:
    require_running(info)
    if options.at is not None:
        from session_host.cli.later import send_later

        return send_later(info, options, text)
    takes_prompts = traits_of(info.facts).takes_prompts
    if options.wait or options.json:
        if not text.strip() or not (takes_prompts or options.enter or text.endswith(("\n", "\r"))):
            raise UsageError("--wait and --json need TEXT and --enter")
        from session_host.cli.turns.sending import send_for_answer  # Usually nobody waits.

        return send_for_answer(info, options, text)
    if takes_prompts:
        return _prompt(info, options, text)
    done = type_text(info, options, text)
    if options.enter or options.key or text.endswith(("\n", "\r")):
        print_line(f"sent to {name_and_id(info)}{done.note and f'; {done.note}'}")
    else:
        print_line(f"typed into {name_and_id(info)}, without Enter; --enter presses it, too")
    return 0


def _check_later(options: argparse.Namespace, text: str) -> None:
    """Check the options of a text that is sent later.

    Raises:
        UsageError: they do not fit together.
    """
    if options.at is None and not options.cancel:
        return
    name = "--cancel" if options.cancel else "--at"
    others = (options.key, options.paste, options.wait, options.json, options.anyway, options.steer, options.interrupt)
    if any(others) or options.held or (options.cancel and (text or options.at or options.enter)):
        raise UsageError(f"{name} takes {'nothing else' if options.cancel else 'TEXT, and none of the other options'}")
    if options.at is not None and not text.strip():
        raise UsageError("--at needs TEXT")


def _prompt(info: SessionInfo, options: argparse.Namespace, text: str) -> int:
    """Send a structured chat a prompt, or interrupt its turn."""
    if options.key:
        raise UsageError(
            f"{info.name} takes prompts, not keys; `outlive approve` and `outlive deny` answer its questions"
        )
    if options.held:
        ask(info.id, SendChatInput(0, ReleaseHeld(discard=options.held == "discard")))
        print_line(f"{'discarded' if options.held == 'discard' else 'sent'} what waited in {name_and_id(info)}")
        return 0
    if options.steer and options.interrupt:
        raise UsageError("--steer and --interrupt exclude each other")
    if options.steer and not text.strip():
        raise UsageError("--steer needs TEXT")
    if not text.strip():
        if not options.interrupt:
            raise UsageError("nothing to send; give TEXT")
        done = ask(info.id, SendChatInput(0, Interrupt()))
        waits = f"; {done.note}: send it with --held send, or --held discard" if done.note else ""
        print_line(f"interrupted {name_and_id(info)}{waits}")
        return 0
    send_prompt(info, Prompt(text, mode_of(options)), anyway=options.anyway)
    print_line(f"sent to {name_and_id(info)}")
    return 0


def _standard_input() -> str:
    data = sys.stdin.buffer.read(4 * MAX_PASTE_CHARACTERS + 1)
    if not data:
        raise UsageError("standard input is empty; write TEXT there, or leave - out")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        if len(data) > 4 * MAX_PASTE_CHARACTERS:
            return data.decode(errors="replace")  # too long; it may end within a character
        raise UsageError(f"standard input is not valid UTF-8 (byte {error.start + 1}); convert it") from None

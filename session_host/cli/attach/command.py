"""``outlive attach``: follows a session in this terminal, full screen."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from session_host.cli.arguments import add_session_argument
from session_host.cli.ls import row, table
from session_host.cli.output import answer_to, print_error, print_line, terminal_columns
from session_host.cli.session_argument import find, machine_and_chat, running_sessions
from session_host.client.machine import THIS_MACHINE, Machine
from session_host.client.permission import check_may_reach_machine
from session_host.client.sessions.listing import session_named
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import HostUnavailable, NoSuchSession, NotAllowed, OutliveError, SessionEnded, UsageError
from session_host.protocol.facts import INTERRUPTED
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import RUNNING_STATES, Activity, Runtime
from session_host.standing.endings import how_ended
from session_host.standing.traits import TRAITS, traits_of
from session_host.system import event_loop

from .outer_terminal import OuterTerminal
from .view_end import Ending, EndingKind

if TYPE_CHECKING:
    from session_host.machines.names import MachineEntry


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser, optional=True)
    parser.add_argument("--read-only", action="store_true", help="show the chat without sending it any input")
    parser.add_argument("--plain", action="store_true", help="print a chat view line by line, not full screen")
    parser.epilog = (
        "Without CHAT, shows the only one that runs, or asks which. "
        "Keys: Ctrl+B d detaches (the chat keeps running); Ctrl+B PageUp scrolls back; Ctrl+B Ctrl+B types Ctrl+B; "
        "Ctrl+B ? shows all keys. In Claude Code and in a chat view, Left also detaches while the prompt is "
        "empty. A chat view is shown as text, with a prompt below."
    )


def run(options: argparse.Namespace) -> int:
    """Attach to the named session, or to one that the user chooses."""
    if options.session is not None:
        entry, name = machine_and_chat(options.session)
        if entry is not None:
            return attach_there(entry, name, read_only=options.read_only, is_plain=options.plain)
        info = find(options.session)
    else:
        chosen = choose()
        if chosen is None:
            return 0
        info = chosen
    _check_can_attach(info, info.name, is_plain=options.plain)
    return attach(
        info.id, info.name, read_only=options.read_only, runtime=info.facts.origin.runtime, is_plain=options.plain
    )


def _check_can_attach(info: SessionInfo, name: str, *, is_plain: bool) -> None:
    if info.facts.is_asleep:
        raise SessionEnded(f"{name} is asleep; a text wakes it: outlive send {name} TEXT --enter")
    if info.state not in RUNNING_STATES:
        ended = how_ended(info.facts).predicate
        raise SessionEnded(f"{name} {ended}; see its last screen with: outlive peek {name}")
    if is_plain and traits_of(info.facts).has_screen:
        raise UsageError(f"{name} runs in a terminal: --plain works only with chat views; leave it out")


def attach_there(entry: MachineEntry, chat: str, *, read_only: bool = False, is_plain: bool = False) -> int:
    """Attach to a chat on another machine, as ``attach`` does; ``chat`` is its name or id."""
    check_may_reach_machine(entry.name)
    return _report_ending(event_loop.run(_show_there(entry, chat, read_only=read_only, is_plain=is_plain)))


async def _show_there(entry: MachineEntry, chat: str, *, read_only: bool, is_plain: bool) -> Ending:
    from session_host.machines.link import Link
    from session_host.machines.remote import RemoteMachine
    from session_host.system.network_changes import NetworkChanges

    machine = RemoteMachine(Link(entry))
    try:
        info = await machine.call(session_named, chat)
        name = f"{entry.name}:{one_line(info.name)}"
        _check_can_attach(info, name, is_plain=is_plain)
        is_dumb = os.environ.get("TERM", "dumb") == "dumb"
        is_plain = is_plain or (is_dumb and not traits_of(info.facts).has_screen)
        _check_terminal(info.id, name, is_dumb=is_dumb and not is_plain)
        machine.link.hold()
        network = NetworkChanges(machine.link.ask_now)
        try:
            return await _show(
                info.id,
                name,
                read_only=read_only,
                runtime=info.facts.origin.runtime,
                is_plain=is_plain,
                machine=machine,
            )
        finally:
            network.close()
    finally:
        await machine.link.close()


def attach(
    session_id: str, name: str, *, read_only: bool = False, runtime: Runtime = "terminal", is_plain: bool = False
) -> int:
    """Follow a session until the user detaches or it ends.

    Returns:
        The exit code: 0, or 128 plus the number of the signal that ended this command.

    Raises:
        OutliveError: this is not a terminal that can show a screen.
        HostUnavailable: the session's host is gone, or refuses this viewer.
    """
    is_dumb = os.environ.get("TERM", "dumb") == "dumb"
    is_plain = is_plain or (is_dumb and not TRAITS[runtime].has_screen)
    _check_terminal(session_id, name, is_dumb=is_dumb and not is_plain)
    return _report_ending(
        event_loop.run(_show(session_id, name, read_only=read_only, runtime=runtime, is_plain=is_plain))
    )


async def _show(
    session_id: str,
    name: str,
    *,
    read_only: bool,
    runtime: Runtime,
    is_plain: bool,
    machine: Machine = THIS_MACHINE,
) -> Ending:
    """Show a chat until an end; each view needs imports that the others do not."""
    if is_plain:
        from session_host.cli.attach.chat.plain import PlainChat

        return await PlainChat(session_id, name, read_only=read_only, machine=machine).run()
    from session_host.cli.attach.full_screen import FullScreen

    terminal = OuterTerminal(sys.stdin.fileno(), sys.stdout.fileno())
    screen = FullScreen(session_id, name, terminal, read_only=read_only, machine=machine)
    if TRAITS[runtime].has_screen:
        from session_host.cli.attach.terminal_view import TerminalView

        return await screen.run(TerminalView(screen))
    from session_host.cli.attach.chat.view import ChatView

    chat = ChatView(screen)
    try:
        return await screen.run(chat)
    finally:
        chat.attention.close()


def _check_terminal(session_id: str, name: str, *, is_dumb: bool) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise OutliveError(f"attach needs a terminal; without one, use `outlive peek {name}` and `outlive send {name}`")
    if is_dumb:
        raise OutliveError(f"this terminal (TERM=dumb) cannot show a full screen; use `outlive peek {name}`")
    if os.environ.get("OUTLIVE_SESSION") == session_id:
        raise OutliveError(f"cannot attach {name} inside itself; use another terminal")


def _report_ending(ending: Ending) -> int:
    if ending.undelivered:
        characters = "1 character" if ending.undelivered == 1 else f"{ending.undelivered:,} characters"
        print_error(f"{ending.name} did not respond; up to {characters} of your input may be missing")
    match ending.kind:
        case EndingKind.DETACHED:
            print_line(f"[detached from {ending.name}; it keeps running]")
            return 0
        case EndingKind.ENDED:
            print_line(f"[{ending.name} ended: {ending.message}]")
            return 0
        case EndingKind.UNAVAILABLE if ending.message == INTERRUPTED:
            raise SessionEnded(f"{ending.name} was interrupted by a restart; go on with: outlive resume {ending.name}")
        case EndingKind.UNAVAILABLE:
            raise HostUnavailable(f"{ending.name}: {ending.message}")
        case EndingKind.NOT_ALLOWED:
            raise NotAllowed(ending.message)
        case EndingKind.SIGNAL:
            return 128 + ending.signal_number
        case EndingKind.TERMINAL_GONE:
            return 128 + signal.SIGHUP


def choose() -> SessionInfo | None:
    """The only running chat, or the one that the user chooses; None if the user chooses none.

    Raises:
        NoSuchSession: no chat runs, or none has the name that the user typed.
        AmbiguousSession: several chats have it.
        UsageError: several chats run, and this is not a terminal.
    """
    infos = in_order(running_sessions(without=os.environ.get("OUTLIVE_SESSION", "")))
    if len(infos) == 1:
        return infos[0]
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("several chats run: name the CHAT; see `outlive ls`")
    now = datetime.now(UTC)
    rows = [row(info, now) for info in infos]
    digits = len(str(len(infos)))
    numbered = [(f"{number:{digits}}  {cells[0]}", *cells[1:]) for number, cells in enumerate(rows, 1)]
    for line in table(numbered, terminal_columns()):
        print(line)
    try:
        answer = answer_to("Attach to (number or name; Enter for 1): ")
    except EOFError:
        print()
        return None
    if any(info.name == answer for info in infos) or not answer.isdecimal():
        return find(answer) if answer else infos[0]
    if not 1 <= int(answer) <= len(infos):
        raise NoSuchSession(f"there is no chat {answer} in the list")
    return infos[int(answer) - 1]


def in_order(infos: list[SessionInfo]) -> list[SessionInfo]:
    """Chats that need the user come first, the longest wait first; the others keep their order."""
    asking = [info for info in infos if info.status.activity == Activity.NEEDS_INPUT]
    asking.sort(key=lambda info: info.status.since or "")
    return [*asking, *(info for info in infos if info not in asking)]

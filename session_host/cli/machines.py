"""``outlive machines`` and ``outlive bridge``; runs commands on other machines."""

from __future__ import annotations

import argparse
import asyncio
import codecs
import contextlib
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from session_host.cli.arguments import Parser, split_at_dashes
from session_host.cli.output import YES_OR_NO, confirmed, is_yes, print_error, print_json, print_line, terminal_columns
from session_host.cli.session_argument import machine_and_chat
from session_host.client.permission import check_may_reach_machine
from session_host.client.sessions.selection import Selection
from session_host.commands import ALL_SUBCOMMANDS, Where
from session_host.errors import LoginNeeded, NotInstalled, OutliveError, Unreachable, UsageError
from session_host.machines import names
from session_host.machines.names import MachineEntry
from session_host.paths import home_dir
from session_host.protocol.untrusted_text import plain
from session_host.system import event_loop
from session_host.version import VERSION

if TYPE_CHECKING:
    from session_host.machines.channel import Channel
    from session_host.machines.link import Link
    from session_host.machines.listing import Listed

MAX_PRINTED_BYTES = 1024 * 1024

MAX_LINE_CHARACTERS = 64 * 1024
"""A longer line is written in pieces."""

_PATH_IN_ERROR = re.compile("(?<=^outlive: )(?=/)", re.MULTILINE)
"""Before an error that begins with a path: the path is one of the other machine."""

_SGR = re.compile(r"(\x1b\[[0-9;:]*m)")


def configure_machines(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``outlive machines`` to the parser."""
    parser.add_argument(
        "action",
        metavar="ACTION",
        nargs="?",
        choices=("add", "remove", "login"),
        help="add; remove; login: log in again, in this terminal",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="the machine's name here")
    parser.add_argument("destination", metavar="DESTINATION", nargs="?", help="as ssh takes it; NAME if left out")
    parser.add_argument("--install", action="store_true", help="with add: install Outlive there, if it has none")
    parser.add_argument("--json", action="store_true", help="print the machines as JSON")
    parser.epilog = "Without ACTION, lists the machines. A chat there is MACHINE:CHAT for every command."


def run_machines(options: argparse.Namespace) -> int:
    """List, add or remove machines, or log in to one."""
    check_may_reach_machine(options.name or "")
    if options.action is None:
        return _list(as_json=options.json)
    if options.name is None:
        raise UsageError(f"machines {options.action} needs the machine's NAME")
    if options.action == "remove":
        names.remove(options.name)
        print_line(f"{options.name} is removed; its chats keep running")
        return 0
    if options.action == "login":
        return _login(names.machine_named(options.name))
    entry = MachineEntry(options.name, options.destination or options.name)
    names.check_new(entry)
    try:
        version = _check(entry)
    except NotInstalled:
        version = _install(entry, is_wanted=options.install)
    names.add(entry)
    print_line(
        f"{entry.name} is added (Outlive {version}); start a chat there with: outlive new AGENT --on {entry.name}"
    )
    return 0


def _install(entry: MachineEntry, *, is_wanted: bool) -> str:
    """Offer to install Outlive on a machine; returns its version there.

    Raises:
        NotInstalled: the user does not want it, or cannot be asked.
    """
    from session_host.machines.install import install, plan

    chosen = plan(entry)
    print_line(chosen.describe(entry))
    if not is_wanted:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise NotInstalled(f"{entry.name} is not added; to install Outlive there as said, add --install")
        if not confirmed("Install it?"):
            raise NotInstalled(f"nothing was installed, and {entry.name} is not added")
    return install(entry, chosen)


def _bring_version(entry: MachineEntry) -> None:
    """Install this version on a machine that has another one; what runs there stays as it is."""
    check_may_reach_machine(entry.name)
    with contextlib.suppress(NotInstalled):
        if event_loop.run_command(_version_of(entry)) == VERSION:
            return
    _install(entry, is_wanted=True)


def _check(entry: MachineEntry) -> str:
    """Connect to a machine, with a login in this terminal if one is needed; returns the version of its Outlive."""
    has_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if has_terminal:
        print_line(f"connecting to {entry.destination}…")
    try:
        return event_loop.run_command(_version_of(entry))
    except LoginNeeded as error:
        if not has_terminal:
            raise LoginNeeded(f"{entry.name}: ssh asks for a login in a terminal; run this command in one") from error
    _login(entry)
    return event_loop.run_command(_version_of(entry))


async def _version_of(entry: MachineEntry) -> str:
    from session_host.machines.link import Link

    link = Link(entry)
    try:
        await link.ready()
        return link.version
    finally:
        await link.close()


def _login(entry: MachineEntry) -> int:
    """Log in once, in this terminal."""
    from session_host.machines.ssh import has_login, leave_login, login_argv

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("ssh asks for a login in a terminal; run this command in one")
    if has_login(entry) is None and not leave_login(entry):
        raise Unreachable(f"{entry.name}: the ssh that holds your ControlPath hangs; end it and try again")
    if subprocess.run(login_argv(entry), check=False).returncode:
        raise Unreachable(f"{entry.name}: ssh did not log in")
    return 0


def _list(*, as_json: bool) -> int:
    entries = names.machines()
    if not entries and not as_json:
        print_line("no machine is added; `outlive machines add NAME DESTINATION` adds one")
        return 0
    from session_host.machines.listing import listed

    found = event_loop.run_command(listed(entries, Selection(), ended=False))
    rows = [_row(entry, result) for entry, result in zip(entries, found, strict=True)]
    if as_json:
        print_json(rows)
        return 0
    cells = [("NAME", "DESTINATION", "STATE", "VERSION", "CHATS")]
    cells += [(row["name"], row["destination"], row["state"], row["version"], str(row["chats"] or "")) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    for line in cells:
        print_line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    for row in rows:
        if row["problem"]:
            print_error(row["problem"])
    return 0


def _row(entry: MachineEntry, result: Listed | OutliveError) -> dict[str, Any]:
    row = {"name": entry.name, "destination": entry.destination}
    if isinstance(result, OutliveError):
        state = "unreachable" if isinstance(result, Unreachable) else "reachable"
        return row | {"state": state, "version": "", "chats": None, "problem": str(result)}
    return row | {"state": "reachable", "version": result.version, "chats": len(result.infos), "problem": ""}


def run_on(arguments: list[str], run_here: Callable[[list[str]], int]) -> int:
    """Run a command line with ``--on NAME`` on that machine, without it; ``run_here`` does so on this one."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--on", metavar="NAME")
    own, after = split_at_dashes(arguments)
    try:
        options, rest = parser.parse_known_args(own)
    except argparse.ArgumentError as error:
        raise UsageError(f"{error}: the NAME of a machine; see `outlive machines`") from error
    if not options.on:
        raise UsageError("--on needs the NAME of a machine; see `outlive machines`")
    if Where.ON not in ALL_SUBCOMMANDS[rest[0]].where:
        raise UsageError(f"`outlive {rest[0]}` takes no --on; a chat on a machine is MACHINE:CHAT")
    if options.on == names.HERE:
        return run_here([*rest, *after])
    entry = names.machine_named(options.on)
    if rest[0] == "upgrade":
        _bring_version(entry)
    if rest[0] == "doctor" and "--remove" in rest:
        from session_host.cli.doctor.removal import check_is_user

        check_is_user()  # There, nobody would see that an agent asks.
    return _run_and_attach(entry, [*map(_of_their_home, rest), *after])


def run_for_chats(arguments: list[str], chats: list[str], run_here: Callable[[list[str]], int]) -> int | None:
    """Run a command about ``MACHINE:CHAT`` on that machine, without its name; ``run_here`` does so on this one.

    Returns:
        The exit code; None if the command reaches the chats itself.
    """
    found = [machine_and_chat(chat) for chat in chats]
    entry = found[0][0]
    if any(each != entry for each, _chat in found):
        raise UsageError("name chats of one machine")
    there = list(arguments)
    _own, after = split_at_dashes(arguments)
    for chat, (_entry, name) in zip(chats, found, strict=True):
        if name.startswith("-") and chat not in after:
            raise UsageError(f"{chat}: a name that begins with a dash is taken for an option; use the chat's id")
        there[there.index(chat)] = name
    if entry is None:
        return run_here(there) if there != arguments else None
    if Where.SHOWN_HERE in ALL_SUBCOMMANDS[arguments[0]].where:
        return None
    return _run_and_attach(entry, _with_our_time(there))


def _with_our_time(words: list[str]) -> list[str]:
    """The words of a command with the time of ``send --at``, which its user means in the zone here, in UTC."""
    own, after = split_at_dashes(words)
    if own[0] != "send" or not any(each == "--at" or each.startswith("--at=") for each in own):
        return words
    from session_host.cli.later import in_utc  # rarely needed

    return [*in_utc(own), *after]


def _of_their_home(argument: str) -> str:
    """A path below this machine's home, as a shell made it of ``~``, becomes one below the other's."""
    home = str(home_dir())
    return f"~{argument[len(home) :]}" if argument == home or argument.startswith(f"{home}/") else argument


def _run_and_attach(entry: MachineEntry, arguments: list[str]) -> int:
    """Run a command on another machine; attach to a chat that it starts, unless it is not to be shown here."""
    own, _after = split_at_dashes(arguments)
    is_quiet = any(each in {"-d", "--detach", "--json", "--wait"} for each in own)
    if not _starts(arguments) or is_quiet or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return run_there(entry, arguments)
    printed = bytearray()

    def take(data: bytes) -> None:
        if len(printed) < MAX_PRINTED_BYTES:
            printed.extend(data)

    code = run_there(entry, [arguments[0], "--json", *arguments[1:]], take)
    if code:
        return code
    try:
        started = msgspec.json.decode(bytes(printed), type=_Started)
    except msgspec.MsgspecError as error:
        raise OutliveError(
            f"{entry.name} did not say which chat it started; see `outlive ls --on {entry.name}`"
        ) from error
    from session_host.cli.attach.command import attach_there

    return attach_there(entry, started.id)


def _starts(arguments: list[str]) -> bool:
    return Where.STARTS in ALL_SUBCOMMANDS[arguments[0]].where


class _Started(msgspec.Struct):
    """A started chat, as its JSON names it."""

    id: str


def run_there(entry: MachineEntry, arguments: list[str], take: Callable[[bytes], object] | None = None) -> int:
    """Run an ``outlive`` command on another machine; returns its exit code.

    Args:
        entry: the machine.
        arguments: the command line without the program's name.
        take: gets what the command prints, in place of this terminal.

    Raises:
        Unreachable: the machine cannot be reached, or the connection was lost; the command may have been done then.
        NotAllowed: this process belongs to an agent that may not reach other machines.
    """
    check_may_reach_machine(entry.name)
    return event_loop.run_command(_run_there(entry, arguments, take))


async def _run_there(entry: MachineEntry, arguments: list[str], take: Callable[[bytes], object] | None) -> int:
    from session_host.client.chats.settings import saved_colors
    from session_host.machines.link import Link

    link = Link(entry)
    says_how_to_undo = arguments[0] == "restore"
    keeps_styles = sys.stdout.isatty() or "--ansi" in split_at_dashes(arguments)[0]
    output = _Output(sys.stdout, entry.name if says_how_to_undo else "", keeps_styles=keeps_styles)
    errors = _Output(sys.stderr, entry.name, keeps_styles=sys.stderr.isatty())
    reads = arguments[0] == "send" and "-" in arguments
    stdin = await asyncio.to_thread(sys.stdin.buffer.read) if reads else None
    can_ask = take is None and stdin is None and sys.stdin.isatty()
    loop, end = asyncio.get_running_loop(), b""
    channel: Channel

    def begin(opened: Channel) -> None:
        nonlocal channel
        channel = opened
        if stdin is not None:
            channel.write(stdin)
        if not can_ask:
            channel.write_eof()

    def write(data: bytes, is_error: bool) -> None:
        nonlocal end
        if is_error:
            errors.write(data)
        elif take is not None:
            take(data)
        else:
            end = (end + data)[-len(YES_OR_NO) :]
            is_question = can_ask and end == YES_OR_NO.encode()
            output.write(data, final=is_question)
            if is_question:
                loop.add_reader(sys.stdin.fileno(), answer)

    def answer() -> None:
        loop.remove_reader(sys.stdin.fileno())
        line = sys.stdin.readline()
        if not line:
            print()  # Ctrl+D
        channel.write(b"y\n" if is_yes(line) else b"n\n")

    colors = saved_colors().decode(errors="replace") if _starts(arguments) else ""
    run = partial(link.run, columns=terminal_columns() or 0, write=write, begin=begin, colors=colors, can_ask=can_ask)
    try:
        return await (_wait_there(link, arguments, run) if arguments[0] == "wait" else run(arguments))
    finally:
        if can_ask:
            loop.remove_reader(sys.stdin.fileno())
        output.write(b"", final=True)
        errors.write(b"", final=True)
        await link.close()


async def _wait_there(link: Link, arguments: list[str], run: Callable[[list[str]], Awaitable[int]]) -> int:
    """Run ``wait`` there; after each lost connection, run it again with the time that is left.

    Raises:
        Unreachable: the machine could not be reached at first, or at the end of that time.
    """
    from session_host.cli.wait import configure

    parser = Parser(arguments[0], ALL_SUBCOMMANDS[arguments[0]].what)
    configure(parser)
    timeout_s = parser.read(arguments[1:]).timeout
    loop = asyncio.get_running_loop()
    until_s = None if timeout_s is None else loop.time() + timeout_s
    own, after = split_at_dashes(arguments)
    left: list[str] = []
    while True:
        try:
            return await run([*own, *left, *after])
        except Unreachable as error:
            if not link.version:
                raise
            print_error(f"{link.entry.name}: the connection was lost; waiting until it is back")
            link.hold()
            try:
                async with asyncio.timeout_at(until_s):
                    await link.wait_up()
            except TimeoutError:
                raise link.error or error from None
        if until_s is not None:
            left = ["--timeout", str(max(0.0, until_s - loop.time()))]


class _Output:
    """Writes what another machine sends, as text without control characters.

    With the machine's name, the text is what its Outlive says, with remedies that the user can run here.
    """

    def __init__(self, stream: TextIO, machine: str = "", *, keeps_styles: bool) -> None:
        self._stream = stream
        self._machine = machine
        self._keeps_styles = keeps_styles
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._line = ""

    def write(self, data: bytes, *, final: bool = False) -> None:
        """Write some bytes; ``final``: also the beginning of a line, since no more come soon."""
        text = self._line + self._decoder.decode(data, final)
        whole, newline, self._line = ("", "", text) if "\n" not in text else text.rpartition("\n")
        if final or len(self._line) > MAX_LINE_CHARACTERS:
            whole, self._line = whole + newline + self._line, ""
            newline = ""
        text = whole + newline
        if self._machine:
            from session_host.machines.calls import with_remedies_here  # to list machines is quick

            text = _PATH_IN_ERROR.sub(f"{self._machine}: ", with_remedies_here(text, self._machine))
        self._stream.write(harmless(text) if self._keeps_styles else plain(text, len(text), keep_lines=True))
        self._stream.flush()


def harmless(text: str) -> str:
    """Text of another machine without control characters and escape sequences, but with colours and styles."""
    return "".join(
        part if index % 2 else plain(part, len(part), keep_lines=True) for index, part in enumerate(_SGR.split(text))
    )


def configure_bridge(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``outlive bridge`` to the parser."""
    parser.add_argument("token", metavar="TOKEN", help="the word that begins the stream")


def run_bridge(options: argparse.Namespace) -> int:
    """Serve another machine's client at standard input and output."""
    from session_host.machines.bridge import serve

    event_loop.run(serve(options.token))
    return 0

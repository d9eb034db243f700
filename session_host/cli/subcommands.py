"""Selects the subcommand, and turns errors into one line and an exit code.

Exit codes: 0 done, 1 failed, 2 usage, 3 no such session, 4 ambiguous, 5 timed out, 6 the session has ended, 7 host
unavailable, 8 not allowed, 9 it asks, 10 a turn that was stopped, 11 a lost cursor, 12 an input line in use; 130 for
Ctrl+C, 141 when the reader of the output has gone (SIGPIPE).
"""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple, NoReturn

from session_host.cli.arguments import Parser, did_you_mean, split_at_dashes
from session_host.cli.output import prepare_streams, print_error
from session_host.commands import ALL_SUBCOMMANDS, GROUPS, SUBCOMMANDS, Where
from session_host.errors import OutliveError, StoreCorrupt, UsageError
from session_host.paths import home_dir, own_obstacle
from session_host.protocol.untrusted_text import escaped, one_line
from session_host.system import interrupts


class Subcommand(NamedTuple):
    """The functions of a subcommand: one adds its arguments to a parser, the other runs it.

    They are called ``configure`` and ``run``; in a module of several subcommands, ``configure_rm``, ``run_rm``, …
    """

    configure: Callable[[Parser], None]
    run: Callable[[Namespace], int]

    @classmethod
    def load(cls, name: str) -> Subcommand:
        """Import the subcommand's module."""
        command = ALL_SUBCOMMANDS[name]
        module = importlib.import_module(f"session_host.cli.{command.module}")
        end = "" if hasattr(module, "run") else f"_{name.replace('-', '_')}"
        configure, run = getattr(module, f"configure{end}"), getattr(module, f"run{end}")
        if Where.ON in command.where:
            more = "; all: on all machines" if Where.ASKS_ALL in command.where else ""
            configure = partial(_configure_on_machine, configure, more)
        return cls(configure, run)


def _configure_on_machine(configure: Callable[[Parser], None], more: str, parser: Parser) -> None:
    configure(parser)
    parser.add_argument(
        "--on", metavar="NAME", default="", help=f"do this on another machine; see `outlive machines`{more}"
    )


USAGE = "outlive [COMMAND] [ARGUMENT…]"
SUMMARY = "Agent chats that outlive their window. Without a command, opens or raises the window."
SESSION_HELP = (
    "CHAT is a chat's name, its id, or the\nunique beginning of its id; `stop`, `kill` and `rm` need at least four "
    "digits of the id.\nMACHINE:CHAT is a chat on another machine; see `outlive machines --help`."
)

_REMEDIES = {
    errno.EACCES: "change its permissions, or choose another path",
    errno.EMFILE: "raise the limit (ulimit -n)",
    errno.ENOSPC: "free some space, or write elsewhere",
}

SIGINT_EXIT_CODE = 128 + signal.SIGINT
SIGPIPE_EXIT_CODE = 128 + signal.SIGPIPE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the command line without the program's name; None for this process's own.

    Returns:
        The exit code.
    """
    prepare_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with interrupts.noted():
            code = _dispatch(words)
        sys.stdout.flush()
    except StoreCorrupt as error:
        return _rebuild_store(error, words)
    except OutliveError as error:
        return _failed(error, words)
    except KeyboardInterrupt:
        return SIGINT_EXIT_CODE
    except BrokenPipeError:
        # Drop buffered output: nobody reads it, and Python would fail to write it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SIGPIPE_EXIT_CODE
    except OSError as error:
        file = f"{error.filename}: " if error.filename else ""
        remedy = _REMEDIES.get(error.errno or 0, "run `outlive doctor`")
        _failed(OutliveError(own_obstacle(error) or f"{file}{error.strerror or error}; {remedy}"), words)
        _drop_unwritable_output()
        return 1
    return code


def _failed(error: OutliveError, words: list[str]) -> int:
    """Say why the command failed: with ``--json`` by an object; returns the exit code."""
    if "--json" in split_at_dashes(words)[0]:
        import msgspec  # Commands start quickly.

        from session_host.cli.json_forms import FailedCommand, Failure

        failed = FailedCommand(Failure(error.stable_code(), one_line(str(error)), error.exit_code))
        with contextlib.suppress(OSError):
            print(escaped(msgspec.json.encode(failed).decode()), file=sys.stderr, flush=True)
    else:
        print_error(str(error))
    return error.exit_code


def run() -> NoReturn:
    """Run this process's command, and exit without the interpreter's clean-up, which takes longer than short commands.

    A process with threads that may still work exits in the usual way.
    """
    # Collecting garbage while modules are imported takes longer than short commands, too.
    gc.set_threshold(50_000)
    code = main()
    if "threading" not in sys.modules or sys.modules["threading"].active_count() == 1:
        _drop_unwritable_output()
        os._exit(code)
    sys.exit(code)


def _rebuild_store(found: StoreCorrupt, words: list[str]) -> int:
    """Rebuild the store in which a command found damage; only the user knows whether to repeat the command."""
    from session_host.cli.session_argument import with_store
    from session_host.storage.store import Store

    try:
        with_store(Store.all)
    except OutliveError as error:
        return _failed(error, words)
    print_error("run the command again")
    return found.exit_code


def _dispatch(arguments: list[str]) -> int:
    if not arguments:
        from session_host.cli.window import open_or_raise

        return open_or_raise()
    if arguments[0] == "help" and arguments[1:2] and arguments[1] in ALL_SUBCOMMANDS:
        arguments = [arguments[1], "--help"]
    first = arguments[0]
    if first in {"-h", "--help"} or arguments == ["help"]:
        print(_help())
        return 0
    if first in {"-V", "--version"}:
        from session_host.version import VERSION

        print(f"outlive {VERSION}")
        return 0
    if first not in ALL_SUBCOMMANDS:
        raise UsageError(_unknown(first))
    if is_for_machine(arguments):
        from session_host.cli.machines import run_on

        return run_on(arguments, _dispatch)
    subcommand = Subcommand.load(first)
    parser = Parser(first, ALL_SUBCOMMANDS[first].what)
    subcommand.configure(parser)
    options = parser.read(arguments[1:])
    home_dir()  # Many parts use it; without one, none of them works.
    chats = getattr(options, "sessions", None) or [getattr(options, "session", None) or ""]
    if any(":" in chat for chat in chats):
        from session_host.cli.machines import run_for_chats

        if (code := run_for_chats(arguments, chats, _dispatch)) is not None:
            return code
    return subcommand.run(options)


def is_for_machine(arguments: list[str]) -> bool:
    """Whether a command line runs on the machine that its ``--on`` names: not if the command itself asks machines."""
    own, _after = split_at_dashes(arguments)
    is_on_all = "--on=all" in own or ("--on", "all") in pairwise(own)
    where = ALL_SUBCOMMANDS[own[0]].where
    if Where.ASKS_ALL in where and (is_on_all or Where.ON not in where):
        return False
    return any(each == "--on" or each.startswith("--on=") for each in own)


def _unknown(word: str) -> str:
    if word.startswith("-"):
        return f"unknown option {word!r}; see `outlive --help`"
    return f"unknown command {word!r}; {did_you_mean(word, SUBCOMMANDS)} `outlive --help`"


def _help() -> str:
    width = max(map(len, SUBCOMMANDS))
    lines = [f"usage: {USAGE}", "", SUMMARY]
    for title, commands in GROUPS.items():
        lines += ["", f"{title}:", *(f"  {name:<{width}}  {command.what}" for name, command in commands.items())]
    lines += [
        "",
        f"For help on a command: outlive COMMAND --help. {SESSION_HELP}",
        "outlive help guide lists the pages of the guide; outlive help phone shows one.",
        "outlive --version prints the version.",
        "Agents: `outlive skill` explains how you start other agents, and get their answers.",
    ]
    return "\n".join(lines)


def _drop_unwritable_output() -> None:
    """Drop buffered output if it cannot be written (a full disk), so that the error occurs only once."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

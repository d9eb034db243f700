"""``outlive new``: start a chat."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from session_host.cli.arguments import AFTER_DASHES, Parser, check_text
from session_host.cli.lifecycle import new_endpoint
from session_host.cli.output import own_size, print_error, print_json, print_line
from session_host.errors import NoSuchAgent, OutliveError, StoreCorrupt, UsageError
from session_host.protocol.untrusted_text import MAX_NAME_CHARACTERS, is_name
from session_host.protocol.values import MAX_COLUMNS, MAX_ROWS, MIN_COLUMNS, MIN_ROWS, GridSize

if TYPE_CHECKING:
    from session_host.protocol.values import Runtime
    from session_host.storage.store import SessionRecord

ENGINES = ("ghostty", "pyte")
PROGRESS_S = 1.0

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


def configure(parser: Parser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.takes_arguments = True
    parser.usage = (
        "outlive new [AGENT] [-n NAME] [-C DIR] [--worktree [BRANCH]] [-d] [--json] [--size COLSxROWS] [--engine E] "
        "[-e NAME=VALUE] [-p PROMPT] [--preset NAME] [--runtime RUNTIME] [--one-shot] [-- ARGS…]\n"
        "       outlive new endpoint -m MODEL -u URL [--system TEXT] [--key SOURCE] …"
    )
    parser.add_argument("agent", metavar="AGENT", nargs="?", help="claude, codex, shell, … ; `command` runs ARGS")
    parser.add_argument("-n", "--name", help="the chat's name (default: the directory's)")
    parser.add_argument(
        "-C", "--directory", metavar="DIR", default=".", help="working directory (default: the current one)"
    )
    parser.add_argument(
        "--worktree",
        metavar="BRANCH",
        nargs="?",
        const="",
        help="use a separate git worktree, on BRANCH or a new branch named after the chat",
    )
    parser.add_argument("-d", "--detach", action="store_true", help="do not attach in this terminal")
    parser.add_argument("--json", action="store_true", help="print the chat as JSON and do not attach")
    parser.add_argument("--size", metavar="COLSxROWS", help="terminal size, such as 120x40")
    parser.add_argument("--engine", choices=ENGINES, help="the library that interprets the terminal's output")
    parser.add_argument(
        "-e",
        "--env",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="set an environment variable (repeatable)",
    )
    parser.add_argument("-p", "--prompt", metavar="PROMPT", help="first prompt")
    parser.add_argument("--preset", metavar="NAME", help="add a named set of arguments from the agent's file")
    parser.add_argument(
        "--runtime",
        choices=("terminal", "structured"),
        help="terminal: the agent's own screen; structured: the chat view, with messages, diffs and questions",
    )
    parser.add_argument(
        "--one-shot",
        action="store_true",
        help="a chat view that runs the agent once for each prompt: the agent cannot ask you anything",
    )
    new_endpoint.configure(parser)
    parser.epilog = "ARGS go to the agent. With `shell` or `command`, or without AGENT, they are the program to run."


def run(options: argparse.Namespace) -> int:
    """Start a session; attach to it in a terminal, else print its name and id."""
    arguments: list[str] = getattr(options, AFTER_DASHES) or []
    agent_name = options.agent or _take_agent_given_as_branch(options) or ("command" if arguments else None)
    if agent_name is None:
        raise UsageError("name an agent, or a program after `--`: outlive new claude, outlive new -- top")
    arguments = new_endpoint.with_options(options, agent_name, arguments)
    overrides = dict(_variable(text) for text in options.env)
    size = _size(options.size) if options.size else None
    texts = (options.name or "", _whole_path(options.directory), options.worktree or "", options.prompt or "")
    for text in (*texts, *arguments, *overrides, *overrides.values()):
        check_text(text)
    if options.name is not None:
        options.name = checked_name(options.name)
    if not options.directory:
        raise UsageError("-C is empty; give a directory, or leave -C out to use the current one")

    attaches = not options.detach and not options.json and sys.stdin.isatty() and sys.stdout.isatty()
    record = _launch(options, agent_name, arguments, overrides, size or own_size())
    if options.json:
        from session_host.cli.session_argument import find
        from session_host.client.chats.resumability import fill_in_resumable

        info = find(record.id)
        fill_in_resumable([info])
        print_json(info)
    elif attaches:
        from session_host.cli.attach.command import attach

        _enforce_limit_of_ended_chats()
        return attach(record.id, record.name, runtime=record.runtime)
    else:
        print_line(f"{record.name} {record.id}")
    _enforce_limit_of_ended_chats()
    return 0


def checked_name(name: str) -> str:
    """The name without blanks around it.

    Raises:
        UsageError: it is no name.
    """
    name = name.strip()
    if not is_name(name):
        raise UsageError(f"a name needs 1 to {MAX_NAME_CHARACTERS} printable characters, and not only blanks")
    return name


def _enforce_limit_of_ended_chats() -> None:
    """Warn the user if ended chats take nearly as much space as allowed; if more, remove the oldest."""
    from session_host.client.chats.retention import enforce_limit, has_work_for_command

    if not has_work_for_command():
        return
    from session_host.client.sessions.store_access import open_store

    try:
        with open_store() as store:
            lines = enforce_limit(store)
    except OutliveError:
        return
    for line in lines:
        print_error(line)


def _launch(
    options: argparse.Namespace,
    agent_name: str,
    arguments: list[str],
    overrides: dict[str, str],
    size: GridSize | None,
) -> SessionRecord:
    """Start the chat."""
    from session_host.agents.catalog import load_agent
    from session_host.client.chats.launch import launch_now
    from session_host.client.chats.launch_request import DEFAULT_SIZE, LaunchRequest
    from session_host.paths import config_dir

    try:
        agent = load_agent(config_dir(), agent_name)
    except NoSuchAgent as error:
        import shutil

        if shutil.which(agent_name) is None:
            raise
        raise NoSuchAgent(f"{error}; to run the program {agent_name}: outlive new -- {agent_name}") from None
    runtime: Runtime = options.runtime or ("structured" if options.one_shot else "terminal")
    if options.one_shot and runtime == "terminal":
        raise UsageError("--one-shot is for the chat view; leave --runtime terminal out")
    if options.prompt and not agent.accepts_prompt and runtime == "terminal":
        raise UsageError(f"{agent_name} does not accept a prompt at startup; send it afterwards with: outlive send")
    arguments = arguments or list(agent.default_arguments)
    if options.preset:
        arguments = [*agent.preset(options.preset), *arguments]
    request = LaunchRequest(
        agent=agent,
        arguments=arguments,
        prompt=options.prompt or "",
        name=options.name,
        directory=options.directory,
        worktree=options.worktree,
        environment=dict(os.environ),
        overrides=overrides,
        size=size or DEFAULT_SIZE,
        engine=options.engine,
        runtime=runtime,
        one_shot=options.one_shot,
    )
    try:
        with _cleaned_up_when_ended(), _progress(is_shown=options.worktree is not None and sys.stderr.isatty()):
            record = launch_now(request)
    except StoreCorrupt:  # Nothing was started.
        from session_host.cli.session_argument import with_store
        from session_host.storage.store import Store

        with_store(Store.all)
        record = launch_now(request)
    if record.worktree is not None:
        from session_host.client.chats.chat_worktree import note_on_worktree

        if note := note_on_worktree(record):
            print_error(note)
    if agent.env_if:
        from session_host.agents.environment import missing_integration

        if warning := missing_integration(agent, {**os.environ, **overrides}, record.cwd):
            print_error(warning)
    return record


@contextlib.contextmanager
def _progress(*, is_shown: bool) -> Iterator[None]:
    """Say after a while what a start waits for."""
    if not is_shown:
        yield
        return
    import threading  # most starts do not need it

    text = "git checks out the worktree, and runs its hooks; Ctrl+C stops it"
    timer = threading.Timer(PROGRESS_S, print_error, (text,))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextlib.contextmanager
def _cleaned_up_when_ended() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise an exception, so that a worktree that is being made is removed before the end."""
    ended_by = 0

    def raise_(number: int, _frame: object) -> NoReturn:
        nonlocal ended_by
        ended_by = number
        raise KeyboardInterrupt

    numbers = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, raise_)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
        if ended_by:
            os.kill(os.getpid(), ended_by)


def _take_agent_given_as_branch(options: argparse.Namespace) -> str | None:
    """Take the agent out of ``outlive new --worktree claude``: without another agent, it names no branch."""
    from session_host.agents.catalog import load_catalog
    from session_host.paths import config_dir

    if not options.worktree or options.worktree not in load_catalog(config_dir()):
        return None
    agent: str = options.worktree
    options.worktree = ""
    return agent


def _size(text: str) -> GridSize:
    match = _SIZE.fullmatch(text)
    if not match:
        raise UsageError(f"--size {text}: write it as COLSxROWS, such as 120x40")
    size = GridSize(int(match[1]), int(match[2]))
    if size.clamped() != size:
        raise UsageError(f"--size {text}: choose a size from {MIN_COLUMNS}x{MIN_ROWS} to {MAX_COLUMNS}x{MAX_ROWS}")
    return size


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"-e {text}: write it as NAME=VALUE")
    return name, value


def _whole_path(directory: str) -> str:
    """Make a relative path absolute, so that undecodable names of parent directories are found, too."""
    return os.path.abspath(directory)  # noqa: PTH100 - symlinks stay unresolved

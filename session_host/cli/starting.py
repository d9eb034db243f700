"""``outlive new`` and ``outlive resume``: start a chat, or an ended one's conversation again."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from session_host.errors import (
    ConfigError,
    ConversationOpen,
    NoRecord,
    NoSuchAgent,
    OutliveError,
    StoreCorrupt,
    UsageError,
)
from session_host.paths import config_dir
from session_host.protocol.untrusted_text import MAX_NAME_CHARACTERS, is_name
from session_host.protocol.values import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, MIN_COLUMNS, MIN_ROWS, GridSize, Runtime
from session_host.standing.traits import TRAITS
from session_host.system import interrupts

from .arguments import AFTER_DASHES, Parser, add_session_argument, check_seconds, check_text
from .output import own_size, print_error, print_json, print_line

if TYPE_CHECKING:
    from session_host.agents.agent import Agent
    from session_host.client.chats.launch_spec import LaunchRequest
    from session_host.protocol.facts import ChatFacts


ENDPOINT_AGENT = "endpoint"
DEFAULTS_FILE = "endpoint.toml"

_ENDPOINT_OPTIONS = {"model": "--model", "url": "--url", "system": "--system", "key": "--key"}


def add_endpoint_options(parser: argparse.ArgumentParser) -> None:
    """Add the endpoint's options to the parser."""
    group = parser.add_argument_group(
        "for endpoint", f"A chat with any OpenAI-compatible server. Defaults are in {DEFAULTS_FILE} (url, model, …)."
    )
    group.add_argument("-m", "--model", metavar="MODEL", help="model (default: the server's)")
    group.add_argument("-u", "--url", metavar="URL", help="server address, such as http://127.0.0.1:8080/v1")
    group.add_argument("--system", metavar="TEXT", help="system prompt")
    group.add_argument("--key", metavar="SOURCE", help="source of the API key: env:NAME, file:PATH or secret")


def with_endpoint_options(options: argparse.Namespace, agent_name: str, arguments: list[str]) -> list[str]:
    """The agent's arguments, preceded by these options as the program's own.

    Args:
        options: the parsed options.
        agent_name: the agent to start.
        arguments: the arguments after ``--``.

    Raises:
        UsageError: the options are for another agent, or no server is given.
    """
    given = [
        (option, getattr(options, name))
        for name, option in _ENDPOINT_OPTIONS.items()
        if getattr(options, name) is not None
    ]
    if agent_name != ENDPOINT_AGENT:
        if given:
            raise UsageError(
                f"{given[0][0]} works only with `outlive new endpoint`; put arguments for {agent_name} after --"
            )
        return arguments
    words: list[str] = []
    for option, value in given:
        if option == "--key":
            words += ["--key-from", _source(value)]
        else:
            # A value may begin with a dash, so option and value are one word.
            words.append(f"{option}={value}")
    words += arguments
    # A conversation that is continued has its settings.
    if not any(word.startswith(("--conversation", "-h", "--help")) for word in words):
        _check_endpoint(options, words)
    return words


def _check_endpoint(options: argparse.Namespace, words: list[str]) -> None:
    """Check that the program can start, so that the new chat does not end at once."""
    import subprocess  # most chats are none with a model server

    from session_host.cli.model_server import why_no_start

    variables = dict(_variable(text) for text in options.env)
    try:
        problem = why_no_start(words, options.directory or ".", variables)
    except (OSError, subprocess.SubprocessError):
        return  # The program reports its problem.
    if problem:
        is_of_file = problem.startswith(str(config_dir().absolute()))
        raise (ConfigError if is_of_file else UsageError)(problem)


def _source(text: str) -> str:
    """The key's source; a path is made absolute, since the program runs in the chat's directory."""
    kind, _, rest = text.partition(":")
    if text == "secret" or (kind == "env" and rest):
        return text
    if kind == "file" and rest:
        return f"file:{Path(rest).expanduser().absolute()}"
    raise UsageError("--key takes a source, not the key itself: env:NAME, file:PATH or secret")


ENGINES = ("ghostty", "pyte")
PROGRESS_S = 1.0

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


def configure_new(parser: Parser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.takes_arguments = True
    parser.may_be_empty = frozenset({"system"})  # No system prompt, in place of that of the file.
    parser.usage = (
        "outlive new [AGENT] [-n NAME] [-C DIR] [--on NAME] [--worktree [BRANCH]] [-d] [--json] "
        "[--size COLSxROWS] [--engine E] [-e NAME=VALUE] [-p PROMPT [--wait [--timeout SECONDS]]] [--preset NAME] "
        "[--account NAME] [--runtime RUNTIME] [--one-shot] [--mcp] [--report-back] [-- ARGS…]\n"
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
    parser.add_argument(
        "--wait", action="store_true", help="do not attach; wait for the answer to PROMPT, and print it"
    )
    parser.add_argument("--timeout", metavar="SECONDS", type=float, help="with --wait, give up then (exit code 5)")
    parser.add_argument("--preset", metavar="NAME", help="add a named set of arguments from the agent's file")
    parser.add_argument("--account", metavar="NAME", default="", help="use another account, from the agent's file")
    parser.add_argument("--mcp", action="store_true", help="give the agent tools that start and ask other chats")
    parser.add_argument(
        "--report-back",
        action="store_true",
        help="for an agent that starts a chat: it gets the answer of each turn as a prompt, so it need not wait",
    )
    parser.add_argument(
        "--runtime",
        choices=("terminal", "structured"),
        help="terminal: the agent's own screen; structured: the chat view, with messages, diffs and questions "
        "(default: the terminal, if the agent has one)",
    )
    parser.add_argument(
        "--one-shot",
        action="store_true",
        help="a chat view that runs the agent once for each prompt: the agent cannot ask you anything",
    )
    add_endpoint_options(parser)
    parser.epilog = "ARGS go to the agent. With `shell` or `command`, or without AGENT, they are the program to run."


def configure_resume(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("-d", "--detach", action="store_true", help="do not attach in this terminal")
    parser.add_argument("--json", action="store_true", help="print the chat as JSON and do not attach")
    parser.add_argument("--anyway", action="store_true", help="resume even if the conversation is open elsewhere")
    parser.add_argument(
        "--runtime",
        choices=("terminal", "structured"),
        help="terminal: the agent's own screen; structured: the chat view (default: as before)",
    )
    parser.epilog = (
        "Starts a new chat that continues exactly the ended chat's conversation, with the same name, directory, "
        "arguments and variables. A shell starts again below what it showed, and runs no command by itself."
    )


def run_new(options: argparse.Namespace) -> int:
    """Start a session; attach to it in a terminal, else print its name and id."""
    arguments: list[str] = getattr(options, AFTER_DASHES) or []
    agent_name = options.agent or _take_agent_given_as_branch(options) or ("command" if arguments else None)
    if agent_name is None:
        raise UsageError("name an agent, or a program after `--`: outlive new claude, outlive new -- top")
    arguments = with_endpoint_options(options, agent_name, arguments)
    overrides = dict(_variable(text) for text in options.env)
    size = _size(options.size) if options.size else own_size()
    texts = (options.name or "", _whole_path(options.directory), options.worktree or "", options.prompt or "")
    for text in (*texts, *arguments, *overrides, *overrides.values()):
        check_text(text)
    if options.name is not None:
        options.name = checked_name(options.name)
    check_seconds("--timeout", options.timeout)
    if options.timeout is not None and not options.wait:
        raise UsageError("--timeout needs --wait")
    if options.wait and not (options.prompt or "").strip():
        raise UsageError("--wait needs a prompt: outlive new claude -p PROMPT --wait")
    if options.prompt is not None and not options.prompt.strip():
        raise UsageError("the prompt is blank; give one, or leave -p out")

    request = _request(options, agent_name, arguments, overrides, size)
    attaches = _attaches(options) and not options.wait
    record: ChatFacts | None = None
    try:
        with _Interrupts() as interrupts:
            record = _launch(request, interrupts)
            interrupts.release()
            _warn(request.agent, {**os.environ, **record.origin.overrides}, record)
            if not attaches and not options.wait:
                _print(record, as_json=options.json)
            _enforce_limit_of_ended_chats()
        if options.wait:
            from session_host.cli.turns.sending import show_first_answer  # Usually nobody waits.

            return show_first_answer(record.id, options)
    except KeyboardInterrupt:
        if record is None:
            raise
        import shlex  # A start that nobody interrupts does not need it.

        print_error(f"{record.entry.name} is started; to end it: outlive kill {shlex.quote(record.entry.name)}")
        return 128 + signal.SIGINT
    return _attach(record) if attaches else 0


def run_resume(options: argparse.Namespace) -> int:
    """Resume a chat; attach to it in a terminal, else print its name and id."""
    from session_host.cli.session_argument import find
    from session_host.system import event_loop

    session_id = find(options.session).id
    record = event_loop.run_command(_resume(session_id, anyway=options.anyway, runtime=options.runtime))
    if _attaches(options):
        return _attach(record)
    _print(record, as_json=options.json)
    return 0


def _attaches(options: argparse.Namespace) -> bool:
    """Whether the new chat is shown in this terminal."""
    return not options.detach and not options.json and sys.stdin.isatty() and sys.stdout.isatty()


def _attach(record: ChatFacts) -> int:
    from session_host.cli.attach.command import attach

    return attach(record.id, record.entry.name, runtime=record.origin.runtime)


def _print(record: ChatFacts, *, as_json: bool) -> None:
    if not as_json:
        print_line(f"{record.entry.name} {record.id}")
        return
    from session_host.cli.session_argument import find
    from session_host.client.chats.resumability import fill_in_resumable

    info = find(record.id)
    fill_in_resumable([info])
    print_json(info.as_json())


def checked_name(name: str) -> str:
    """The name without blanks around it.

    Raises:
        UsageError: it is no name.
    """
    name = name.strip()
    if not is_name(name):
        dash = "; it does not begin with a dash" if name.startswith("-") else ""
        raise UsageError(f"a name needs 1 to {MAX_NAME_CHARACTERS} printable characters, and not only blanks{dash}")
    if ":" in name:
        raise UsageError(f"{name!r}: a name has no colon, since MACHINE:CHAT is a chat on another machine; use a dash")
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


def _mcp_arguments(agent: Agent) -> list[str]:
    """The arguments that make an agent start ``outlive mcp``.

    Raises:
        UsageError: the agent takes it from its own configuration alone.
    """
    import json

    from session_host.system.installation import outlive_command

    program, *words = [*outlive_command(), "mcp"]
    if not agent.mcp:
        own = " ".join([program, *words])
        raise UsageError(f"{agent.name} takes no MCP server at its start; add this to its own configuration: {own}")
    command, arguments = json.dumps(program), json.dumps(words)
    return [word.replace("{command}", command).replace("{words}", arguments) for word in agent.mcp]


def _request(
    options: argparse.Namespace,
    agent_name: str,
    arguments: list[str],
    overrides: dict[str, str],
    size: GridSize | None,
) -> LaunchRequest:
    """What the options ask for."""
    from session_host.agents.catalog import load_agent
    from session_host.client.chats.launch_spec import DEFAULT_SIZE, LaunchRequest

    try:
        agent = load_agent(config_dir(), agent_name)
    except NoSuchAgent as error:
        import shutil

        if shutil.which(agent_name) is None:
            raise
        raise NoSuchAgent(f"{error}; to run the program {agent_name}: outlive new -- {agent_name}") from None
    if options.one_shot and options.runtime == "terminal":
        raise UsageError("--one-shot is for the chat view; leave --runtime terminal out")
    runtime = agent.choose_runtime(options.runtime or ("structured" if options.one_shot else None))
    if options.prompt and not (agent.accepts_prompt or TRAITS[runtime].takes_prompts):
        raise UsageError(f"{agent_name} does not accept a prompt at startup; send it afterwards with: outlive send")
    arguments = arguments or list(agent.default_arguments)
    if options.preset:
        arguments = [*agent.preset(options.preset), *arguments]
    if options.mcp:
        arguments = [*_mcp_arguments(agent), *arguments]
    if options.wait and not (TRAITS[runtime].has_transcript or agent.conversation.store):
        raise NoRecord(f"Outlive knows no record of {agent.title}’s answers; leave --wait out")
    reports_to = ""
    if options.report_back:
        from session_host.cli.turns import report_back  # only for an agent's start

        reports_to = report_back.reports_to(agent, runtime)
    return LaunchRequest(
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
        reports_to=reports_to,
        account=options.account,
    )


def _launch(request: LaunchRequest, interrupts: _Interrupts) -> ChatFacts:
    """Start the chat."""
    from session_host.client.chats.launch import launch_now

    start = partial(launch_now, request, recording=interrupts.held, tell=print_error)
    with _progress(is_shown=request.worktree is not None and sys.stderr.isatty()):
        try:
            return start()
        except StoreCorrupt:  # Nothing was started.
            from session_host.cli.session_argument import with_store
            from session_host.storage.store import Store

            with_store(Store.all)
            return start()


def _warn(agent: Agent, environment: dict[str, str], record: ChatFacts) -> None:
    """Say what the new chat lacks."""
    if record.origin.worktree is not None:
        from session_host.client.chats.chat_worktree import note_on_worktree

        if note := note_on_worktree(record.origin.worktree):
            print_error(note)
    if agent.env_if:
        from session_host.agents.environment import missing_integration

        if warning := missing_integration(agent, environment, record.origin.cwd):
            print_error(warning)
    if agent.oldest:
        from session_host.agents.probe import LONG_TIMEOUT_S
        from session_host.client.chats.launch_spec import why_too_old

        if why := why_too_old(agent, environment, record.origin.cwd, LONG_TIMEOUT_S):
            print_error(f"{why}; update it: {agent.install_hint or agent.website}")


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


class _Interrupts:
    """Ctrl+C, SIGTERM and SIGHUP during a start, as KeyboardInterrupt; a context manager.

    Until the chat is being recorded, they end the start, which leaves nothing. From then on it goes on to its end, and
    the command says that the chat is started.
    """

    def __init__(self) -> None:
        self._came = 0
        self._are_held = self._is_started = False
        usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        self._usual = {number: each for number, each in usual.items() if each is not signal.SIG_IGN}

    def __enter__(self) -> Self:
        for number in self._usual:
            signal.signal(number, self._interrupt)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        for number, usual in self._usual.items():
            signal.signal(number, usual)
        if kind is KeyboardInterrupt and not self._is_started and self._came != signal.SIGINT:
            os.kill(os.getpid(), self._came)

    def _interrupt(self, number: int, frame: object) -> None:
        self._came = self._came or number
        if not self._are_held:
            interrupts.interrupt(number, frame)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Only note them: within this context, and after it if it ends without an error, up to ``release``."""
        self.release()  # One may have come in an earlier try.
        self._are_held = True
        try:
            yield
        except BaseException:
            self._are_held = False
            raise
        self._is_started = True

    def release(self) -> None:
        """No longer hold them back.

        Raises:
            KeyboardInterrupt: one came.
        """
        self._are_held = False
        if self._came:
            raise KeyboardInterrupt


def _take_agent_given_as_branch(options: argparse.Namespace) -> str | None:
    """Take the agent out of ``outlive new --worktree claude``: without another agent, it names no branch."""
    from session_host.agents.catalog import load_catalog

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
        sizes = f"{MIN_COLUMNS}x{MIN_ROWS} to {MAX_COLUMNS}x{MAX_ROWS}"
        raise UsageError(f"--size {text}: choose a size from {sizes}, of at most {MAX_CELLS:,} cells")
    return size


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"-e {text}: write it as NAME=VALUE")
    return name, value


def _whole_path(directory: str) -> str:
    """Make a relative path absolute, so that undecodable names of parent directories are found, too."""
    return os.path.abspath(directory)  # noqa: PTH100 - symlinks stay unresolved


async def _resume(session_id: str, *, anyway: bool, runtime: Runtime | None) -> ChatFacts:
    import asyncio

    from session_host.client.chats.removal import wait_until_exit_saved
    from session_host.client.chats.resume import resumability, resume

    await wait_until_exit_saved(session_id)
    before = await asyncio.to_thread(resumability, session_id)
    if before.can and before.reason:
        print_error(f"{before.reason}; starting it again")
    try:
        return await resume(session_id, size=own_size(), anyway=anyway, runtime=runtime)
    except ConversationOpen as error:
        raise ConversationOpen(f"{error}; to resume anyway: outlive resume {session_id[:8]} --anyway") from error

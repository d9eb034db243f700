"""Builds the spec of a new session from the user's request, the settings and the agent's file."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from session_host.agents.agent import Agent, StructuredSettings, Template, TemplateValues, prompt_file
from session_host.agents.environment import chats_path, child_environment, missing_integration
from session_host.agents.session_files import copy_conversation_files, write_files, write_prompt
from session_host.client.permission import check_may_answer
from session_host.errors import LaunchFailed, StoreError, UsageError
from session_host.paths import (
    config_dir,
    database,
    make_directories,
    named_directory,
    session_files,
    session_history,
    session_journal,
    session_log,
    session_screen,
    session_socket,
    session_stderr,
)
from session_host.protocol.facts import ChatFacts, Entry, LaterPrompt, Origin, OwnWorktree, Program
from session_host.protocol.launch import REPORT_ID, LaunchSpec, StructuredLaunch, Watch, WorktreeSetup
from session_host.protocol.untrusted_text import as_name, topic_of_prompt
from session_host.protocol.values import GridSize, Runtime
from session_host.standing.later_prompt import of_resumed, taker_of
from session_host.standing.traits import traits_of
from session_host.storage.store import Store, free_name, moved_aside
from session_host.system.clock import now
from session_host.system.files import replace_file
from session_host.system.installation import command_directory, own_programs
from session_host.system.login_sockets import make_links
from session_host.system.processes.identity import boot_id, current_umask, host_name, machine_id, pid_namespace
from session_host.system.processes.permission import AGENT_CHATS, of_new_chat
from session_host.terminal import default_engine
from session_host.terminal.base import DefaultColors, EngineName

from .accounts import AccountPlace, place_of
from .settings import MIB, ChatSettings, load_chat_settings, remembered_colors

if TYPE_CHECKING:
    from session_host.agents.conversations.base import ConversationQuery


def supported_options(agent: Agent, environment: Mapping[str, str], directory: str) -> frozenset[str] | None:
    """The known options of the version that runs in this directory; None if they are unknown, or do not matter.

    Raises:
        AgentNotFound: the agent is not installed.
    """
    path = agent.find(environment.get("PATH", ""))
    if path is None:
        raise agent.not_found()
    if not agent.probed:
        return None
    from session_host.agents.probe import probed  # programs that are not agents do not need it

    return agent.supported(probed(agent, path, environment, directory=directory))


def speaks_protocol(agent: Agent, environment: Mapping[str, str], directory: str) -> bool:
    """Whether the version that runs in this directory speaks the protocol of structured chats, as far as is known."""
    path = agent.find(environment.get("PATH", ""))
    if path is None or agent.structured is None or not agent.structured.probed:
        return True
    from session_host.agents import probe  # slow to import

    return agent.speaks_protocol(probe.probed(agent, path, environment, directory=directory))


def why_too_old(agent: Agent, environment: Mapping[str, str], directory: str, timeout_s: float) -> str:
    """Why the version that runs in this directory is too old, one line; "" if it is not, or if that is not known.

    Args:
        agent: the agent.
        environment: its environment.
        directory: its directory.
        timeout_s: how long to wait for a version that was not asked before; 0 to ask nothing.
    """
    path = agent.find(environment.get("PATH", "")) if agent.oldest else None
    if path is None:
        return ""
    from session_host.agents.probe import probed  # as above

    return agent.why_too_old(probed(agent, path, environment, timeout_s, directory))


NEVER_STALE_S = 10 * 365 * 86400.0
"""An agent that reports everything may be silent for any time."""


ONE_SHOT = "one-shot"
"""The dialect of agents with one process for each prompt."""

PROGRAM = "session_host.one_shot"
"""The program that runs them; a word of their argv."""


class Fork(msgspec.Struct, frozen=True):
    """A chat to fork.

    Attributes:
        record: the chat; its ``provider_session_id`` is known.
        items: the first items of the fork's transcript, from ``copied_items.encode_items``; b"" for nothing.
        through: the agent's id of the last message or turn to copy; "" for the whole conversation.
        is_empty: copy nothing, since the fork begins before the first prompt.
    """

    record: ChatFacts
    items: bytes
    through: str = ""
    is_empty: bool = False


class LaunchMode(NamedTuple):
    """A way to start an agent without a terminal."""

    dialect: str
    template: Template
    options: dict[str, str]


def choose_launch_mode(
    agent: Agent,
    runtime: Runtime | None,
    *,
    resumes: bool,
    one_shot: bool,
    speaks_protocol: Callable[[], bool],
    forks: bool,
) -> LaunchMode | None:
    """Choose how an agent is started without a terminal; None for a terminal.

    Args:
        agent: the agent.
        runtime: the user's choice; None for the agent's usual one.
        resumes: an earlier conversation continues.
        one_shot: the user wants one process for each prompt.
        speaks_protocol: whether the installed version speaks the agent's protocol.
        forks: a copy of an earlier conversation continues.

    Raises:
        UsageError: the agent cannot run in this runtime, or has no such form.
    """
    if agent.choose_runtime(runtime) == "terminal":
        return None
    settings = _settings(agent)
    if forks:
        return LaunchMode(settings.dialect, settings.fork, settings.options)
    if settings.dialect != ONE_SHOT:
        if one_shot and not settings.one_shot:
            raise UsageError(f"{agent.title} has no form with one process for each prompt; leave --one-shot out")
        if one_shot:
            return LaunchMode(ONE_SHOT, settings.one_shot, {})
        if settings.one_shot and not speaks_protocol():
            note = (
                f"This version of {agent.title} runs once for each prompt and cannot ask you anything; "
                "a newer version can."
            )
            return LaunchMode(ONE_SHOT, settings.one_shot, {"note": note})
    return LaunchMode(
        settings.dialect, (settings.resume or settings.start) if resumes else settings.start, settings.options
    )


def is_one_shot(record: ChatFacts) -> bool:
    """Whether a session's agent had one process for each prompt."""
    return PROGRAM in record.origin.argv


def can_fork(agent: Agent | None, record: ChatFacts) -> bool:
    """Whether a chat's agent can copy its conversation."""
    return (
        agent is not None
        and agent.structured is not None
        and bool(agent.structured.fork)
        and traits_of(record).forks
        and not is_one_shot(record)
    )


def can_fork_before(agent: Agent | None, record: ChatFacts) -> bool:
    """Whether a chat's agent can copy its conversation up to a prompt."""
    return can_fork(agent, record) and agent is not None and _settings(agent).fork_through != ""


def structured_launch(
    mode: LaunchMode, resumed: ChatFacts | None, prompt: str, chats: ChatSettings, fork: Fork | None
) -> StructuredLaunch:
    """How Outlive talks to the agent.

    Args:
        mode: how the agent is started.
        resumed: the session that is resumed; its transcript continues if it has one.
        prompt: the first prompt; "" for none.
        chats: the user's settings for chats.
        fork: the chat that is forked.
    """
    from session_host.structured.dialects.base import FORK_OPTION, THROUGH_OPTION  # a terminal does not need it

    history = resumed.id if resumed is not None and traits_of(resumed).has_transcript else ""
    options, fork_of = mode.options, ""
    if fork is not None:
        if not fork.is_empty:
            options = options | {FORK_OPTION: fork.record.program.conversation}
        if fork.through:
            options = options | {THROUGH_OPTION: fork.through}
        fork_of = fork.record.id if fork.items else ""
    # An agent that runs once for each prompt ends anyway.
    idle_s = 0.0 if mode.dialect == "one-shot" else chats.idle_timeout_min * 60
    began_ms = round(datetime.fromisoformat(resumed.origin.created_at).timestamp() * 1000) if resumed is not None else 0
    return StructuredLaunch(mode.dialect, options, history, prompt, idle_s, began_ms, fork_of)


def first_items(launch: StructuredLaunch, query: ConversationQuery, fork: Fork | None) -> bytes:
    """The encoded items that the transcript begins with, beside ``StructuredLaunch.history``; b"" for none.

    Args:
        launch: how Outlive talks to the agent.
        query: the agent's own conversation that continues; its id is "" for a new one.
        fork: the chat that is forked.
    """
    if fork is not None:
        return fork.items
    from session_host.agents.conversations.earlier_items import earlier_items  # a terminal does not need them
    from session_host.structured.copied_items import encode_items, recorded_items

    items = [] if launch.history else earlier_items(launch.dialect, query)
    return encode_items(recorded_items(items)) if items else b""


def write_history(session_id: str, items: bytes) -> None:
    """Write the items that a transcript begins with, or the text that a terminal begins with, for its host.

    Raises:
        StoreError: the file cannot be written.
    """
    path = session_history(session_id)
    try:
        make_directories(path.parent)
        replace_file(path, items)
    except OSError as error:
        raise StoreError(f"{path}: cannot write it ({error.strerror}); free some space") from error


def watch_of_structured(agent: Agent) -> Watch:
    """The agent's messages report all of its activity; its end and its own files are watched as a terminal's."""
    signals = agent.signals
    return Watch(
        stale_after_s=NEVER_STALE_S,
        leave_by=signals.leave_by,
        strays=signals.strays,
        ends_all=signals.ends_all,
        background="" if agent.structured is None or agent.structured.dialect != "acp" else signals.background,
        transcripts=signals.transcripts,
        topic=".+",
        command_prefixes=signals.command_prefixes,
    )


def _settings(agent: Agent) -> StructuredSettings:
    if agent.structured is None:
        raise UsageError(f"{agent.title} has no chat view; show it as a terminal")
    return agent.structured


DEFAULT_SIZE = GridSize(80, 24)


class LaunchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The user's request to start a chat."""

    agent: Agent
    arguments: list[str] = []
    prompt: str = ""
    """The first prompt, for agents that take one in their argv; "" for none."""
    resume: ChatFacts | None = None
    """The ended session that is resumed; its ``provider_session_id`` is known."""
    starts_over: bool = False
    """Begin the conversation again under its id, since nothing was said in it yet."""
    conversation: str = ""
    """The id of an earlier conversation that the chat continues and that is no chat's; "" for none."""
    handed_from: ChatFacts | None = None
    """The chat whose task the new one takes over, in its directory and worktree; see ``handing_over``."""
    fork: Fork | None = None
    """The chat to fork: the new chat begins with a copy of its conversation, or of a part of it."""
    runtime: Runtime | None = None
    """How Outlive talks to the agent; None for the agent's usual way."""
    one_shot: bool = False
    """Whether a structured chat's agent gets one process for each prompt, although it speaks a protocol."""
    name: str | None = None
    """The chat's name; None to make one from the directory's name."""
    is_named: bool = True
    """Whether the user chose the name."""
    directory: str
    worktree: str | None = None
    """The branch of a new git worktree for the chat, "" for a new branch; None for no worktree."""
    environment: Mapping[str, str] | None
    """The caller's whole environment; None for that of the process that starts the chat."""
    overrides: dict[str, str] = {}
    """Variables that the user set in addition."""
    located_by: dict[str, str] = {}
    """The variables that locate the conversation, if it is in the place of an earlier chat; see ``ChatFacts``."""
    size: GridSize = DEFAULT_SIZE
    engine: EngineName | None = None
    colors: DefaultColors | None = None
    """The caller's terminal colours, if it shows terminals."""
    reports_to: str = ""
    """As in ``LaunchSpec``."""
    first: LaterPrompt | None = None
    """The text that wakes the session that is resumed, in the stage "sending": the host gives it to the agent once."""
    account: str = ""
    """The agent's account; see ``accounts.place_of``. "" for the default one, and for that of a chat before it."""
    token: str = ""
    """32 hexadecimal digits that identify this request, and become the chat's id: a repeated one starts nothing."""

    @property
    def wanted_id(self) -> str:
        """The chat's id if the request says it, else ""."""
        return str(uuid.UUID(self.token)) if self.token else ""


class _AgentStart(NamedTuple):
    """How the agent is started.

    Attributes:
        argv: the words of its program.
        environment: the whole environment.
        arguments: the user's own arguments, without those that choose a conversation.
        conversation: the conversation's id if it is known before the start, else "".
        structured: how Outlive talks to the agent without a terminal; None for a terminal.
        items: the items that a structured chat's transcript begins with, encoded; b"" for none.
        located_by: the variables that locate the agent's conversations.
    """

    argv: list[str]
    environment: dict[str, str]
    arguments: list[str]
    conversation: str
    structured: StructuredLaunch | None
    items: bytes
    located_by: dict[str, str]


def build_spec(request: LaunchRequest, store: Store) -> LaunchSpec:
    """Build the spec of a new session, and write the files that its agent reads at the start.

    Raises:
        AgentNotFound: the agent's program is not installed.
        LaunchFailed: the directory does not exist.
        NotAllowed: this process belongs to an agent that may not continue the chat of the conversation.
        StoreError: a file cannot be written.
        UsageError: the agent cannot be started in the requested way.
        WorktreeError: the worktree of the resumed chat cannot be made again.
    """
    continued = _continued(request, store)
    check_may_answer(*continued)
    agent = request.agent
    wanted = AccountPlace(request.account, request.overrides, request.located_by)
    request = msgspec.structs.replace(request, **place_of(agent, wanted, _previous(request), store)._asdict())
    settings = load_chat_settings(config_dir())
    directory, worktree, setup = _directory_and_worktree(request)
    session_id = request.wanted_id or str(uuid.uuid4())
    engine = request.engine or default_engine()
    start = _agent_start(request, session_id, directory, engine, settings)
    _write_files(request, start, session_id, directory, settings)
    is_structured = start.structured is not None
    begins_with_screen = _write_previous_screen(request, session_id)
    colors = request.colors or remembered_colors()
    name = choose_name(request, directory, store)
    origin = Origin(
        id=session_id,
        agent=agent.name,
        argv=start.argv,
        cwd=directory,
        created_at=now(),
        arguments=start.arguments,
        real_cwd=os.path.realpath(directory),
        overrides=request.overrides,
        located_by=start.located_by,
        engine=engine,
        runtime="structured" if is_structured else "terminal",
        boot_id=boot_id(),
        agent_chats=start.environment.get(AGENT_CHATS, ""),
        resumed_from=request.resume.id if request.resume else None,
        worktree=worktree,
        machine_id=machine_id(),
        host_name=host_name(),
        pid_namespace=pid_namespace(),
        handed_from=_handed_from(request),
        account=request.account,
        files_in=_files_in(continued, store),
    )
    stored = store.get(request.resume.id) if request.resume is not None else None
    entry = Entry(
        name=name,
        default_name="" if request.name and request.is_named else name,
        topic=_topic(request),
        later=request.first or (_later_of(stored.entry) if stored is not None else None),
    )
    program = Program(conversation=start.conversation, size=request.size.clamped())
    return LaunchSpec(
        facts=ChatFacts(origin, entry, program=program),
        env=start.environment,
        scrollback_lines=settings.scrollback_lines,
        colors=colors[:4] if colors is not None else None,
        socket_path=str(session_socket(session_id)),
        database=str(database()),
        screen=str(session_screen(session_id)),
        umask=current_umask(),
        log=str(session_log(session_id)),
        journal=str(session_journal(session_id)) if settings.record else "",
        journal_limit_bytes=settings.record_limit_mib * MIB,
        stderr=str(session_stderr(session_id)) if agent.stderr or is_structured else "",
        identity=agent.identity,
        structured=start.structured,
        setup=setup,
        watch=watch_of_structured(agent)
        if is_structured
        else settings.applied_to(_signals(request, start), _remark(agent, start.environment, directory)),
        continues=bool(request.conversation),
        settings=str(config_dir() / "chats.toml"),
        restore_points=settings.restore_points and agent.signals.ends_all,
        begins_with_screen=begins_with_screen,
        palette=colors.palette if colors is not None else (),
        reports_to=request.reports_to,
    )


def _later_of(entry: Entry) -> LaterPrompt | None:
    """The prompt that the chat takes over which resumes another one; None if a third chat has taken over that task."""
    prompt = entry.later
    if prompt is not None and (taker := taker_of(entry, prompt)) and session_log(taker).exists():
        return None
    return of_resumed(prompt)


def _continued(request: LaunchRequest, store: Store) -> list[ChatFacts]:
    """The chats that the new one continues, forks or takes over, as stored: a bridge's caller may write any record."""
    fork = request.fork.record if request.fork is not None else None
    others = (request.resume, request.handed_from, fork)
    named = [store.get(each.id) or each for each in others if each is not None]
    chosen = request.conversation or request.agent.parse_conversation_options(request.arguments).conversation
    return [*named, *(store.in_conversation(chosen) if chosen else [])]


def _files_in(continued: Iterable[ChatFacts], store: Store) -> list[str]:
    """The chats with files that a conversation may name which continues these chats, or copies them."""
    seen = dict[str, ChatFacts]()
    for each in continued:
        earlier = store.get(each.id)
        while earlier is not None and earlier.id not in seen:
            seen[earlier.id] = earlier
            earlier = store.get(earlier.origin.resumed_from) if earlier.origin.resumed_from else None
    named = dict.fromkeys(chat for each in seen.values() for chat in (each.id, *each.origin.files_in))
    return [chat for chat in named if moved_aside.named(database(), chat)]


def _signals(request: LaunchRequest, start: _AgentStart) -> Watch:
    """The agent's signals, and its store; without an input line if the agent has none.

    Only an agent that continues a conversation shows one at its start.
    """
    agent = request.agent
    signals = msgspec.structs.replace(agent.signals, record=agent.conversation.store)
    if agent.is_subcommand(start.arguments):
        return msgspec.structs.replace(signals, input_line="")
    if signals.input_line and not request.prompt and not start.arguments:
        signals = msgspec.structs.replace(signals, starts_idle=True)
    return signals if agent.continues(start.argv) else msgspec.structs.replace(signals, resumed_line="")


def choose_name(request: LaunchRequest, directory: str, store: Store) -> str:
    """The requested name, or a name made from the directory's that no chat has.

    Raises:
        UsageError: the requested one is no name. Each front checks it first; a caller of a bridge may write any.
    """
    if request.name:
        if not (name := as_name(request.name)):
            raise UsageError("a chat's name needs printable characters, and does not begin with a dash")
        return name
    names = store.names()
    return free_name(as_name(Path(directory).name.lstrip("- ")) or request.agent.name, names, names)


def _topic(request: LaunchRequest) -> str:
    """The topic that is known at the start; "" for none."""
    if request.resume is not None and request.resume.entry.topic and not request.starts_over:
        return request.resume.entry.topic
    if request.handed_from is not None:
        return request.handed_from.entry.topic or request.handed_from.entry.name
    return topic_of_prompt(request.prompt)


def _handed_from(request: LaunchRequest) -> str:
    """The id of the chat whose task the new one took over, also by the chat that it resumes; "" for none."""
    if request.handed_from is not None:
        return request.handed_from.id
    return request.resume.origin.handed_from if request.resume is not None else ""


def _previous(request: LaunchRequest) -> ChatFacts | None:
    """The session that is forked or resumed."""
    return request.fork.record if request.fork is not None else request.resume


def _copies(request: LaunchRequest) -> Fork | None:
    """The fork, if its conversation begins as a copy."""
    return request.fork if request.fork is not None and not request.fork.is_empty else None


def _directory_and_worktree(request: LaunchRequest) -> tuple[str, OwnWorktree | None, WorktreeSetup | None]:
    """The absolute working directory, the worktree of the forked or resumed session, and its setup."""
    directory = named_directory(str(Path(request.directory).expanduser()))
    worktree, setup = None, None
    previous = _previous(request) or request.handed_from
    if previous is not None and previous.origin.worktree is not None:
        from .chat_worktree import resumed_in_worktree  # most starts do not need it

        worktree, setup = resumed_in_worktree(previous, directory)
    if not Path(directory).is_dir():
        raise LaunchFailed(f"there is no directory {directory}; choose another")
    return directory, worktree, setup


def _remark(agent: Agent, environment: Mapping[str, str], directory: str) -> str:
    remarks = missing_integration(agent, environment, directory), why_too_old(agent, environment, directory, 0)
    return " ".join(filter(None, remarks))


def _agent_start(
    request: LaunchRequest, session_id: str, directory: str, engine: EngineName, settings: ChatSettings
) -> _AgentStart:
    agent, files = request.agent, session_files(session_id)
    environment = child_environment(request.environment, agent, request.overrides, str(files), engine, directory)
    if "PATH" not in request.overrides:
        environment["PATH"] = chats_path(environment, own_programs(), command_directory())
    located_by: dict[str, str] = {}
    if agent.conversation.store:
        from session_host.agents.conversations.stores import locating, relocated  # a command does not need them

        environment = relocated(agent.conversation.store, environment, request.located_by)
        located_by = locating(agent.conversation.store, environment)
    supports = supported_options(agent, environment, directory)
    environment |= make_links(environment, session_socket(session_id), request.overrides)
    environment |= _session_variables(request, session_id)
    arguments, conversation, is_id_ours = _conversation(request)
    resumes = bool(request.conversation) or (request.resume is not None and not request.starts_over)
    copied = _copies(request)
    launch_mode = choose_launch_mode(
        agent,
        request.runtime,
        resumes=resumes,
        one_shot=request.one_shot,
        speaks_protocol=lambda: speaks_protocol(agent, environment, directory),
        forks=copied is not None,
    )
    structured, items = None, b""
    template: Template = ()
    if launch_mode is not None:
        from session_host.agents.conversations.base import ConversationQuery  # a terminal does not need it

        structured = structured_launch(launch_mode, request.resume, request.prompt, settings, request.fork)
        query = ConversationQuery(conversation if resumes else "", directory, environment, files, used=True)
        items = first_items(structured, query, request.fork)
        structured = msgspec.structs.replace(structured, begins_with_items=bool(items))
        template = launch_mode.template
    known = conversation if is_id_ours else ""
    if copied is not None:
        known = copied.record.program.conversation
    argv = agent.argv(
        arguments,
        environment,
        TemplateValues(
            prompt=request.prompt if structured is None else "",
            conversation=known,
            files=str(files),
            through=copied.through if copied is not None else "",
        ),
        mode="resume" if resumes else "new",
        supports=supports,
        template=template,
    )
    environment |= settings.shell_variables(argv, environment) if structured is None else {}
    if is_id_ours and (structured is None or request.starts_over) and not any(conversation in word for word in argv):
        conversation = ""  # This version of the agent accepts no id.
    return _AgentStart(argv, environment, arguments, conversation, structured, items, located_by)


def _session_variables(request: LaunchRequest, session_id: str) -> dict[str, str]:
    """The environment variables that belong to the session."""
    agent = request.agent
    variables: dict[str, str] = {}
    if agent.structured is not None and agent.choose_runtime(request.runtime) == "structured":
        variables |= {each: value for each, value in agent.structured.env.items() if each not in request.overrides}
    variables |= {"OUTLIVE_SESSION": session_id, "OUTLIVE_SOCKET": str(session_socket(session_id))}
    variables[REPORT_ID] = uuid.uuid4().hex
    resumed = request.resume.origin.agent_chats if request.resume is not None else ""
    variables[AGENT_CHATS] = of_new_chat(session_id, resumed, is_agent=agent.signals.ends_all)
    return variables


def arguments_of_new_conversation(agent: Agent, arguments: list[str]) -> list[str]:
    """The user's arguments for an agent, without those that choose a conversation."""
    return agent.parse_conversation_options(arguments).others


def _conversation(request: LaunchRequest) -> tuple[list[str], str, bool]:
    """The user's arguments, the conversation's id if known before the start, and whether we choose it."""
    agent, arguments = request.agent, request.arguments
    chosen = agent.parse_conversation_options(arguments)
    if request.resume is not None:
        return chosen.others, request.resume.program.conversation, True
    if request.conversation:
        return chosen.others, request.conversation, True
    if _copies(request) is not None:
        return chosen.others, "", False
    if agent.is_subcommand(arguments):
        return arguments, "", False
    if chosen.is_chosen:
        return arguments, chosen.conversation, False
    return arguments, str(uuid.uuid4()) if agent.conversation.preset else "", True


def _write_files(
    request: LaunchRequest, start: _AgentStart, session_id: str, directory: str, settings: ChatSettings
) -> None:
    """Write the session's files for its agent, and the items that its transcript begins with."""
    agent, files, conversation = request.agent, session_files(session_id), start.conversation
    if request.resume is not None and conversation:
        copy_conversation_files(conversation, session_files(request.resume.id), files)
    if agent.conversation.store:
        from session_host.agents.conversations.base import ConversationQuery
        from session_host.agents.conversations.stores import before_start

        query = ConversationQuery(conversation, directory, start.environment, files, used=False)
        before_start(agent.conversation.store, query)
    if start.items:
        write_history(session_id, start.items)
    if (path := prompt_file(str(files))) in start.argv:
        write_prompt(Path(path), request.prompt)
    if agent.files:
        write_files(agent.files, files, answering=settings.answer_from_outside)


def _write_previous_screen(request: LaunchRequest, session_id: str) -> bool:
    """Write the last screen of a resumed shell, with which the new shell's terminal begins; False if there is none."""
    if request.resume is None or not request.resume.origin.is_shell:
        return False
    from session_host.client.sessions.last_screen import previous_screen  # most starts do not need it

    screen = previous_screen(request.resume)
    if screen:
        write_history(session_id, screen)
    return bool(screen)

"""Going on with an ended chat: a new session in the same conversation of the agent's.

The conversation is the one that the chat was in, by its id; never "the latest". All of this blocks on the disk but
for the two that start a session.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from session_host.agents import Agent, child_environment, load_catalog
from session_host.agents.arguments import without_prompt
from session_host.agents.conversations import VARIABLES, Kept, Sought, look
from session_host.agents.probe import Probe, probed
from session_host.errors import (
    ConversationOpen,
    ConversationUnknown,
    NoSuchSession,
    NotResumable,
)
from session_host.paths import config_dir, session_files, session_transitions
from session_host.protocol.values import RUNNING_STATES, Activity, GridSize
from session_host.store import SessionRecord, Store, transitions
from session_host.terminal import available_engines
from session_host.terminal.base import DefaultColors, EngineName

from .elsewhere import opened_elsewhere
from .launch import DEFAULT_SIZE, LaunchRequest, free_name, launch
from .records import SessionInfo, open_store, settle

TRANSITIONS_READ = 100
MOST_IN_CHAIN = 1000


class Resumability(NamedTuple):
    """Whether a chat can be gone on with.

    Attributes:
        can: False for one that runs, was continued, or whose agent or conversation is not to be gone on with;
            None if it is not known which conversation it was in: the agent's own picker may find it.
        reason: why not, and what to do, in one line; where it can, what is to be known before, mostly "".
    """

    can: bool | None
    reason: str = ""


class _Plan(NamedTuple):
    """What is known of a session that is to be gone on with.

    Attributes:
        anew: its conversation holds nothing yet, and is begun once more.
    """

    record: SessionRecord
    can: bool | None
    reason: str = ""
    agent: Agent | None = None
    sought: Sought | None = None
    anew: bool = False


def resumability(session_id: str, environment: Mapping[str, str] | None = None) -> Resumability:
    """Whether this session can be gone on with. Looks at the record and the agent's own files, not at processes.

    Args:
        session_id: whose.
        environment: the caller's; this process's own if None.

    Raises:
        StoreError, NoSuchSession: there is no such record.
        ConfigError: the catalog cannot be read.
    """
    agents = load_catalog(config_dir())
    with open_store() as store:
        plan = _plan(store, agents, _record(store, session_id), environment)
    return Resumability(plan.can, plan.reason)


def tell_resumable(infos: list[SessionInfo]) -> None:
    """Fill in ``resumable``: for one that runs, whether it will be once it has ended, as far as is known by now.

    Raises:
        StoreError: the record cannot be read.
        ConfigError: the catalog cannot be read.
    """
    agents = load_catalog(config_dir())
    with open_store() as store:
        for info in infos:
            record = store.get(info.id)
            if record is None:
                continue
            if info.state in RUNNING_STATES:
                record.provider_session_id = info.provider_session_id
                info.resumable = _of_agent(agents, record)[0]
            else:
                info.resumable = _plan(store, agents, record, None).can


async def resume(
    session_id: str,
    *,
    environment: Mapping[str, str] | None = None,
    size: GridSize | None = None,
    colors: DefaultColors | None = None,
    prompt: str = "",
    anyway: bool = False,
) -> SessionRecord:
    """Start a session that goes on with the conversation of an ended one; returns when its program is exec'd.

    Args:
        session_id: the ended one.
        environment: the caller's whole environment; this process's own if None.
        size: of the terminal; that of the ended one if None.
        colors: what the caller shows terminals in, if it does.
        prompt: what the agent is asked first, where it takes that.
        anyway: also if the conversation is open elsewhere.

    Raises:
        NotResumable: it cannot be; ``ConversationUnknown`` and ``ConversationOpen`` say what may help.
        AgentNotFound, LaunchFailed, StoreError, UnsafeDirectory, WorktreeError: as ``launch.launch``.
    """
    request = await asyncio.to_thread(_request, session_id, environment, anyway)
    return await launch(_shown(request, size, colors, prompt))


async def pick(
    session_id: str,
    *,
    environment: Mapping[str, str] | None = None,
    size: GridSize | None = None,
    colors: DefaultColors | None = None,
) -> SessionRecord:
    """Start a session in the ended one's directory in which the agent lets its user choose a conversation.

    Raises:
        NotResumable: the agent has no list to choose from.
        AgentNotFound, LaunchFailed, StoreError, UnsafeDirectory: as ``launch.launch``.
    """

    def request() -> LaunchRequest:
        with open_store() as store:
            record = _record(store, session_id)
            agent = load_catalog(config_dir()).get(record.agent)
            if agent is None or not agent.conversation.picker:
                raise NotResumable(f"{record.agent} has no list of conversations to choose from; start a new chat")
            return _request_of(store, record, agent, environment, picks=True)

    return await launch(_shown(await asyncio.to_thread(request), size, colors, ""))


def has_picker(session_id: str) -> bool:
    """Whether ``pick`` can do something for this session: its agent has a list of conversations to choose from."""
    with open_store() as store:
        agent = load_catalog(config_dir()).get(_record(store, session_id).agent)
    return agent is not None and bool(agent.conversation.picker)


def resume_command(session_id: str) -> str:
    """What goes on with it in any terminal, for a shell: ``cd DIR && claude --resume ID``.

    Raises:
        NotResumable: there is no such command; ``ConversationUnknown`` if it is not known which conversation.
    """
    with open_store() as store:
        record = _record(store, session_id)
        can, reason, agent = _of_agent(load_catalog(config_dir()), record)
        if not can or agent is None:
            raise (ConversationUnknown if can is None else NotResumable)(f"{record.name}: {reason}")
        sought = _sought(record, agent, None)
        arguments = _arguments(record, agent, sought.environment)
    anew = look(agent.conversation.place, sought).kept is Kept.NOTHING
    argv = agent.argv(arguments, sought.environment, conversation=sought.conversation, resume=not anew)
    return _in_directory(record, argv)


# ---------------------------------------------------------------------------- what is known


def _record(store: Store, session_id: str) -> SessionRecord:
    record = store.get(session_id)
    if record is None:
        raise NoSuchSession(f"no session {session_id} is recorded; `outlive ls --all` lists them")
    return settle(store, record)


def _plan(
    store: Store, agents: Mapping[str, Agent], record: SessionRecord, environment: Mapping[str, str] | None
) -> _Plan:
    if record.state in RUNNING_STATES:
        return _Plan(record, False, f"is running; attach to it: outlive attach {record.id[:8]}")
    if record.continued_by is not None:
        return _Plan(record, False, _continued(store, record))
    can, reason, agent = _of_agent(agents, record)
    if not can or agent is None:
        return _Plan(record, can, reason)
    if record.worktree is None and not Path(record.cwd).is_dir():
        return _Plan(record, False, f"its directory {record.cwd} is gone; make it again, or start a new chat elsewhere")
    sought = _sought(record, agent, environment)
    found = look(agent.conversation.place, sought)
    if found.kept is Kept.LOST:
        return _Plan(record, False, found.reason)
    return _Plan(record, True, found.reason, agent, sought, found.kept is Kept.NOTHING)


def _of_agent(agents: Mapping[str, Agent], record: SessionRecord) -> tuple[bool | None, str, Agent | None]:
    """What its agent and the id alone say; the agent only if there is something to be done with it."""
    agent = agents.get(record.agent)
    if agent is None:
        return False, f"the catalog has no agent {record.agent} any more", None
    way = agent.conversation
    if not way.resume:
        again = shlex.join(["outlive", "new", agent.name, "-C", record.cwd, *_behind_dashes(record.arguments)])
        return False, f"{agent.title} has no conversations to go on with; start it again: {again}", None
    if agent.is_subcommand(record.arguments or []):
        return False, f"it was no conversation, but {shlex.join(record.argv[:2])}", None
    if not way.is_id(record.provider_session_id or ""):
        if way.picker:
            picker = _in_directory(record, agent.argv(pick=True))
            return None, f"{agent.title} did not tell which conversation it was; find it in its list: {picker}", agent
        return None, f"{agent.title} did not tell which conversation it was; start it, and find it there", agent
    return True, "", agent


def _continued(store: Store, record: SessionRecord) -> str:
    """Who goes on with it now: the last of those who went on with each other."""
    last = record
    for _ in range(MOST_IN_CHAIN):
        following = store.get(last.continued_by) if last.continued_by is not None else None
        if following is None:
            break
        last = settle(store, following)
    verb = "attach to it: outlive attach" if last.state in RUNNING_STATES else "resume that one: outlive resume"
    return f"the chat {last.name} ({last.id[:8]}) goes on with its conversation; {verb} {last.id[:8]}"


def _sought(record: SessionRecord, agent: Agent, environment: Mapping[str, str] | None) -> Sought:
    base = os.environ if environment is None else environment
    files = session_files(record.id)
    own = child_environment(base, agent, record.env, str(files), record.engine)
    return Sought(record.provider_session_id or "", record.cwd, own, files, _was_used(record))


def _was_used(record: SessionRecord) -> bool:
    """Whether something was said in its conversation, as far as is known.

    The agent worked in this chat, or the chat went on with one; and it did not change its conversation since.
    """
    if not any((record.provider_session_id or "-") in word for word in record.argv):
        return False
    seen = transitions.last(session_transitions(record.id), TRANSITIONS_READ)
    return any(each.activity is Activity.WORKING for each in seen)


# ----------------------------------------------------------------------------- what is done


def _request(session_id: str, environment: Mapping[str, str] | None, anyway: bool) -> LaunchRequest:
    agents = load_catalog(config_dir())
    with open_store() as store:
        record, can, reason, agent, sought, anew = _plan(store, agents, _record(store, session_id), environment)
        if not can or agent is None or sought is None:
            raise (ConversationUnknown if can is None else NotResumable)(f"{record.name}: {reason}")
        if not anyway and (found := opened_elsewhere(store, record, agent, sought)):
            raise ConversationOpen(f"{record.name}: {'; '.join(found)}")
        return _request_of(store, record, agent, environment, anew=anew)


def _request_of(
    store: Store,
    record: SessionRecord,
    agent: Agent,
    environment: Mapping[str, str] | None,
    *,
    anew: bool = False,
    picks: bool = False,
) -> LaunchRequest:
    base = dict(os.environ if environment is None else environment)
    engine: EngineName | None = next((each for each in available_engines() if each == record.engine), None)
    return LaunchRequest(
        agent=agent,
        arguments=_arguments(record, agent, child_environment(base, agent, record.env)),
        resume=None if picks else record,
        anew=anew,
        picks=picks,
        name=free_name(record.name, {each.name for each in store.running()}),
        directory=record.cwd,
        environment=base,
        overrides=record.env,
        size=GridSize(record.columns, record.rows) if record.columns and record.rows else DEFAULT_SIZE,
        engine=engine,
    )


def _shown(request: LaunchRequest, size: GridSize | None, colors: DefaultColors | None, prompt: str) -> LaunchRequest:
    return msgspec.structs.replace(request, size=size or request.size, colors=colors, prompt=prompt)


def _arguments(record: SessionRecord, agent: Agent, environment: Mapping[str, str]) -> list[str]:
    """The user's own, less those that chose a conversation, and less what was asked."""
    arguments = record.arguments
    if arguments is None:
        # Of before they were kept: the argv without what the catalog put there.
        ours = {word for part in agent.start for word in ([part] if isinstance(part, str) else part)}
        arguments = [word for word in record.argv[1:] if word not in ours]
    others = agent.chosen(arguments).others
    path = agent.find(environment.get("PATH", ""))
    return without_prompt(agent, others, probed(agent, path, environment) if others and path else Probe())


def _behind_dashes(arguments: list[str] | None) -> list[str]:
    return ["--", *arguments] if arguments else []


def _in_directory(record: SessionRecord, argv: list[str]) -> str:
    """The command for a shell, with what leads the agent to its conversations."""
    leading = [f"{name}={shlex.quote(record.env[name])}" for name in VARIABLES if name in record.env]
    return f"cd {shlex.quote(record.cwd)} && {' '.join([*leading, shlex.join(argv)])}"

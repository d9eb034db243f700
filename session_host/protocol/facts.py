"""The facts of a chat, in parts by owner: the launch, the row, the host's description, lists and the window have these.

A new fact is a field of one part. An event replaces a part (``msgspec.structs.replace``). On the wire a part is an
array that only grows at its end: a reader ignores what it does not know, and gives what is missing its default.

Times are ISO 8601 in UTC, such as ``2026-01-02T03:04:05.678Z``. A process is named by its PID *and* its start time in
clock ticks since boot (field 22 of ``/proc/PID/stat``, see proc(5)), which are good within one ``boot_id`` and one
``pid_namespace`` only.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from .turns import TurnFacts
from .values import (
    RUNNING_STATES,
    SILENCE,
    STOPPED_BY_LIMIT,
    TURN_FAILED,
    WITHOUT_AGENT,
    Activity,
    GridSize,
    Runtime,
    State,
)

INTERRUPTED: Final = "the computer was restarted while this chat ran"
UNSTARTED: Final = "what was starting this chat was ended before its agent ran"
"""Outcomes have this text as their ``error`` and are recognised by it, so it must not change."""

SLEEP: Final = "sleep"
"""The ``end_request`` of a chat that was put to sleep."""

Reason = Literal["interrupted", "lost", "unstarted"]
"""Why a chat's end is unknown: the computer restarted, its host and keeper both died, or it never ran."""
_REASONS: dict[str, Reason] = {INTERRUPTED: "interrupted", UNSTARTED: "unstarted"}


class OwnWorktree(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A git worktree that was made for a chat."""

    repository: str
    """git's common directory of the repository that it was made of, an absolute path."""
    path: str
    """Its directory."""
    branch: str
    """The branch that was checked out there."""
    branch_made: bool = False
    """Whether the branch was made for this chat; if so, it is deleted with the worktree, once it is merged."""


class Origin(msgspec.Struct, frozen=True, array_like=True, gc=False, kw_only=True):
    """What the launcher decided; it never changes, unless an earlier chat is removed."""

    id: str
    """A UUID in its canonical form."""
    agent: str
    """A name of the agent catalog."""
    argv: list[str]
    """Exec'd directly; ``argv[0]`` is looked up on the chat's PATH. Never empty."""
    cwd: str
    """The working directory, absolute."""
    created_at: str
    arguments: list[str] = []
    """The user's own arguments, from which ``argv`` was made."""
    real_cwd: str = ""
    """``cwd`` without symbolic links, at the start."""
    overrides: dict[str, str] = {}
    """Variables that the user set for this chat, beyond the inherited environment."""
    located_by: dict[str, str] = {}
    """The variables that located the agent's conversations at its start, such as HOME and CODEX_HOME; empty for
    agents without conversations of their own."""
    engine: str = ""
    """The terminal engine, one of ``terminal.base.EngineName``."""
    runtime: Runtime = "terminal"
    """How Outlive talks to the agent."""
    boot_id: str = ""
    agent_chats: str = ""
    """The agents' chats that it belongs to, as in ``system.processes.permission``."""
    resumed_from: str | None = None
    """The id of the chat that this one resumes."""
    worktree: OwnWorktree | None = None
    machine_id: str = ""
    """The id of the machine that it runs on, as ``boot_id`` is that of the boot; "" while unknown."""
    host_name: str = ""
    """The name of that machine or container."""
    pid_namespace: int = 0
    """The namespace in which its processes' PIDs are valid; 0 while unknown."""
    handed_from: str = ""
    """The id of the chat whose task this one took over, with another agent or account; "" for none."""
    account: str = ""
    """The agent's account, one of ``Agent.accounts`` on its machine; "" for the default one."""
    files_in: list[str] = []
    """The ids of earlier chats with files that its conversation may name; see ``moved_aside.named``."""

    def without_secrets(self) -> Origin:
        """It without the user's variables, which may be secrets: for all but the launch and the row."""
        return msgspec.structs.replace(self, overrides={})

    @property
    def is_shell(self) -> bool:
        """Whether it is the user's shell alone, without a command that runs in it."""
        return self.agent == "shell" and not self.arguments

    @property
    def is_shell_or_command(self) -> bool:
        """Whether its terminal has a shell or a command in place of an agent; these report no activity.

        In a chat view, a command runs once for each prompt, and has turns as an agent has.
        """
        return self.agent in WITHOUT_AGENT and self.runtime == "terminal"

    @property
    def project(self) -> str:
        """The directory of the chat's project: that of its worktree's repository, or the chat's own."""
        return directory_of(self.worktree.repository) if self.worktree else self.cwd

    @property
    def real_project(self) -> str:
        """``project`` without symbolic links, so that two spellings of it are one."""
        return self.project if self.worktree else self.real_cwd or self.cwd


class LaterPrompt(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A prompt that the host is to send at a time.

    Attributes:
        at: when it is due.
        text: the prompt.
        by: who set it; see ``events.TurnStarted``.
        continues: the number of the turn that it continues, which a limit ended; 0 for none, ``OF_EARLIER_CHAT`` for
            the last one of the chat that this one resumes. A newer turn makes it needless.
        token: identifies it, so that it is sent once; 32 hexadecimal digits.
        agents: the agents' chats to which belongs who set it, as in ``Origin.agent_chats``; "" for the user.
        stage: "" while it waits; "sending" once it is taken away, so that it is typed once; "late" if nothing could
            send it in time, so that the user is asked; "missed" if it is not sent.
        why: why it is held, late or missed, one line; "" otherwise.
        wakes: whether it is the text that wakes the chat: it is typed as any command's, not only where it is seen.
        set_at: when it was set, ISO 8601; "" if unknown.
    """

    at: str
    text: str
    by: str = ""
    continues: int = 0
    token: str = ""
    agents: str = ""
    stage: Literal["", "sending", "late", "missed"] = ""
    why: str = ""
    wakes: bool = False
    set_at: str = ""

    @property
    def waits(self) -> bool:
        """Whether it is still to be sent."""
        return not self.stage


OF_EARLIER_CHAT: Final = -1
NOT_RUNNING: Final = "the chat or this computer did not run then"
"""Why a prompt is late."""


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False, kw_only=True):
    """What the user and the store say of it."""

    name: str
    default_name: str = ""
    """The name that Outlive chose; "" if the user chose it."""
    topic: str = ""
    """A short line: the agent's title, else the first prompt; the name of a shell's last command; "" while unknown."""
    pinned: bool = False
    """Whether the user wants it above all others in lists."""
    position: float | None = None
    """Its position in the user's own order, among chats of one group; None for none."""
    continued_by: str | None = None
    """The id of the chat that continues this one's conversation."""
    later: LaterPrompt | None = None
    """The prompt that its host was to send at a time, as of its end; None for none."""
    handed_to: str = ""
    """The id of the chat that took over its task last; "" for none."""
    handed_at: str = ""
    """When that was, ISO 8601."""
    began_at: str = ""
    """When the first of the chats began that it continues, ISO 8601; "" if it continues none."""

    @property
    def is_named(self) -> bool:
        """Whether the user chose the name."""
        return self.name != self.default_name

    @property
    def shown_name(self) -> str:
        """The name that the window shows: the topic of a chat that the user has not named."""
        return self.name if self.is_named else self.topic or self.name


class Outcome(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The state of its process, and how that ended."""

    state: State = State.STARTING
    exit_code: int | None = None
    exit_signal: int | None = None
    end_request: str = ""
    """The request that ended the program: the user's "stop", "kill" or "sleep", or "idle" of the timeout; or ""."""
    error: str = ""
    """Why it was lost or could not run; "" if there is nothing to say."""
    ended_at: str | None = None
    """None while it runs, and if the time is not known."""
    freed_bytes: int | None = None
    """How much memory its processes had just before it was put to sleep (their PSS); None if that is not known."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state not in RUNNING_STATES

    @property
    def was_put_to_sleep(self) -> bool:
        """Whether it was ended so that a text may wake it."""
        return self.state is State.EXITED and self.end_request == SLEEP

    @property
    def reason(self) -> Reason | None:
        """Why it ended without an exit status; None if it runs or has one."""
        return _REASONS.get(self.error, "lost") if self.state is State.LOST else None


class Program(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What its host knows of the running program."""

    title: str = ""
    """The title that the program set, without control characters."""
    conversation: str = ""
    """The agent's own id of the conversation; "" while that is not known."""
    size: GridSize = GridSize(0, 0)
    """The terminal's size; 0 while that is not known."""
    host_pid: int | None = None
    host_started: int | None = None
    child_pid: int | None = None
    child_started: int | None = None

    @property
    def known_size(self) -> GridSize | None:
        """The terminal's size; None while that is not known."""
        return self.size if self.size.columns and self.size.rows else None


class AgentStatus(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the agent does, as its host knows it; never stored."""

    activity: Activity = Activity.NO_SIGNAL
    source: str = ""
    """The source of the report; "" while there was none."""
    since: str = ""
    detail: str = ""
    """The agent's question, its text about its work, or the error that stopped its turn; one line."""
    failed: bool = False
    """Whether the agent is idle since an error stopped its turn: a limit, a log-in, the model's service."""
    context: int = 0
    """How full the model's context is, in percent; 0 if unknown."""
    last: TurnFacts | None = None
    """The last turn, whether it runs or is over; None before the first one, or if unknown."""
    continues: LaterPrompt | None = None
    """The prompt that is to be sent at a time; None for none."""
    doing: str = ""
    """What it does now, such as "Editing src/a.py"; one line, "" while unknown. It is told at most once a second."""
    said: str = ""
    """The first sentence of its last answer, one line of Markdown; "" if unknown. No event has it."""
    edited_lines: tuple[int, int] = (0, 0)
    """How many lines the chat's turns have added and removed, as far as that is known."""
    asked: str = ""
    """What the user is asked before the next turn, since an amount of money is reached; one line, "" for nothing."""

    @property
    def waits_for_limit(self) -> bool:
        """Whether a limit stopped the last turn, and it is known until when."""
        return self.failed and self.last is not None and self.last.outcome == "limit" and bool(self.last.resets_at)

    @property
    def words(self) -> str:
        """The activity in words."""
        if self.waits_for_limit:
            return STOPPED_BY_LIMIT
        return TURN_FAILED if self.failed else self.activity.words

    @property
    def is_silent(self) -> bool:
        """Whether the agent was working and then stopped reporting."""
        return self.source == SILENCE


class Foreground(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The foreground of a shell's or command's terminal, as its host knows it; never stored."""

    program: str
    """The running command by its name (``shown_command``); "" for a shell at its prompt."""
    since: str = ""
    last_exit_code: int | None = None
    """The exit code of the shell's last command; None while one runs, or if unknown."""
    last_ended: str = ""
    """The time at which that command ended; "" if ``last_exit_code`` is None."""


class ChatFacts(msgspec.Struct, frozen=True, array_like=True):
    """All facts of a chat, from its start until it is removed."""

    origin: Origin
    entry: Entry
    outcome: Outcome = Outcome()
    program: Program = Program()
    status: AgentStatus = AgentStatus()
    foreground: Foreground | None = None
    """None while unknown, and for an agent."""

    @property
    def id(self) -> str:
        """See ``Origin``."""
        return self.origin.id

    @property
    def later(self) -> LaterPrompt | None:
        """The prompt that is to be sent at a time: its host knows it, and leaves it at the end."""
        return self.entry.later if self.outcome.is_over else self.status.continues

    @property
    def is_asleep(self) -> bool:
        """Whether it was put to sleep, and nothing has woken it since."""
        return self.outcome.was_put_to_sleep and self.entry.continued_by is None

    @property
    def shell(self) -> Foreground:
        """The foreground, without a program while that is unknown."""
        return self.foreground or Foreground("")


def directory_of(repository: str) -> str:
    """The directory of a repository with this common directory of git: its main working tree, or a bare repository."""
    directory, _, name = repository.rpartition("/")
    return (directory or "/") if name == ".git" else repository

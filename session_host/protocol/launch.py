"""Launch parameters of a host, and its report."""

from __future__ import annotations

from typing import Literal

import msgspec

from .values import Activity, GridSize


class Identity(msgspec.Struct, frozen=True):
    """What a session's terminal says that it is, to queries and in the environment."""

    term: str = "xterm-256color"
    colorterm: str = "truecolor"
    program: str = ""
    """TERM_PROGRAM; "" for none."""
    program_version: str = ""
    """TERM_PROGRAM_VERSION."""
    engines: tuple[str, ...] = ("ghostty", "pyte")
    """The engines that can do what a program expects of a terminal called so; with another, it is not called so."""
    answer: str = ""
    """The answer to XTVERSION, name and version, of these engines; "" for our own."""


class Watch(msgspec.Struct, frozen=True):
    """How to detect an agent's activity and conversation (from the catalog)."""

    reports: dict[str, Activity | None] = {}
    """What its hooks' and plugins' events mean; None for one that says nothing of the activity."""
    titles: dict[str, Activity] = {}
    """Patterns (re.search) of the titles that it sets, and what they mean; the first that fits counts."""
    state_file: str = ""
    """The way by which its own file of states is read: a name in ``host.watchers.state_file``; "" for none."""
    open_files: str = ""
    """A pattern (re.search) with a group: a file that it holds open has its conversation's id in its path."""
    open_files_aside: str = ""
    """A pattern (re.search) of what such a file begins with if its conversation is not the user's: a sub-agent's."""
    transcripts: Literal["", "gemini"] = ""
    """How ``agents.conversations.gemini_guard`` keeps its transcript from others of its kind, which delete it."""
    asks_by_hook: bool = False
    """Its hooks tell that something is asked, and not what it does then: a moment, as a notification is."""
    bells: bool = False
    """Whether a bell of its means that it needs the user. No agent of the catalog asks by a bell alone."""
    stale_after_s: float = 60.0
    """Work without output or word for so long is "no signal"."""
    leave_by: Literal["SIGTERM", "SIGHUP"] = "SIGTERM"
    """The signal at which it leaves politely."""
    strays: tuple[str, ...] = ()
    """Patterns (re.search) of the command lines of processes that it leaves behind, and which end with it."""
    ends_all: bool = False
    """Whether all that it has started in its terminal ends with it, as for an agent and not for a shell."""
    remark: str = ""
    """What is to be known of its signals in this session, for people; "" for nothing."""
    enter_after_s: float = 0.0
    """How long after a text Enter is pressed: some take one that comes at once for a part of a paste."""
    titled: Literal["", "opencode"] = ""
    """The way by which its conversation is found under its terminal's title (``host.watchers.terminal_title``)."""
    shown_within_s: float = 0.0
    """It shows each text that it takes within this time, or has dropped it (``requests.shown_text``); 0: never."""


class Origin(msgspec.Struct, frozen=True):
    """What a session was made out of; recorded, for what is done with it once it has ended."""

    arguments: list[str] | None = None
    """The user's own, out of which the argv was made."""
    resumed_from: str | None = None
    """The session that this one resumes."""
    repository: str | None = None
    worktree: str | None = None
    branch: str | None = None
    branch_made: bool = False
    """As in ``store.SessionRecord``: the git worktree that was made for it."""


class LaunchSpec(msgspec.Struct, frozen=True):
    """Everything that a host needs to start one session.

    It travels through sockets and stands in the session's input log, in memory: never in argv, the
    environment or on a disk, since ``env`` may hold secrets.
    """

    session_id: str
    """A UUID in its canonical form."""
    name: str
    agent: str
    argv: list[str]
    """Exec'd directly; ``argv[0]`` is looked up on ``env["PATH"]``. Never empty."""
    cwd: str
    """Absolute."""
    env: dict[str, str]
    """The child's whole environment."""
    overrides: dict[str, str]
    """What the user set on top of the environment that was there; recorded, to start it again."""
    size: GridSize
    engine: Literal["ghostty", "pyte"]
    """One of terminal.base.EngineName."""
    scrollback_lines: int
    colors: tuple[int, int, int, bool] | None
    """What the one who starts it shows terminals in, as in messages.Colors; None if that is not known."""
    created_at: str
    """ISO 8601, UTC."""
    socket_path: str
    database: str
    screen: str
    """Where the last screen is kept when the session has ended."""
    boot_id: str
    umask: int
    """The program's, as umask(2) takes it."""
    log: str
    """Where the host writes what it did."""
    journal: str
    """The directory of the record of the output; "" for none."""
    journal_limit_bytes: int
    conversation: str = ""
    """The agent's own id of the conversation, where the one who starts it chooses that; "" if the agent does."""
    stderr: str = ""
    """Where its standard error goes; "" for the terminal."""
    identity: Identity = Identity()
    watch: Watch = Watch()
    origin: Origin = Origin()
    transitions: str = ""
    """The file in which the changes of its activity are kept; "" for none."""
    rest_after_s: float = 0.0
    """When nothing has happened for so long, its host rests; 0 for never."""
    settings: str = ""
    """The user's ``chats.toml``, for what acts on running chats; "" from former versions."""


class LaunchReport(msgspec.Struct, frozen=True):
    """The host's answer: it runs and listens, or why not."""

    ok: bool
    host_pid: int = 0
    child_pid: int = 0
    error: str = ""
    """One line for the user; "" if ok."""
    error_kind: str = ""
    """"not_found" (the program), or "failed"."""

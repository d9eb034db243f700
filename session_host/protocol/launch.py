"""Launch parameters of a host, and its report."""

from __future__ import annotations

import string
from typing import Final, Literal

import msgspec

from .facts import ChatFacts
from .values import Activity

DEFAULT_SCROLLBACK_LINES: Final = 10_000
MAX_SCROLLBACK_LINES: Final = 1_000_000


class Identity(msgspec.Struct, frozen=True):
    """How a session's terminal identifies itself, to queries and in the environment."""

    term: str = "xterm-256color"
    colorterm: str = "truecolor"
    program: str = ""
    """TERM_PROGRAM; "" for none."""
    program_version: str = ""
    """TERM_PROGRAM_VERSION."""
    engines: tuple[str, ...] = ("ghostty", "pyte")
    """The engines with the features of this terminal program; with another engine this identity is not used."""
    answer: str = ""
    """The answer to XTVERSION, name and version, of these engines; "" for Outlive's own."""


NEVER_S = 365 * 86400.0
"""An agent that reports everything is never "no signal": its ``stale_after_s`` is longer than this."""


REPORT_ID = "OUTLIVE_REPORT_ID"
"""The environment variable with which a chat's programs, its agent's hooks and plugins, show that they belong to it.

Its name has no word, such as TOKEN or KEY, of variables that agents keep from their hooks.
"""


class Watch(msgspec.Struct, frozen=True):
    """How to detect an agent's activity and conversation (from the catalog)."""

    reports: dict[str, Activity | None] = {}
    """The meanings of the agent's hook and plugin events; None for one that says nothing about the activity."""
    titles: dict[str, Activity] = {}
    """Patterns (re.search) of the agent's titles, and their meanings; the first match counts."""
    state_file: str = ""
    """The reader of the agent's own state file: a name in ``host.watchers.state_file``; "" for none."""
    open_files: str = ""
    """A pattern (re.search) with a group for the conversation's id in the path of a file that the agent holds open."""
    open_files_aside: str = ""
    """A pattern (re.search) for the beginning of such a file of another conversation than the user's: a sub-agent's."""
    transcripts: Literal["", "gemini"] = ""
    """How ``agents.conversations.gemini_guard`` protects the agent's transcript from deletion by other agents."""
    asks_by_hook: bool = False
    """Whether the agent's hooks report questions without their ends; a question then is a moment, as a bell is."""
    bells: bool = False
    """Whether the agent's bell means that it needs the user. No agent of the catalog asks by a bell alone."""
    stale_after_s: float = 60.0
    """After this time without output or report, a working agent is "no signal"."""
    leave_by: Literal["SIGTERM", "SIGHUP"] = "SIGTERM"
    """The signal at which the agent exits gracefully."""
    strays: tuple[str, ...] = ()
    """Patterns (re.search) of the command lines of left-over processes that end with the agent."""
    ends_all: bool = False
    """Whether all processes that the agent started in its terminal end with it, as for an agent and not for a shell."""
    remark: str = ""
    """A remark about the agent's signals in this session, for the user; "" for none."""
    enter_after_s: float = 0.0
    """The delay between a text and Enter: some agents take an immediate Enter for a part of a paste."""
    titled: Literal["", "opencode"] = ""
    """How the conversation is found by its terminal's title (``host.watchers.conversation``)."""
    shown_within_s: float = 0.0
    """How soon the agent shows each text that it accepts (``session.shown_text``); 0: not always."""
    answered_by_hook: Literal["", "claude"] = ""
    """The form in which a hook of the agent takes the user's answer (``structured.dialects``); "" for none. In a
    session's spec it is set only if the user wants that (``client.chats.settings``).
    """
    empty_prompt: str = ""
    """A pattern (re.fullmatch) of the cursor's row up to the cursor, while the agent's input line is empty; "" for an
    agent that uses Left in its empty input line, or may use it.
    """
    user_prompt: str = ""
    """A pattern (re.match) of the rows in which the user's prompts begin, as the agent shows them on the main screen.
    "" for none.
    """
    topic: str = ""
    """A pattern (re.search) of titles that have the conversation's topic, which is its group; "" for none."""
    input_line: str = ""
    """A pattern (re.match) of a row that the agent shows once its input line is there. Until then input is held
    (``session.starting_input``); "" for a program that gets its input at once.
    """
    start_question: str = ""
    """A pattern (re.match) of a row of the questions that the agent asks at its start, in place of its input line."""
    held_within_s: float = 60.0
    """How long input is held at most."""
    asks_by_notification: bool = True
    """Whether the program's notifications (OSC 9, 99, 777) mean that it needs the user, as Codex's do. False for shells
    and commands, whose notifications are shown to the user as they are.
    """
    resumed_line: str = ""
    """A pattern (re.match) of a row above the input line in which a resumed agent shows its conversation: the agent
    shows the input line before, but then takes it away again and drops keys until the conversation is loaded. "" for an
    agent that shows the input line only once; in a session's spec also if the agent begins a conversation.
    """
    turn_ends: dict[str, Literal["done", "failed", "interrupted"]] = {}
    """How a turn ended, by the agent's hook and plugin events; an event of another name says nothing about that.
    ``"state=idle" = "interrupted"``: by OSC 7501 the agent says "done" or "error" at the end of a turn, and "idle" only
    if its user has stopped it.
    """
    limit: str = ""
    """A pattern (re.match) of the error of a turn that a limit of the user's subscription stopped; "" if unknown."""
    command_prefixes: tuple[str, ...] = tuple(string.punctuation)
    """Beginnings of texts that the agent's program takes for commands (``!`` runs one, ``/`` changes a mode). Such a
    text may begin no turn, and the agent may not send it to its own chat (``session.own_prompts``). "" stands for each
    text, the default for all signs of a keyboard.
    """
    background: Literal["", "commands", "codex", "qwen"] = ""
    """How the host finds what an idle agent still runs (``host.watchers.background``): the agent's commands alone, or
    its sub-agents, too, by the agent's own records; "" for an agent that tells it, or has no such work.
    """
    record: str = ""
    """In a session's spec, the name of the agent's conversation store, by which its turns are counted; "" for none, and
    in version 0.1.0.
    """
    starts_idle: bool = False
    """In a session's spec, whether the agent was started without a prompt and arguments: what it does before the first
    Enter is its start and no turn. Codex says that it works then, for some milliseconds.
    """


class StructuredLaunch(msgspec.Struct, frozen=True):
    """How Outlive talks to the agent of a structured session."""

    dialect: str
    """A name of ``structured.dialects.base.DIALECTS``."""
    options: dict[str, str] = {}
    """The dialect's options, from the agent's file and the user."""
    history: str = ""
    """The session whose transcript this one continues; "" for none."""
    prompt: str = ""
    """The first prompt; "" for none."""
    idle_timeout_s: float = 0.0
    """The agent is ended after this time without a turn; 0 for never. The next prompt resumes it."""
    began_ms: int = 0
    """When the resumed session began, in milliseconds since 1970; 0 for none."""
    fork_of: str = ""
    """The session whose transcript this one copied, and whose conversation it forks; "" for none, or without a copy."""
    begins_with_items: bool = False
    """Whether ``paths.session_history`` has the items that the transcript begins with; always so for a fork."""


SETUP_DETAIL: Final = "Setting up the worktree"
"""The detail of a chat's status while the command of a ``WorktreeSetup`` runs; the agent does not work then."""


class WorktreeSetup(msgspec.Struct, frozen=True):
    """The user's command that runs in a chat's new worktree before the agent; see ``session_host.worktree_setup``."""

    command: str
    """The command line, which the user's shell runs."""
    worktree: str
    """The worktree's top directory."""
    repository: str
    """The directory of the repository that it was made of: that of its main working tree, or of a bare repository."""
    mark: str = ""
    """The file that exists while the worktree is not set up (``paths.worktree_setup_mark``); "" for none."""


class LaunchSpec(msgspec.Struct, frozen=True):
    """Everything that a host needs to start one session.

    It travels through sockets; the standby keeper gets it as a file of its own in memory (memfd). It is never in an
    argv, the environment or on a disk, since ``env`` may hold secrets.
    """

    facts: ChatFacts
    env: dict[str, str]
    """The child's whole environment."""
    scrollback_lines: int
    colors: tuple[int, int, int, bool] | None
    """The colours of the starter's terminal, as in messages.Colors; None if unknown."""
    socket_path: str
    database: str
    screen: str
    """The path of the last screen, saved when the session has ended."""
    umask: int
    """The program's umask, as umask(2) takes it."""
    log: str
    """The path of the host's log."""
    journal: str
    """The directory of the output's recording; "" for none."""
    journal_limit_bytes: int
    settings: str
    """The path of the user's ``chats.toml``, for settings that affect running chats."""
    stderr: str = ""
    """The path for the program's standard error; "" for the terminal."""
    identity: Identity = Identity()
    watch: Watch = Watch()
    continues: bool = False
    """Whether it continues an earlier conversation that is no session's, such as one from outside of Outlive."""
    structured: StructuredLaunch | None = None
    """How Outlive talks to the agent, if it has no terminal."""
    restore_points: bool = False
    """Whether the files of the working tree are kept before each prompt; see ``session_host.restore_points``."""
    setup: WorktreeSetup | None = None
    """What runs before the agent; None for nothing."""
    begins_with_screen: bool = False
    """Whether ``paths.session_history`` has the text that the terminal begins with: that of the shell before it."""
    palette: tuple[int, ...] = ()
    """The colours 0 to 15 of the starter's terminal; none if unknown."""
    reports_to: str = ""
    """The agent's chat that gets the answer of each turn as a prompt, by its first id in ``AGENT_CHATS``
    (``system.processes.permission``), which the chat that resumes it takes over; "" for none. See ``host.report_back``.
    """

    @property
    def ends_all(self) -> bool:
        """Whether stop and kill also end what the program started: an agent or a command, but not a shell."""
        return self.watch.ends_all or self.facts.origin.agent == "command"


class LaunchReport(msgspec.Struct, frozen=True):
    """The host's report: it runs and listens, or the reason why not."""

    ok: bool
    host_pid: int = 0
    child_pid: int = 0
    error: str = ""
    """One line for the user; "" if ok."""
    error_kind: str = ""
    """"not_found" (the program), "refused" (the agent that starts it may not), or "failed"."""

"""One agent of the catalog: its name, its program, and the arguments to start and to resume it."""

from __future__ import annotations

import os
import pwd
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from session_host.errors import AgentNotFound, UsageError
from session_host.protocol.launch import Identity, Watch
from session_host.protocol.untrusted_text import is_conversation
from session_host.protocol.values import Runtime
from session_host.system.files import find_program
from session_host.system.installation import own_interpreter

ARGUMENTS = "{arguments}"
"""The placeholder in a template for the user's arguments, if any."""

SHELL, PYTHON, CONVERSATION, PROMPT, FILES = "{shell}", "{python}", "{conversation}", "{prompt}", "{files}"
THROUGH = "{through}"
"""Placeholders in a template, as a word or within one: the user's shell, the Python that runs Outlive, the
conversation's id, the prompt, the directory of the agent's files for the session, and the last message of a fork.
"""

PROMPT_FILE = "{prompt_file}"
"""A file with the prompt: all users of the machine can read an argv."""

PLACEHOLDERS = (ARGUMENTS, SHELL, PYTHON, CONVERSATION, PROMPT, PROMPT_FILE, FILES, THROUGH)

_LAST_RESORT_SHELL = "/bin/sh"

Template = tuple[str | tuple[str, ...], ...]
"""An argv with placeholders. Words in a nested list belong together. They are left out if

- a placeholder among them has no value,
- this version of the agent lacks the option that they begin with, or
- the user's own arguments have that option.
"""

StartMode = Literal["new", "resume", "pick"]
"""Whether an agent begins a conversation, resumes a known one, or lets its user pick one from a list."""


class TemplateValues(NamedTuple):
    """The values of an argv template's placeholders; "" for none.

    Attributes:
        prompt: the first prompt.
        conversation: the id of the conversation that begins or is resumed.
        files: the directory of the agent's files for the session.
        through: the id of the last message that a fork copies; "" for all.
    """

    prompt: str = ""
    conversation: str = ""
    files: str = ""
    through: str = ""


NO_VALUES = TemplateValues()


class ConversationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an agent identifies its conversations, and how it resumes one."""

    preset: bool = False
    """Whether the starter chooses the id, a UUID."""
    resume: Template = ()
    """The argv that resumes a conversation; () if the agent cannot resume a named one."""
    picker: Template = ()
    """The argv that lets the user choose a conversation from the agent's own list; () if it has none."""
    form: str = ""
    """A pattern that matches whole ids (re.fullmatch); "" for any. It excludes words such as ``latest``."""
    asks: tuple[str, ...] = ()
    """Options of the user with a value that is a prompt, other than those in ``start``; a resume leaves them out."""
    asks_words: bool = False
    """Whether the user's words that belong to no option are the prompt, as if ``start`` had it without an option."""
    once: tuple[str, ...] = ()
    """Options with which the agent answers once and exits; ``once_valued`` are options with a value that only such a
    start accepts. A resumed chat is started without them.
    """
    once_valued: tuple[str, ...] = ()
    options: dict[str, Literal["flag", "id", "maybe id", "fork", "fork id"]] = {}
    """Options of the user that choose a conversation, and whether an id follows; a fork is a new conversation."""
    store: str = ""
    """The name of the agent's conversation store in ``conversations``; "" for none."""

    def is_id(self, text: str) -> bool:
        """Whether a text is a valid conversation id of the agent, and so may be put into an argv."""
        return is_conversation(text) and (not self.form or re.fullmatch(self.form, text) is not None)


class StructuredSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How Outlive starts an agent without a terminal, and talks to it."""

    dialect: str
    """A name of ``structured.dialects.base.DIALECTS``."""
    start: Template
    """The argv of a new conversation; it has the user's arguments and the prompt only if it has their placeholders."""
    resume: Template = ()
    """The argv that resumes one; () for the same, where the dialect asks for the conversation."""
    fork: Template = ()
    """The argv of a conversation that begins as a copy of ``{conversation}``; () if the agent cannot do that."""
    fork_through: Literal["", "message", "turn"] = ""
    """Whether a partial copy of a conversation ends at a message or a turn, given by its id; "" for none."""
    env: dict[str, str] = {}
    """Variables added to the inherited environment, in addition to the agent's ``env``."""
    options: dict[str, str] = {}
    """The dialect's options."""
    probed: tuple[str, ...] = ()
    """Options and commands in the help of each version that speaks the protocol; only with ``Agent.help``."""
    one_shot: Template = ()
    """The argv of ``session_host.one_shot`` for a version that does not, or if the user asks for it; () for none."""


class Probe(msgspec.Struct, frozen=True):
    """What an installed program answers about itself; ``probe`` asks it.

    Attributes:
        version: the version as the program prints it, ``2.1.329``; "" if unknown.
        options: all options that the help names; None if unknown.
        valued: options that take a value, perhaps an optional one.
        variadic: valued options that take any number of values.
        commands: words with which indented lines of the help begin, its commands among them.
    """

    version: str = ""
    options: frozenset[str] | None = None
    valued: frozenset[str] = frozenset()
    variadic: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of several accounts of an agent, each with files of its own: its log-in, its conversations, its settings."""

    env: dict[str, str]
    """The variables that lead there, with their absolute paths; in the file, one may begin with ``~``."""


class SkillsPlace(msgspec.Struct, frozen=True, kw_only=True):
    """The place of the user's skills for an agent. A skill is a text that teaches it something: https://agentskills.io."""

    variable: str
    """The variable that names the agent's directory."""
    default: str
    """That directory without the variable; it may begin with ``~``."""
    below: str = "skills"
    """The directory in it that has one for each skill."""


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """One agent of the catalog, as its file describes it."""

    name: str
    """The agent's name in commands; the stem of its file."""
    title: str
    """The agent's display name: ``Claude Code``."""
    executable: str
    """The program that must be on PATH; "" for the user's shell or a program that the user names."""
    start: Template = ()
    """The argv that starts it in a terminal; () if it runs only in a chat view."""
    default_arguments: tuple[str, ...] = ()
    """The arguments of a new chat if the user gives none."""
    arguments_replace: bool = False
    """Whether the user's arguments are the whole argv: ``outlive new shell -- top`` runs top."""
    subcommands: tuple[str, ...] = ()
    """First arguments that make the agent run without a conversation; it then gets only the user's arguments."""
    install_hint: str = ""
    """The command that installs the agent."""
    website: str = ""
    monogram: str
    """One or two letters for the agent's tile."""
    env: dict[str, str] = {}
    """Variables added to the inherited environment; may hold ``{files}``. A JSON object is merged with the user's."""
    env_if: dict[str, str] = {}
    """Conditions under which some of these variables are set: names in ``environment.CONDITIONS``."""
    scrub_env: tuple[str, ...] = ()
    """Variables removed from the inherited environment, added to those removed for all agents; fnmatch patterns."""
    position: int = 100
    """The agent's position in lists; agents with equal positions are sorted by name."""
    files: tuple[str, ...] = ()
    """Files that each session gets in its own directory; names in the catalog, paths once loaded."""
    presets: dict[str, tuple[str, ...]] = {}
    """Named arguments that the user may choose."""
    version: tuple[str, ...] = ()
    """The arguments that print the agent's version; () if it is not asked: a program that ignores them would run."""
    help: tuple[str, ...] = ()
    """The same for its options."""
    tested: tuple[str, ...] = ()
    """The versions that Outlive was tested with, newest first; () if none was."""
    oldest: str = ""
    """The first version that shows Outlive its turns, ``0.23.0``; "" if each one does, as far as is known."""
    probed: tuple[str, ...] = ()
    """Options that are left out if this version's help does not name them; only with ``help``."""
    stderr: bool = False
    """Whether the agent can run with its standard error redirected to a file."""
    conversation: ConversationSettings = ConversationSettings()
    identity: Identity = Identity()
    signals: Watch = Watch()
    mcp: tuple[str, ...] = ()
    """The arguments that make it start an MCP server; () if it takes none.

    ``{command}`` and ``{words}`` are the server's program and its arguments as JSON.
    """
    skills: SkillsPlace | None = None
    """None if it reads none."""
    accounts: dict[str, Account] = {}
    """The user's accounts beside the default one, by their names."""
    structured: StructuredSettings | None = msgspec.field(default=None, name="chat_view")
    """How it runs without a terminal; None if it cannot."""

    @property
    def runtimes(self) -> tuple[Runtime, ...]:
        """The runtimes in which the agent can run, the usual one first."""
        terminal: tuple[Runtime, ...] = ("terminal",) if self.start else ()
        return terminal if self.structured is None else (*terminal, "structured")

    def choose_runtime(self, wanted: Runtime | None) -> Runtime:
        """The wanted runtime; the usual one if the user wants none (None).

        Raises:
            UsageError: the agent cannot run in it.
        """
        if wanted is None or wanted in self.runtimes:
            return wanted or self.runtimes[0]
        if wanted == "terminal":
            raise UsageError(f"{self.title} runs in no terminal; show it as a chat view")
        raise UsageError(f"{self.title} has no chat view; show it as a terminal")

    def nearest_runtime(self, earlier: Runtime) -> Runtime:
        """The runtime of an earlier chat or choice, if the agent still runs in it; else the usual one."""
        return earlier if earlier in self.runtimes else self.runtimes[0]

    def resumes(self, earlier: Runtime) -> bool:
        """Whether the agent can resume a named conversation, in the runtime that is nearest to an earlier one."""
        return self.nearest_runtime(earlier) == "structured" or bool(self.conversation.resume)

    @property
    def starts_without_arguments(self) -> bool:
        """Whether the agent runs something when the user names nothing."""
        return any(part != ARGUMENTS for part in self.start)

    @property
    def accepts_prompt(self) -> bool:
        """Whether the agent accepts a prompt at its start."""
        words = [word for part in self.start for word in ((part,) if isinstance(part, str) else part)]
        return any(PROMPT in word or PROMPT_FILE in word for word in words)

    @property
    def keeps_conversation_in_files(self) -> bool:
        """Whether the agent keeps a conversation in a file among its session's files, not in its own directory."""
        words = [word for part in self.conversation.resume for word in ((part,) if isinstance(part, str) else part)]
        return any(FILES in word and CONVERSATION in word for word in words)

    def preset(self, name: str) -> tuple[str, ...]:
        """The arguments of this name.

        Raises:
            UsageError: there is no such name; the message lists the names.
        """
        try:
            return self.presets[name]
        except KeyError:
            advice = (
                f"available: {', '.join(sorted(self.presets))}"
                if self.presets
                else "it has no presets; define one under `presets` in the agent's file"
            )
            raise UsageError(f"{self.name} has no preset {name!r}; {advice}") from None

    def account(self, name: str) -> Mapping[str, str]:
        """The variables of the account of this name; none for the default one, "".

        Raises:
            UsageError: there is no such account; the message lists the names.
        """
        if not name:
            return {}
        try:
            return self.accounts[name].env
        except KeyError:
            advice = (
                f"available: {', '.join(self.accounts)}"
                if self.accounts
                else f"it has none; define one under [accounts.{name}] in agents/{self.name}.toml"
            )
            raise UsageError(f"{self.name} has no account {name!r}; {advice}") from None

    def is_subcommand(self, arguments: Sequence[str]) -> bool:
        """Whether these arguments make the agent run without a conversation."""
        return bool(arguments) and arguments[0] in self.subcommands

    def continues(self, argv: Sequence[str]) -> bool:
        """Whether an argv has an option that continues an earlier conversation."""
        options = self.conversation.options
        return any(options.get(word.partition("=")[0], "id") != "id" for word in argv)

    def parse_conversation_options(self, arguments: Sequence[str]) -> ConversationArguments:
        """Analyse the user's own arguments for the conversation that they choose."""
        others: list[str] = []
        conversation, is_chosen, follows, forks = "", False, False, False
        for index, word in enumerate(arguments):
            if word == "--":
                others += arguments[index:]
                break
            if follows:
                follows = False
                if is_conversation(word):
                    conversation = word if self.conversation.is_id(word) else ""
                    continue
            name, equals, value = word.partition("=")
            kind = self.conversation.options.get(name)
            if kind is None:
                others.append(word)
                continue
            is_chosen = True
            forks = forks or kind.startswith("fork")
            if equals:
                conversation = value if self.conversation.is_id(value) else ""
            else:
                follows = kind.endswith("id")
        return ConversationArguments(is_chosen, "" if forks else conversation, others)

    def argv(
        self,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        values: TemplateValues = NO_VALUES,
        *,
        mode: StartMode = "new",
        supports: Collection[str] | None = None,
        template: Template = (),
    ) -> list[str]:
        """Build the argument vector that starts the agent.

        Args:
            arguments: the user's arguments after ``--``.
            environment: the environment that has ``SHELL``; None for this process's.
            values: the values of the template's placeholders.
            mode: whether to begin a conversation, resume the one in ``values``, or let the user pick one.
            supports: the options that this version knows; None if unknown.
            template: the argv's template; () for the agent's own template of this mode.

        Raises:
            UsageError: the argv is empty.
        """
        if arguments and self.arguments_replace and not template:
            return list(arguments)
        if self.is_subcommand(arguments) and not template:
            return [self.executable, *arguments]
        prompt = values.prompt
        words = {
            SHELL: login_shell(environment),
            PYTHON: sys.executable,
            CONVERSATION: values.conversation,
            # The blank keeps the agent from reading the prompt as an option or a subcommand.
            PROMPT: f" {prompt}" if prompt.startswith("-") or prompt in self.subcommands else prompt,
            PROMPT_FILE: prompt_file(values.files) if prompt else "",
            FILES: values.files,
            THROUGH: values.through,
        }
        argv: list[str] = []
        if not template:
            settings = self.conversation
            template = {"new": self.start, "resume": settings.resume, "pick": settings.picker}[mode]
        for part in template:
            if part == ARGUMENTS:
                argv.extend(arguments)
            elif part == PYTHON:
                argv.extend(own_interpreter())
            elif isinstance(part, str):
                # A single word is a group of one, without an option.
                argv.extend(_filled((part,), words) or ())
            elif _is_option_needed(part[0], arguments, supports):
                argv.extend(_filled(part, words) or ())
        if not argv:
            raise UsageError(f"{self.name} needs a program to run: outlive new {self.name} -- PROGRAM [ARGUMENT…]")
        return argv

    def missing_options(self, probe: Probe) -> list[str]:
        """The options that Outlive uses and this version does not name in its help; [] if that is unknown."""
        return [] if probe.options is None else [option for option in self.probed if option not in probe.options]

    def why_too_old(self, probe: Probe) -> str:
        """Why a version is too old for Outlive, one line; "" if it is not, or if its version is not known."""
        if not self.oldest or not probe.version or _numbers(probe.version) >= _numbers(self.oldest):
            return ""
        return f"{self.title} {probe.version} is too old: Outlive sees no turns of versions before {self.oldest}"

    def supported(self, probe: Probe) -> frozenset[str] | None:
        """The value of ``supports`` for ``argv``; None if unknown.

        Only the catalog's ``probed`` options can be missing: help texts do not name all options.
        """
        if probe.options is None:
            return None
        parts = (*self.start, *self.conversation.resume, *(self.structured.fork if self.structured else ()))
        groups = [part[0] for part in parts if not isinstance(part, str)]
        return frozenset(word.partition("=")[0] for word in groups) - (frozenset(self.probed) - probe.options)

    @property
    def hears_refusals(self) -> bool:
        """Whether it hears what the user says with a refusal."""
        dialect = self.structured.dialect if self.structured is not None else ""
        return "claude" in {dialect, self.signals.answered_by_hook}

    def speaks_protocol(self, probe: Probe) -> bool:
        """Whether this version speaks the protocol of the agent's structured chats, as far as is known."""
        if self.structured is None or probe.options is None:
            return True
        return probe.options | probe.commands >= frozenset(self.structured.probed)

    def find(self, path: str) -> str | None:
        """Find the agent's program on this PATH (directories joined by colons); None if it is not installed.

        An agent without an executable of its own is always installed; the result is then the user's shell.
        """
        if not self.executable:
            return login_shell()
        found = find_program(self.executable, path)
        return os.path.abspath(found) if found else None  # noqa: PTH100 - symlinks stay unresolved

    def not_found(self) -> AgentNotFound:
        """The error that says that the agent is not installed, and how to install it."""
        message = f"{self.title} is not installed: {self.executable} is not on PATH"
        if self.install_hint:
            message += f"; install it with: {self.install_hint}"
        elif self.website:
            message += f"; see {self.website}"
        return AgentNotFound(message)


class ConversationArguments(NamedTuple):
    """The conversation that the user's own arguments choose.

    Attributes:
        is_chosen: whether the arguments choose a conversation; then Outlive must not choose one.
        conversation: the id that they name, or "".
        others: the arguments that are not about the conversation.
    """

    is_chosen: bool
    conversation: str
    others: list[str]


def without_prompt(agent: Agent, arguments: Sequence[str], probe: Probe) -> list[str]:
    """The arguments for resuming a chat: without the prompt, for an agent that accepts one in its argv.

    A resumed chat must not get its first prompt again, which would repeat the work. An option that makes the agent
    answer once and exit (``claude --print``) is removed together with the prompt: without a prompt the agent refuses to
    start.

    The agent's help distinguishes an option's value from the prompt. Without a help text, a word after any option may
    be the option's value, and stays.

    Args:
        agent: the agent that gets the arguments.
        arguments: the user's own arguments.
        probe: the known options of this version.
    """
    options = {part[0] for part in agent.start if not isinstance(part, str) and PROMPT in part}
    settings = agent.conversation
    options |= {*settings.asks, *settings.once_valued}
    short = tuple(option for option in options if len(option) == 2)
    takes_words = PROMPT in agent.start or settings.asks_words
    kept: list[str] = []
    values = 0  # How many of the next words may be values of the last option; -1 for any number.
    asks = False
    for index, word in enumerate(arguments):
        if word == "--":
            return kept if takes_words or word in options else [*kept, *arguments[index:]]
        if asks:
            asks = False
        elif word.startswith("-") and word != "-":
            name, equals, _ = word.partition("=")
            if name in settings.once or (word.startswith(short) and word not in short and not word.startswith("--")):
                values = 0
                continue  # The second form: ``-pTEXT``.
            asks = name in options and not equals
            if name not in options:
                kept.append(word)
            values = 0 if equals or name in options else _value_count(name, probe)
        elif values or not takes_words:
            kept.append(word)
            values = max(values - 1, -1) if values > 0 else values
    return kept


def prompt_of(agent: Agent, argv: Sequence[str], arguments: Sequence[str]) -> str:
    """The prompt in an argv that ``Agent.argv`` built from the catalog's template, or in its file; "" for none.

    Args:
        agent: the agent that was started.
        argv: the argv of a start, not of a resume.
        arguments: the user's own arguments within it.
    """
    last = agent.start[-1] if agent.start else ""
    words = (last,) if isinstance(last, str) else last
    if words[-1] not in {PROMPT, PROMPT_FILE} or len(argv) <= len(words):
        return ""
    before = argv[: -len(words)]
    if tuple(argv[-len(words) : -1]) != words[:-1] or (arguments and before[-len(arguments) :] != list(arguments)):
        return ""
    if words[-1] == PROMPT_FILE:
        try:
            return Path(argv[-1]).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""
    # Without a prompt, the argv ends with the arguments, or with the value of a template's option.
    ours = {part[0] for part in agent.start if not isinstance(part, str)}
    return "" if len(words) == 1 and not arguments and before[-1] in ours else argv[-1]


def _is_option_needed(option: str, arguments: Sequence[str], supports: Collection[str] | None) -> bool:
    """Whether this version knows an option that the user does not set."""
    if any(word == option or word.startswith(f"{option}=") for word in arguments):
        return False
    return supports is None or option.partition("=")[0] in supports


def prompt_file(files: str) -> str:
    """The path of the prompt's file in the directory of a session's files."""
    return f"{files}/prompt"


def _filled(words: Sequence[str], values: Mapping[str, str]) -> list[str] | None:
    """Fill in the words' placeholders; None if one of those has no value."""
    filled = []
    for word in words:
        for placeholder, value in values.items():
            if placeholder in word:
                if not value:
                    return None
                word = word.replace(placeholder, value)  # noqa: PLW2901
        filled.append(word)
    return filled


def login_shell(environment: Mapping[str, str] | None = None) -> str:
    """The absolute path of the user's shell: ``SHELL``, else the account's, else /bin/sh."""
    candidates = [(os.environ if environment is None else environment).get("SHELL", "")]
    try:
        candidates.append(pwd.getpwuid(os.getuid()).pw_shell)
    except KeyError:
        pass  # A user can lack an account entry, as in containers.
    for shell in candidates:
        if shell.startswith("/") and os.access(shell, os.X_OK):
            return shell
    return _LAST_RESORT_SHELL


def _numbers(version: str) -> list[int]:
    """The numbers of a version, without what follows a sign, as in ``1.2.3-beta.4``."""
    return [int(number) for number in re.split("[-+]", version)[0].split(".")]


def _value_count(option: str, probe: Probe) -> int:
    if probe.options is None or option not in probe.options or option in probe.variadic:
        return -1
    return 1 if option in probe.valued else 0

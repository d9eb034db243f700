"""One agent of the catalog: its name, program and arguments."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from session_host.errors import AgentNotFound, UsageError
from session_host.protocol.launch import Identity, Watch
from session_host.protocol.untrusted_text import is_conversation

ARGUMENTS = "{arguments}"
"""Stands in a template for the arguments that the user gave, none or many."""

SHELL, PYTHON, CONVERSATION, PROMPT, FILES = "{shell}", "{python}", "{conversation}", "{prompt}", "{files}"
"""Stand in a template, alone or within a word, for the user's shell, the Python that runs us, the conversation's id,
what is asked first, and the directory of the files that the agent is started with."""

PLACEHOLDERS = (ARGUMENTS, SHELL, PYTHON, CONVERSATION, PROMPT, FILES)

_LAST_RESORT_SHELL = "/bin/sh"

Template = tuple[str | tuple[str, ...], ...]
"""An argv with placeholders. Words in a list of their own belong together: they are left out if what they need is not
there, be it the value of a placeholder or, in this version of the agent, the option that they begin with; and if the
user's own arguments have that option, which is then the user's to set."""


class ConversationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the agent calls its conversations by, and how one is gone on with."""

    preset: bool = False
    """The one who starts it chooses the id, a UUID."""
    resume: Template = ()
    """The argv that goes on with a conversation; () if it cannot be told which."""
    picker: Template = ()
    """The argv that lets the user choose one from the agent's own list; () if it has none."""
    form: str = ""
    """What its ids look like, wholly (re.fullmatch); "" for any. It takes other words in their place: ``latest``."""
    asks: tuple[str, ...] = ()
    """The user's own options with a value that is asked at the start, beside those in ``start``; not asked again."""
    asks_words: bool = False
    """Words of the user's own that belong to no option are asked at the start, as if ``start`` had the prompt bare."""
    once: tuple[str, ...] = ()
    """Options by which it answers once and ends; ``once_valued`` those that are for such a start alone, with a value.
    A chat that goes on is started without them."""
    once_valued: tuple[str, ...] = ()
    options: dict[str, Literal["flag", "id", "maybe id", "fork", "fork id"]] = {}
    """The user's own words that choose a conversation, and whether an id follows; a fork is not the one named."""
    place: str = ""
    """The way by which its conversations are looked up: a name in ``conversations``; "" for none."""

    def is_id(self, text: str) -> bool:
        """Whether this is an id of one of its conversations, and may be put into an argv."""
        return is_conversation(text) and (not self.form or re.fullmatch(self.form, text) is not None)


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """How one agent is started, as its file in the catalog says."""

    name: str
    """What the user calls it; the stem of its file."""
    title: str
    """Its own name, for people: ``Claude Code``."""
    executable: str
    """The program that must be on PATH; "" for the user's shell or whatever the user names."""
    start: Template
    arguments_replace: bool = False
    """Given arguments are the whole argv: ``outlive new shell -- top`` runs top."""
    subcommands: tuple[str, ...] = ()
    """A first argument which makes it another program, without a conversation: it gets no arguments but the user's."""
    install_hint: str = ""
    """The command that installs it."""
    website: str = ""
    monogram: str
    """One or two letters for its tile."""
    env: dict[str, str] = {}
    """Set for it beyond the inherited environment; may hold ``{files}``. A JSON object is merged with the user's."""
    env_if: dict[str, str] = {}
    """What must hold for some of these variables to be set: names in ``conditions``."""
    scrub_env: tuple[str, ...] = ()
    """Removed for it from the inherited environment, beyond what is removed for all; fnmatch patterns."""
    position: int = 100
    """Its place in lists; equal places go by name."""
    files: tuple[str, ...] = ()
    """Files that each of its sessions gets in a directory of its own; names in the catalog, paths once loaded."""
    presets: dict[str, tuple[str, ...]] = {}
    """Arguments that the user may choose by a name."""
    version: tuple[str, ...] = ("--version",)
    """The arguments with which it tells its version; () if it cannot."""
    tested: tuple[str, ...] = ()
    """The versions that were run in Outlive's tests, newest first; () if none was."""
    probed: tuple[str, ...] = ()
    """Options that it is started without if this version's help does not name them."""
    stderr: bool = False
    """Whether it can be started with its standard error in a file, without harm."""
    conversation: ConversationSettings = ConversationSettings()
    identity: Identity = Identity()
    signals: Watch = Watch()

    @property
    def starts_alone(self) -> bool:
        """Whether it has something to run when the user names nothing."""
        return any(part != ARGUMENTS for part in self.start)

    @property
    def takes_prompt(self) -> bool:
        """Whether it can be asked something in its argv."""
        words = [word for part in self.start for word in ((part,) if isinstance(part, str) else part)]
        return any(PROMPT in word for word in words)

    @property
    def keeps_conversation_in_files(self) -> bool:
        """Whether a conversation of its is in a file among those of its session, and not in a place of its own."""
        words = [word for part in self.conversation.resume for word in ((part,) if isinstance(part, str) else part)]
        return any(FILES in word and CONVERSATION in word for word in words)

    def preset(self, name: str) -> tuple[str, ...]:
        """The arguments that go by this name.

        Raises:
            UsageError: there are none; the message lists those that there are.
        """
        try:
            return self.presets[name]
        except KeyError:
            there = (
                f"available: {', '.join(sorted(self.presets))}"
                if self.presets
                else "it has no presets; define one under `presets` in the agent's file"
            )
            raise UsageError(f"{self.name} has no preset {name!r}; {there}") from None

    def is_subcommand(self, arguments: Sequence[str]) -> bool:
        """Whether these arguments make it another program than a chat."""
        return bool(arguments) and arguments[0] in self.subcommands

    def chosen(self, arguments: Sequence[str]) -> ConversationArguments:
        """What the user's own arguments say of the conversation."""
        others: list[str] = []
        conversation, chooses, follows, forks = "", False, False, False
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
            chooses = True
            forks = forks or kind.startswith("fork")
            if equals:
                conversation = value if self.conversation.is_id(value) else ""
            else:
                follows = kind.endswith("id")
        return ConversationArguments(chooses, "" if forks else conversation, others)

    def argv(
        self,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        *,
        prompt: str = "",
        conversation: str = "",
        files: str = "",
        supports: Collection[str] | None = None,
        resume: bool = False,
        pick: bool = False,
    ) -> list[str]:
        """The argument vector that starts it.

        Args:
            arguments: what the user put behind ``--``.
            environment: where ``SHELL`` is looked up; this process's own if None.
            prompt: what is asked first, if it takes that; a blank before it keeps it from being taken for a subcommand.
            conversation: the id to begin one with, or, with ``resume``, that of the one to go on with.
            files: the directory of its files.
            supports: the options that this version knows; None if that is not known.
            resume: go on with a conversation.
            pick: let its user choose the conversation to go on with.

        Raises:
            UsageError: nothing is left to run.
        """
        if arguments and self.arguments_replace:
            return list(arguments)
        if self.is_subcommand(arguments):
            return [self.executable, *arguments]
        values = {
            SHELL: login_shell(environment),
            PYTHON: sys.executable,
            CONVERSATION: conversation,
            PROMPT: f" {prompt}" if prompt.startswith("-") or prompt in self.subcommands else prompt,
            FILES: files,
        }
        argv: list[str] = []
        template = self.conversation.picker if pick else self.conversation.resume if resume else self.start
        for part in template:
            if part == ARGUMENTS:
                argv.extend(arguments)
            elif isinstance(part, str):
                # A word alone is a group of one, which needs no option.
                argv.extend(_filled((part,), values) or ())
            elif _is_wanted(part[0], arguments, supports):
                argv.extend(_filled(part, values) or ())
        if not argv:
            raise UsageError(f"{self.name} needs a program to run: outlive new {self.name} -- PROGRAM [ARGUMENT…]")
        return argv

    def find(self, path: str) -> str | None:
        """Where its program is on this PATH (directories joined by colons), or None if it is not installed.

        One without an executable of its own is always there; the answer is then the user's shell.
        """
        if not self.executable:
            return login_shell()
        found = shutil.which(self.executable, path=path)
        return os.path.abspath(found) if found else None  # noqa: PTH100 - no symlink is to be resolved

    def not_found(self) -> AgentNotFound:
        """The error that says it is not installed, and what installs it."""
        message = f"{self.title} is not installed: {self.executable} is not on PATH"
        if self.install_hint:
            message += f"; install it with: {self.install_hint}"
        elif self.website:
            message += f"; see {self.website}"
        return AgentNotFound(message)


class ConversationArguments(NamedTuple):
    """What the user's own arguments say of the conversation.

    Attributes:
        chooses: they choose one, so that we must not.
        conversation: its id, if they name it; else "".
        others: the arguments that say nothing of it.
    """

    chooses: bool
    conversation: str
    others: list[str]


def _is_wanted(option: str, arguments: Sequence[str], supports: Collection[str] | None) -> bool:
    """Whether this version knows an option, and the user does not set it."""
    if any(word == option or word.startswith(f"{option}=") for word in arguments):
        return False
    return supports is None or option.partition("=")[0] in supports


def _filled(words: Sequence[str], values: Mapping[str, str]) -> list[str] | None:
    """The words with their placeholders filled in; None if one of those has no value."""
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
        pass  # A user without an account entry, as in containers.
    for shell in candidates:
        if shell.startswith("/") and os.access(shell, os.X_OK):
            return shell
    return _LAST_RESORT_SHELL

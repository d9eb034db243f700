"""The commands of ``outlive``: what each one does, and on which machine."""

from __future__ import annotations

from enum import Flag, auto
from typing import NamedTuple


class Where(Flag):
    """On which machine a command runs."""

    HERE = 0
    """On this one only."""
    CHAT = auto()
    """Its argument is a chat; with ``MACHINE:CHAT`` it runs on that machine."""
    ON = auto()
    """With ``--on MACHINE``, on that machine."""
    ASKS_ALL = auto()
    """With ``--on all``, here: it asks the machines itself. Without ``ON``, for one machine as well."""
    STARTS = auto()
    """It starts a chat, which is then shown in this terminal."""
    SHOWN_HERE = auto()
    """It reaches the chat from here, to show it or to bring its recording."""


class Command(NamedTuple):
    """The row of one command.

    Attributes:
        module: the module with its functions, in ``session_host.cli``.
        what: what it does, for help, man page and completions.
        where: on which machine it runs.
    """

    module: str
    what: str
    where: Where


GROUPS = {
    "Start": {
        "new": Command("starting", "start a chat with an agent, a shell or any command", Where.ON | Where.STARTS),
        "attach": Command(
            "attach.command", "open a chat in this terminal; Ctrl+B d detaches", Where.CHAT | Where.SHOWN_HERE
        ),
        "resume": Command("starting", "resume an ended chat's conversation", Where.CHAT | Where.STARTS),
        "demo": Command("demo", "show that a chat outlives its window", Where.HERE),
    },
    "Look": {
        "ls": Command("ls", "list running chats; --all includes ended ones", Where.ASKS_ALL),
        "peek": Command("peek", "print a chat's screen as text", Where.CHAT),
        "answer": Command("turns.answer", "print an agent's answer, or the output of a shell's command", Where.CHAT),
        "wait": Command(
            "wait", "wait until a chat shows a text, has a status, is quiet or ends", Where.CHAT | Where.ON
        ),
        "events": Command("events.command", "print what happens in all chats, as it comes", Where.ASKS_ALL),
        "usage": Command("usage", "print how many tokens and how much money turns used", Where.ON),
        "explain": Command("explain", "explain a chat's status", Where.CHAT),
        "search": Command("search", "search all chats", Where.ON | Where.ASKS_ALL),
        "replay": Command(
            "recording.replay", "play a chat's recording in this terminal", Where.CHAT | Where.SHOWN_HERE
        ),
        "export": Command(
            "recording.export", "save a chat: .cast, .txt, .html, .md or .json", Where.CHAT | Where.SHOWN_HERE
        ),
        "window": Command("window", "control the open window: tabs, show, new, next, toggle, grab, close", Where.HERE),
    },
    "Talk": {
        "send": Command("send", "type text or press keys in a chat", Where.CHAT),
        "approve": Command("answers", "allow what a chat's agent asks to do", Where.CHAT),
        "deny": Command("answers", "decline what a chat's agent asks to do", Where.CHAT),
    },
    "End and keep": {
        "sleep": Command("sleep", "end an idle agent; a text wakes the chat in its place", Where.CHAT),
        "stop": Command("ending", "ask a chat's agent to exit", Where.CHAT),
        "kill": Command("ending", "kill a chat's agent, and everything it started, at once", Where.CHAT),
        "kill-all": Command("ending", "kill all running chats", Where.ON),
        "rm": Command("ending", "remove an ended chat", Where.CHAT | Where.ON),
        "restore": Command(
            "restore", "list a chat's restore points; restore files to before a prompt", Where.CHAT | Where.ON
        ),
        "pin": Command(
            "records", "pin a chat: it is on top of the lists, and stays when ended chats are removed", Where.CHAT
        ),
        "rename": Command("records", "rename a chat", Where.CHAT),
    },
    "Set up": {
        "doctor": Command("doctor.command", "check the installation", Where.ON),
        "logs": Command("processes", "print the log of a chat's background process", Where.CHAT | Where.ON),
        "upgrade": Command(
            "processes",
            "update running chats to the installed version without interrupting them",
            Where.CHAT | Where.ON,
        ),
        "machines": Command("machines", "list, add or remove other machines, reached by ssh", Where.HERE),
        "web": Command("web", "serve a page for the phone: on, off, pair, devices", Where.HERE),
        "skill": Command("skill", "print or install a text that teaches agents to use Outlive", Where.HERE),
        "mcp": Command("mcp", "serve an agent that prefers tools: the Model Context Protocol", Where.HERE),
        "schema": Command("schema", "print the JSON Schema of what commands print with --json", Where.HERE),
        "help": Command("guide", "print a page of the guide, or the help of a command", Where.HERE),
    },
}
"""The commands that users type, in the order and with the headings of ``outlive --help``."""

SUBCOMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}

ALL_SUBCOMMANDS = SUBCOMMANDS | {
    "bridge": Command("machines", "serve another machine's client, which starts this by ssh", Where.HERE),
    "report-back": Command("turns.report_back", "tell the agent that started a chat what it answered", Where.HERE),
    "recording": Command("recording.there", "send a chat's recording to another machine's client", Where.HERE),
}
"""Also those that users do not type."""


def with_any(where: Where) -> set[str]:
    """The commands that users type and that have one of these words."""
    return {name for name, command in SUBCOMMANDS.items() if where & command.where}

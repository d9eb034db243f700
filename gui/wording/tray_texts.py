"""Texts of desktop notifications, and of the tray's menu."""

from __future__ import annotations

from collections.abc import Sequence

from gui.wording.text import Text
from session_host.protocol.untrusted_text import one_line

NEEDS_YOUR_ANSWER = Text("{agent} in {directory} needs your answer")


def command_ended(command: str, name: str, exit_code: int | None) -> str:
    """The end of a shell's command, in a chat with this name."""
    if exit_code:
        text = Text("{command} failed in {name} (exit code {code})")
        return text(command=command, name=name, code=exit_code)
    return Text("{command} ended in {name}")(command=command, name=name)


HOW_LONG_AND_WHERE = Text("After {duration}, {directory}")
NEEDS_YOU = Text("{name} needs you")
QUESTION_OVER = Text("{name} no longer needs you")
FINISHED = Text("{name} finished")
FAILED = Text("{name} failed")
AFTER = Text("After {duration}: {what}")
"""The duration of a turn, and the agent's last message or the error, or else the directory."""
SEVERAL_NEED_YOU = Text("{n:,} chat needs you", "{n:,} chats need you")
SEVERAL_FINISHED = Text("{n:,} chat finished", "{n:,} chats finished")
SEVERAL_FAILED = Text("{n:,} chat failed", "{n:,} chats failed")
SEVERAL_DIED = Text("{n:,} chat ended unexpectedly", "{n:,} chats ended unexpectedly")
SEVERAL_NOTIFIED = Text("{n:,} chat notified you", "{n:,} chats notified you")


def names(shown: list[str], further: int) -> str:
    """The names of some chats, and the number of further chats."""
    listed = ", ".join(shown)
    if further <= 0:
        return listed
    return Text("{names} and {count} more")(names=listed, count=further)


MUTE_MENU = Text("Mute notifications")
FOR_AN_HOUR = Text("For an hour")
UNTIL_TOMORROW = Text("Until tomorrow morning")
MUTED = Text("muted")
UNMUTE = Text("Unmute")
ENDED_UNEXPECTEDLY = Text("{name} ended unexpectedly")
QUIET = Text("{name} is quiet")
"""A chat that the user watched has written nothing for a while."""
HOW_QUIET_AND_WHERE = Text("No output for {seconds:g} s, in {where}")
HOW_AND_WHERE = Text("{how}, in {where}")
NEW_CHAT_IN = Text("New chat in")
RUNNING = Text("{n:,} chat running", "{n:,} chats running")
UNREACHABLE = Text("{count:,} unreachable")
ALL_CHATS = Text("All chats…")
OPEN_OUTLIVE = Text("Open Outlive")
QUIT_WINDOW = Text("Quit (chats keep running)")
WAITING = Text("{n:,} needs you", "{n:,} need you")
IN_THE_TRAY = Text("Your chats keep running. Click the tray icon to open the window again.")
"""When the user closes the only window for the first time, and there is a tray icon (``App.close_window``)."""
IN_THE_TRAY_TITLE = Text("Outlive is still running")
SETTINGS = Text("Settings…")

# Notifications of programs in shells, which are untrusted.
MAX_TITLE, MAX_TEXT = 80, 400
"""The most characters of a program's notification that are passed on."""


def passed_on(name: str, messages: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Title and text of a desktop notification that passes on those of a chat's programs: titles and texts.

    The title begins with the chat's name, so that no program's words can be mistaken for another's.
    """
    if len(messages) == 1 and all(messages[0]):
        ((title, text),) = messages
        title = Text("{name}: {title}")(name=name, title=_cut(one_line(title), MAX_TITLE))
        return title, _cut(text, MAX_TEXT)
    lines = (": ".join(filter(None, map(one_line, message))) for message in messages)
    return name, _cut("\n".join(lines) if len(messages) > 1 else "".join(messages[0]), MAX_TEXT)


def _cut(text: str, most: int) -> str:
    text = text.strip()
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"

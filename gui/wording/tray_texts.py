"""Texts of desktop notifications, and of the tray's menu."""

from __future__ import annotations

from collections.abc import Sequence

from gui.wording.text import Text
from session_host.protocol.untrusted_text import one_line

NEEDS_YOUR_ANSWER = Text("notice", "{agent} in {directory} needs your answer")


def command_ended(command: str, name: str, exit_code: int | None) -> str:
    """The end of a shell's command, in a chat with this name."""
    if exit_code:
        text = Text("notice", "{command} failed in {name} (exit code {code})")
        return text(command=command, name=name, code=exit_code)
    return Text("notice", "{command} ended in {name}")(command=command, name=name)


HOW_LONG_AND_WHERE = Text("notice", "After {duration}, {directory}")
NEEDS_YOU = Text("notice", "{name} needs you")
QUESTION_OVER = Text("notice", "{name} no longer needs you")
FINISHED = Text("notice", "{name} finished")
FAILED = Text("notice", "{name} was stopped by an error")
AFTER = Text("notice", "After {duration}: {what}")
"""The duration of a turn, and the agent's last message or the error, or else the directory."""
SEVERAL_NEED_YOU = Text("notice", "{n:,} chat(s) need(s) you")
SEVERAL_FINISHED = Text("notice", "{n:,} chat(s) finished")
SEVERAL_FAILED = Text("notice", "{n:,} chat(s) stopped by an error")
SEVERAL_DIED = Text("notice", "{n:,} chat(s) ended unexpectedly")
SEVERAL_NOTIFIED = Text("notice", "{n:,} chat(s) notified you")


def names(shown: list[str], further: int) -> str:
    """The names of some chats, and the number of further chats."""
    listed = ", ".join(shown)
    if further <= 0:
        return listed
    return Text("notice", "{names} and {count} more")(names=listed, count=further)


MUTE_MENU = Text("notice", "Mute notifications")
FOR_AN_HOUR = Text("notice", "For an hour")
UNTIL_TOMORROW = Text("notice", "Until tomorrow morning")
MUTED = Text("notice", "muted")
UNMUTE = Text("notice", "Unmute")
ENDED_UNEXPECTEDLY = Text("notice", "{name} ended unexpectedly")
QUIET = Text("notice", "{name} is quiet")
"""A chat that the user watched has written nothing for a while."""
HOW_QUIET_AND_WHERE = Text("notice", "No output for {seconds:g} s, in {where}")
HOW_AND_WHERE = Text("notice", "{how}, in {where}")
NEW_CHAT_IN = Text("notice", "New chat in")
RUNNING = Text("notice", "{n:,} chat(s) running")
UNREACHABLE = Text("notice", "{count:,} unreachable")
ALL_CHATS = Text("notice", "All chats…")
OPEN_OUTLIVE = Text("notice", "Open Outlive")
QUIT_WINDOW = Text("notice", "Quit (chats keep running)")
WAITING = Text("notice", "{n:,} need(s) you")
IN_THE_TRAY = Text("notice", "Your chats keep running. Click the tray icon to open the window again.")
"""When the user closes the only window for the first time, and there is a tray icon (``App.close_window``)."""
IN_THE_TRAY_TITLE = Text("notice", "Outlive is still running")
SETTINGS = Text("tray", "Settings…")

# Notifications of programs in shells, which are untrusted.
MAX_TITLE, MAX_TEXT = 80, 400
"""The most characters of a program's notification that are passed on."""


def passed_on(name: str, messages: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Title and text of a desktop notification that passes on those of a chat's programs: titles and texts.

    The title begins with the chat's name, so that no program's words can be mistaken for another's.
    """
    if len(messages) == 1 and all(messages[0]):
        ((title, text),) = messages
        title = Text("notice", "{name}: {title}")(name=name, title=_cut(one_line(title), MAX_TITLE))
        return title, _cut(text, MAX_TEXT)
    lines = (": ".join(filter(None, map(one_line, message))) for message in messages)
    return name, _cut("\n".join(lines) if len(messages) > 1 else "".join(messages[0]), MAX_TEXT)


def _cut(text: str, most: int) -> str:
    text = text.strip()
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"

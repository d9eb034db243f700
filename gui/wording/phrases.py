"""Words for ages, durations, directories, the ends of chats, and agents' activities. Pure."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Final

from PySide6.QtCore import QLocale

from gui.wording import dates
from gui.wording.text import Text
from session_host.paths import short_directory as short_directory  # noqa: PLC0414 - re-exported
from session_host.protocol.facts import AgentStatus
from session_host.protocol.shown_duration import exact_duration
from session_host.protocol.values import SILENCE
from session_host.standing import clock_times
from session_host.standing.ages import HOUR_S, MINUTE_S, NOW_S, duration
from session_host.standing.clock_times import ToldDay

WORD_JOINER = "\u2060"
"""Forbids a line break; it has no width (UAX #14)."""


def ago(since: datetime | None, now: datetime) -> str:
    """The age for a sentence: "just now", "14 s ago", "2 min ago"; "" if unknown."""
    if since is None:
        return ""
    seconds = (now - since).total_seconds()
    if seconds < NOW_S:
        return Text("just now")()
    return Text("{duration} ago")(duration=duration(seconds))


def ago_or_day(since: datetime | None, now: datetime) -> str:
    """The age in words: "31 min ago", "yesterday", "5 d ago"; "" if unknown."""
    if since is None:
        return ""
    days = (now.astimezone().date() - since.astimezone().date()).days
    return Text("yesterday")() if days == 1 and (now - since).total_seconds() >= 12 * HOUR_S else ago(since, now)


def whole_duration(seconds: float) -> str:
    """A duration, rounded to minutes, a short one to seconds: "14 s", "21 min", "3 h 5 min"."""
    whole_s = round(seconds / 60) * 60 if seconds >= MINUTE_S else round(seconds)
    return exact_duration(whole_s * 1000, is_whole=True)


def is_young(since: datetime | None, now: datetime) -> bool:
    """Whether the age is shown in seconds."""
    return since is not None and (now - since).total_seconds() < MINUTE_S


def data_size(size_bytes: int) -> str:
    """A size on the disk: "120 KiB", "1.2 GiB"."""
    digits = 1 if size_bytes >= 1024**3 else 0
    return QLocale.c().formattedDataSize(size_bytes, digits, QLocale.DataSizeFormat.DataSizeIecFormat)


def short_path(path: str, characters: int) -> str:
    """A file's path with "…" in place of the directories in its middle that do not fit; its name stays whole."""
    if len(path) <= characters:
        return path
    *directories, name = path.split("/")
    head: list[str] = []
    tail = [name]
    while directories:
        # A directory beside the file says more than one at the path's beginning.
        is_near = len("/".join(tail[:-1])) <= len("/".join(head))
        one = directories[-1 if is_near else 0]
        if len("/".join([*head, one, "…", *tail])) > characters:
            break
        directories.pop(-1 if is_near else 0)
        if is_near:
            tail.insert(0, one)
        else:
            head.append(one)
    return "/".join([*head, "…", *tail]) if directories else path


def shortened(text: str, characters: int = 40) -> str:
    """Shorten a text to a number of characters by cutting its middle."""
    if len(text) <= characters:
        return text
    half = (characters - 1) // 2
    return f"{text[:half].rstrip()}…{text[-half:].lstrip()}"


def first_upper(text: str) -> str:
    """A text with a capital letter first, unless its first word is a name: a file's, or one before a colon."""
    is_word = text.partition(" ")[0].rstrip(",;…").replace("’", "").replace("'", "").isalpha()
    return text[:1].upper() + text[1:] if is_word else text


def in_whole_words(text: str) -> str:
    """A text that wraps only at its spaces: a command or an address is not divided behind "/" and "-"."""
    return text.replace("/", f"/{WORD_JOINER}").replace("-", f"-{WORD_JOINER}")


def last_part(path: str, home: str | None = None) -> str:
    """The last part of a directory's path, as its short name; ``~`` for the home directory, by default this user's."""
    # Without ``Path``, which takes 25 µs: the sidebar calls this a thousand times in a row.
    if path == (os.path.expanduser("~") if home is None else home):  # noqa: PTH111
        return "~"
    return path.rstrip("/").rpartition("/")[2] or path


def at_time(moment: datetime | None, now: datetime) -> str:
    """``told_time`` in a sentence: "at 14:03", "on Saturday at 14:03", "on 2 May at 14:03"; "" if unknown."""
    if moment is None:
        return ""
    date, today = moment.astimezone().date(), now.astimezone().date()
    at = Text("at {time}")(time=dates.time_of_day(moment))
    match clock_times.told_day(date, today):
        case ToldDay.NOTHING:
            return at
        case ToldDay.WEEKDAY:
            return Text("on {day} {at}")(day=dates.weekday(date), at=at)
        case _:
            return Text("on {day} {at}")(day=dates.day(date, today), at=at)


def told_time(moment: datetime | None, now: datetime, *, with_date: bool = False) -> str:
    """As ``clock_times.told_time``, in the user's language: "14:03", "Sat 14:03", "2 May, 14:03"; "" if unknown."""
    if moment is None:
        return ""
    date, today, time = moment.astimezone().date(), now.astimezone().date(), dates.time_of_day(moment)
    told = clock_times.told_day(date, today)
    if told is ToldDay.NOTHING:
        return time
    weekday = dates.weekday(date, is_short=True)
    if told is ToldDay.WEEKDAY and not with_date:
        return f"{weekday} {time}"
    day = dates.day(date, today, is_short=True)
    return f"{weekday} {day}, {time}" if with_date else f"{day}, {time}"


def without_remedy(line: str) -> str:
    """An error line without the command that it suggests, for a place with a button that does the same."""
    return line.partition("; ")[0]


# An agent's activity, its source and age.
SOURCES: Final = {
    "protocol": Text("agent’s messages"),
    "hook": Text("hooks"),
    "plugin": Text("plugin"),
    "state file": Text("agent’s own file"),
    "osc 7501": Text("agent’s own report"),
    "osc 9;4": Text("progress in the terminal"),
    "title": Text("window title"),
    "notification": Text("notification"),
    "bell": Text("bell"),
    "input": Text("your answer"),
    SILENCE: Text("silence"),
    "process": Text("its process"),
    "background": Text("its work in the background"),
    "chosen at the start": Text("chosen at the start"),
    "written": Text("transcript"),
    "open files": Text("open files"),
}
"""The sources of activities, and of a conversation's id, as *Status details* names them."""


def source_words(source: str) -> str:
    """The window's term for a source, such as "hooks"; an unknown source keeps its own name."""
    return SOURCES[source]() if source in SOURCES else source


def activity_and_age(status: AgentStatus, since: datetime | None, now: datetime) -> str:
    """An agent's activity and its age: "working · 14 s ago"; without a source, nothing was reported yet."""
    if status.is_silent:
        return f"{status.words} · {no_activity(since, now)}"
    age = ago(since, now) if status.source else ""
    return f"{status.words} · {age}" if age else status.words


def running(foreground: str | None, since: datetime | None, now: datetime, last_command: str = "") -> str:
    """A shell's foreground program and its duration, "running make -j8 for 2 min"; or its last command's end."""
    if last_command:
        return ", ".join(
            filter(
                None,
                (Text("idle · {command}")(command=last_command), ago(since, now)),
            )
        )
    if not foreground:
        return Text("running")() if foreground is None else Text("idle · at the prompt")()
    lasted_s = (now - since).total_seconds() if since is not None else 0.0
    if lasted_s < NOW_S:
        return Text("running {command}")(command=foreground)
    return Text("running {command} for {duration}")(command=foreground, duration=duration(lasted_s))


def no_activity(since: datetime | None, now: datetime) -> str:
    """The duration without reports and output: "no activity for 2 min"."""
    if since is None:
        return Text("no activity")()
    return Text("no activity for {duration}")(duration=duration((now - since).total_seconds()))

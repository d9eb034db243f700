"""Status texts: activity and age, and the sources of activities. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from gui.wording import phrases
from session_host.protocol.values import Activity

translate = QCoreApplication.translate

SILENCE = "silence"
"""The source of the activity "no signal", which begins because no report came."""

SOURCES: Final = {
    "protocol": QT_TRANSLATE_NOOP("activity", "agent’s messages"),
    "hook": QT_TRANSLATE_NOOP("activity", "hooks"),
    "plugin": QT_TRANSLATE_NOOP("activity", "plugin"),
    "state file": QT_TRANSLATE_NOOP("activity", "agent’s own file"),
    "osc 7501": QT_TRANSLATE_NOOP("activity", "agent’s own report"),
    "osc 9;4": QT_TRANSLATE_NOOP("activity", "progress in the terminal"),
    "title": QT_TRANSLATE_NOOP("activity", "window title"),
    "notification": QT_TRANSLATE_NOOP("activity", "notification"),
    "bell": QT_TRANSLATE_NOOP("activity", "bell"),
    "input": QT_TRANSLATE_NOOP("activity", "your answer"),
    SILENCE: QT_TRANSLATE_NOOP("activity", "silence"),
    "process": QT_TRANSLATE_NOOP("activity", "its process"),
    "chosen at the start": QT_TRANSLATE_NOOP("activity", "chosen at the start"),
    "written": QT_TRANSLATE_NOOP("activity", "transcript"),
    "open files": QT_TRANSLATE_NOOP("activity", "open files"),
}
"""The sources of activities, and of a conversation's id, as *Status details* names them."""

_ACTIVITIES = {
    Activity.NEEDS_INPUT: QT_TRANSLATE_NOOP("activity", "needs you"),
    Activity.WORKING: QT_TRANSLATE_NOOP("activity", "working"),
    Activity.IDLE: QT_TRANSLATE_NOOP("activity", "idle"),
    Activity.SUSPENDED: QT_TRANSLATE_NOOP("activity", "suspended"),
    Activity.NO_SIGNAL: QT_TRANSLATE_NOOP("activity", "no signal"),
}


def activity_words(activity: Activity) -> str:
    """The window's term for an activity."""
    return translate("activity", str(_ACTIVITIES[activity]))


def source_words(source: str) -> str:
    """The window's term for a source, such as "hooks"; an unknown source keeps its own name."""
    return translate("activity", str(SOURCES[source])) if source in SOURCES else source


def activity_and_age(activity: Activity, source: str, since: datetime | None, now: datetime) -> str:
    """An agent's activity and its age: "working · 14 s ago"; without a source, nothing was reported yet."""
    what = activity_words(activity)
    if source == SILENCE:
        return f"{what} · {no_activity(since, now)}"
    age = phrases.ago(since, now) if source else ""
    return f"{what} · {age}" if age else what


def running(foreground: str | None, since: datetime | None, now: datetime, last_command: str = "") -> str:
    """A shell's foreground program and its duration, "running make -j8 for 2 min"; or its last command's end."""
    if last_command:
        return ", ".join(
            filter(
                None,
                (translate("activity", "idle · {command}").format(command=last_command), phrases.ago(since, now)),
            )
        )
    if not foreground:
        return translate("activity", "running") if foreground is None else translate("activity", "idle · at the prompt")
    lasted_s = (now - since).total_seconds() if since is not None else 0.0
    if lasted_s < phrases.NOW_S:
        return translate("activity", "running {command}").format(command=foreground)
    return translate("activity", "running {command} for {duration}").format(
        command=foreground, duration=phrases.duration(lasted_s)
    )


def no_activity(since: datetime | None, now: datetime) -> str:
    """The duration without reports and output: "no activity for 2 min"."""
    if since is None:
        return translate("activity", "no activity")
    duration = phrases.duration((now - since).total_seconds())
    return translate("activity", "no activity for {duration}").format(duration=duration)

"""How it is known what an agent does, in words: who said so, and how long ago. Pure."""

from __future__ import annotations

from datetime import datetime

from gui.wording import phrases
from session_host.protocol.values import Activity

SILENCE = "silence"
"""The source of an activity that ended since nobody said a word of it any more."""

INPUT = "input"
"""The source of an activity that ended since the user answered."""

_SOURCES = {
    "hook": "hooks",
    "plugin": "plugin",
    "state file": "status file",
    "osc 7501": "terminal status (OSC 7501)",
    "osc 9;4": "terminal progress (OSC 9;4)",
    "title": "window title",
    "notification": "notification",
    "bell": "bell",
    INPUT: "your answer",
    SILENCE: "silence",
}

_ACTIVITIES = {
    Activity.NEEDS_INPUT: "needs you",
    Activity.WORKING: "working",
    Activity.IDLE: "idle",
    Activity.NO_SIGNAL: "no signal",
}


def activity_words(activity: Activity) -> str:
    """An activity as the window calls it."""
    return _ACTIVITIES[activity]


def source_words(source: str) -> str:
    """A source as the window calls it: "hooks"; an unknown one under its own name."""
    return _SOURCES.get(source, source)


def told_by(source: str) -> str:
    """The source of a report, after a mark: "hooks", "after your answer"; "" for none."""
    if source == INPUT:
        return "after your answer"
    return source_words(source)


def how_known(activity: Activity, source: str, since: datetime | None, now: datetime) -> str:
    """What an agent does, who says so and since when: "working · hooks, 14 s ago"."""
    what = activity_words(activity)
    if source == SILENCE:
        return f"{what} · {no_word(since, now)}"
    who = told_by(source)
    if not who:
        return what
    return f"{what} · {who}, {ago}" if (ago := phrases.ago(since, now)) else f"{what} · {who}"


def running(foreground: str | None, since: datetime | None, now: datetime, last_command: str = "") -> str:
    """What runs in a shell's foreground, and for how long: "running make -j8 for 2 min"; or how the last one ended."""
    if last_command:
        return ", ".join(filter(None, (f"running · {last_command}", phrases.ago(since, now))))
    if not foreground:
        return "running" if foreground is None else "running · at the prompt"
    lasted_s = (now - since).total_seconds() if since is not None else 0.0
    return (
        f"running {foreground} for {phrases.duration(lasted_s)}"
        if lasted_s >= phrases.NOW_S
        else f"running {foreground}"
    )


def no_word(since: datetime | None, now: datetime) -> str:
    """For how long nobody has said a word: "no activity for 2 min"."""
    if since is None:
        return "no activity"
    return f"no activity for {phrases.duration((now - since).total_seconds())}"

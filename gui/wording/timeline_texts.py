"""Texts of the window with a day of all chats."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from gui.wording import dates, phrases
from gui.wording.chat_texts import answered_where, joined
from gui.wording.text import Text
from session_host.system.clock import moment_of

if TYPE_CHECKING:
    from session_host.standing.days import ChatDay, Span

TIMELINE = Text("Timeline")
WINDOW_TITLE = Text("Timeline — Outlive")
TODAY = Text("Today")
YESTERDAY = Text("Yesterday")
PREVIOUS_DAY = Text("Previous day")
NEXT_DAY = Text("Next day")
CHATS = Text("Chats of the day")
NOTHING = Text("No chat worked on this day.")
NOTHING_KEPT = Text("Nothing is known of this day. What chats did is kept for 30 days.")
WORKED = Text("worked by {n} chat", "worked by {n} chats")
WAITED = Text("waited for you")
LONGEST_WAIT = Text("longest wait")
PROMPTS = Text("prompts")
WORKING = Text("working")
WAITING = Text("waiting for you")
YOUR_PROMPT = Text("your prompt")
FAILED = Text("failed")
KEPT = Text("From the events of each chat, which its machine keeps for 30 days")
GOES_THERE = Text("A click goes there")


def day_name(day: date, today: date) -> str:
    """The name of a day: "Today", "Yesterday", "Friday"."""
    ago = (today - day).days
    if ago in {0, 1}:
        return YESTERDAY() if ago else TODAY()
    return dates.weekday(day)


def clock(at_s: float) -> str:
    """A time of day."""
    return dates.time_of_day(moment_of(at_s * 1000))


def span_title(span: Span) -> str:
    form = Text("Waited for you {duration}") if span.waits else Text("Worked {duration}")
    return form(duration=phrases.whole_duration(span.end_s - span.begin_s))


def span_times(span: Span) -> str:
    return Text("{begin} – {end}")(begin=clock(span.begin_s), end=clock(span.end_s))


def span_lines(span: Span) -> list[str]:
    """What a tool tip says of a time, line by line."""
    end = joined(span.answer, answered_where(span.by)) if span.waits else ""
    return list(filter(None, (joined(span_title(span), span_times(span)), span.text, end)))


def failure_lines(at_s: float, error: str) -> list[str]:
    return [Text("Failed at {time}")(time=clock(at_s)), error]


def prompt_lines(at_s: float) -> list[str]:
    return [Text("Your prompt at {time}")(time=clock(at_s))]


def spoken(name: str, day: ChatDay) -> str:
    """A chat's day for screen readers."""
    waits = sum(span.waits for span in day.spans)
    parts = [
        Text("worked {duration}")(duration=phrases.whole_duration(day.worked_s)) if day.worked_s else "",
        WAITS_SPOKEN(duration=phrases.whole_duration(day.waited_s), n=waits) if waits else "",
        PROMPTS_SPOKEN(n=len(day.prompts_s)) if day.prompts_s else "",
        FAILURES_SPOKEN(n=len(day.failures)) if day.failures else "",
    ]
    return ", ".join(filter(None, (name, *parts)))


WAITS_SPOKEN = Text("waited for you {duration} in {n} time", "waited for you {duration} in {n} times")
PROMPTS_SPOKEN = Text("{n} prompt", "{n} prompts")
FAILURES_SPOKEN = Text("failed {n} time", "failed {n} times")

"""Texts of usage: what chats used, the limits of accounts, the amounts at which a prompt is asked about first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from gui.wording import dates
from gui.wording.chat_texts import joined
from gui.wording.phrases import told_time
from gui.wording.text import Text

USAGE = Text("Usage")
WINDOW_TITLE = Text("Usage — Outlive")
WHAT_IS_SHOWN, HOW_LONG, TABLE_BY = Text("What is shown"), Text("How long"), Text("Table by")
TOKENS, MONEY, TURNS = Text("Tokens"), Text("Money"), Text("Turns")
DAYS_SHOWN = Text("{n} day", "{n} days")
DAYS = Text("Days")
ROWS = Text("What was used")
TOKENS_TODAY = Text("tokens today, {n:,} turn", "tokens today, {n:,} turns")
TOKENS_IN_DAYS = Text("tokens in {days} days, {n:,} turn", "tokens in {days} days, {n:,} turns")
MONEY_TODAY = Text("today, as the agents estimate")
MONEY_IN_DAYS = Text("in {days} days")
TODAY = Text("today")
CHATS_OF_DAY = Text("{n:,} chat", "{n:,} chats")
A_CLICK_LISTS = Text("{n:,} chat · a click lists it", "{n:,} chats · a click lists them")
BY = {
    "agent": Text("Agent"),
    "account": Text("Account"),
    "project": Text("Project"),
    "chat": Text("Chat"),
}
TOKENS_IN, CACHED, TOKENS_OUT = Text("Tokens in"), Text("of them cached"), Text("Tokens out")
MORE = Text("{n:,} more", "{n:,} more")
COPY_CSV = Text("Copy as CSV")
ALL_DAYS = Text("All days")
LIMITS = Text("Limits")
NO_LIMITS = Text("says nothing of its limits")
NO_ACCOUNT_SAYS_LIMITS = Text("No agent has said its limits.")
ASK_BEFORE = Text("Ask before the next turn")
WHEN_CHAT = Text("when a chat has cost")
WHEN_DAY = Text("when a day has cost")
ASK_WHEN = Text("Ask before the next turn {when}")
NO_AMOUNT = Text("no amount")
NOT_AN_AMOUNT = Text("The amount {problem}.")
COUNTS = Text(
    "Counts what agents say they cost. An agent that says nothing is never stopped by it, nor is a turn that runs, or"
    " what you type into a terminal."
)
NOTHING_YET = Text("Nothing was used yet.")
NOTHING_IN_DAYS = Text("Nothing was used in {days} days.")
FROM_NOW_ON = Text("Turns from now on are counted. What agents used before is not read.")
SPAN = Text("{first} to {last}, days by this computer’s clock")
COUNTED_SINCE = Text("counted since {day}")
AS_REPORTED = Text("as the agents report it; Outlive estimates nothing")
OPENS_USAGE = Text("Limits: {lines}")


def day_name(day: date, today: date) -> str:
    """A day with its weekday: "Fri 20 November"."""
    return f"{dates.weekday(day, is_short=True)} {dates.day(day, today)}"


def short_day(day: date, today: date) -> str:
    """A day below a bar: "8 Nov"."""
    return dates.day(day, today, is_short=True)


def spoken_day(name: str, sum_text: str, pieces: Sequence[tuple[str, str]], chats: int) -> str:
    """A day for screen readers: "Fri 20 November: 3.8M. Claude Code 2.8M, Codex 1.0M. 7 chats"."""
    parts = ", ".join(f"{agent} {text}" for agent, text in pieces)
    return ". ".join(filter(None, (f"{name}: {sum_text}", parts, CHATS_OF_DAY(n=chats) if chats else "")))


def until(moment: datetime | None, now: datetime, *, is_short: bool = False) -> str:
    """When a limit is reset: "until 18:00"; on another day "until Thu 3 Dec, 09:00", short "until Thu 09:00"."""
    time = told_time(moment, now, with_date=not is_short)
    return Text("until {time}")(time=time) if time else ""


def span(first: date, last: date, counted_since: date | None) -> str:
    """The line below: which days, and since when turns are counted if that is later."""
    text = SPAN(first=dates.day(first, last), last=dates.day(last, last))
    since = COUNTED_SINCE(day=dates.day(counted_since, last)) if counted_since and counted_since > first else ""
    return joined(text, since)


def spoken_row(name: str, cells: Sequence[tuple[str, str]]) -> str:
    """A row of the table for screen readers: "api: turns 702, tokens in 36.4M, …"."""
    return f"{name}: {', '.join(f'{head} {text}' for head, text in cells)}"

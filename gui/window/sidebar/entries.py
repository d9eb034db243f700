"""The entries of the sidebar's list, as values: headings, lines of machines, and chats with the texts of their rows."""

from __future__ import annotations

import re
import time
from collections.abc import Container

from msgspec import Struct

from gui.bridge.chat import Chat
from gui.bridge.chat_words import activity_and_age, ended_when
from gui.bridge.second_lines import SecondLine
from gui.wording import window_texts
from gui.wording.changes_texts import changed_lines
from gui.wording.chat_texts import joined
from session_host.protocol.values import Activity
from session_host.standing.ages import duration
from session_host.standing.groups import Group

_WORDS = re.compile(r"[^\W_]+")
_SMALL_WORDS = frozenset(
    ("a", "an", "the", "of", "in", "on", "at", "to", "and", "or", "for", "with", "by", "from", "is")
)
"""They say nothing of what a chat is about."""


class ChatRow(Struct, frozen=True):
    """A chat's row, as it is painted."""

    chat: Chat
    name: str
    location: str
    status: str
    status_first: bool
    asks: bool
    failed: bool
    """Whether an error stopped the agent's turn, which the status names."""
    age: str
    mark: str
    unseen: bool
    rang: str
    """Why it is marked with a bell; "" for no mark."""
    muted: bool
    dimmed: bool
    """Whether it has ended, or its machine cannot be reached."""
    active: bool
    monogram: str
    pinned: bool
    difference: str = ""
    """The text that distinguishes the chat from others of its name; "" if there are none."""
    label: str = ""
    """Its colour label, "" for none."""
    machine: str = ""
    """The name of its machine; "" for this one, and below a heading that names it."""
    hue: int = 0
    """The number of its project's colour."""
    shows_agent: bool = True
    """Whether the agent's letters tell it from others: the list has chats of several agents."""
    lines: tuple[int, int] = (0, 0)
    """How many lines its turns have added and removed."""
    bars: tuple[int, ...] = ()
    """How much it wrote in the last minute, see ``Sparklines``; none if it does not work."""
    context: int = 0
    """How full the model's context is, in percent; 0 if unknown or nothing to care about."""
    project: str = ""
    """The name of its project, which its dot stands for."""
    letters: str = ""
    """Two letters of its name, which no other row of the list has, as far as names allow."""
    until: str = ""
    """When the limit is reset that stopped it; "" for none, or if that is unknown."""
    account: str = ""
    """Its agent's account, if the list has another one of that agent; "" for the default one, and if not."""

    @property
    def second_line(self) -> str:
        """The line below its name."""
        return SecondLine(self.location, self.status, self.status_first).whole


def letters_of(name: str, taken: Container[str] = ()) -> str:
    """Two letters for a name: the first ones of two words, or of its only word.

    If they are taken, the second is the next letter of the name behind it that leaves two of its own.
    """
    words = _WORDS.findall(name)
    words = [word for word in words if word.lower() not in _SMALL_WORDS] or words
    if not words:
        return ""
    first, rest = words[0][0], ("".join(words[1:]) or words[0][1:]) + (words[0][1:] if len(words) > 1 else "")
    pairs = [f"{first}{letter.lower()}" for letter in rest] or [first]
    return next((pair for pair in pairs if pair not in taken), pairs[0])


class Heading(Struct, frozen=True):
    """The heading of a part, which can be folded."""

    key: str
    title: str
    group: Group | None
    count: int
    folded: bool
    machine: str = ""
    """The other machine of all its chats; "" for this one, and if they are not grouped by machine."""


class DayHeading(Struct, frozen=True):
    """The day of the end of the chats below it."""

    title: str


class MachineLine(Struct, frozen=True):
    """An unreachable machine, above its chats.

    Attributes:
        machine: its name.
        text: its state, with its name unless the heading has that.
        action: what the user can do, as a button's text; "" for nothing.
        tooltip: why it cannot be reached.
    """

    machine: str
    text: str
    action: str
    tooltip: str


Entry = Heading | DayHeading | MachineLine | ChatRow


def key_of(entry: Entry) -> str:
    """The entry's identity, which stays while its texts change."""
    if isinstance(entry, ChatRow):
        return entry.chat.id
    if isinstance(entry, MachineLine):
        return f"line {entry.machine}"
    return f"part {entry.key}" if isinstance(entry, Heading) else f"day {entry.title}"


def spoken_text(entry: Entry) -> str:
    """An entry's text for screen readers."""
    if isinstance(entry, Heading):
        return window_texts.GROUP(name=entry.title, chats=window_texts.CHATS_COUNT(n=entry.count))
    if isinstance(entry, DayHeading):
        return entry.title
    if isinstance(entry, MachineLine):
        return ", ".join(filter(None, (entry.text, entry.action)))
    where = entry.second_line
    parts = (
        entry.chat.full_name,
        entry.chat.agent_and_account,
        entry.mark,
        window_texts.OPEN_HERE() if entry.active else "",
        window_texts.PINNED().lower() if entry.pinned else "",
        entry.rang or (window_texts.UNREAD() if entry.unseen else ""),
        where,
        changed_lines(*entry.lines),
        window_texts.CONTEXT(percent=entry.context) if entry.context else "",
        "" if entry.difference in where else entry.difference,
        entry.age,
        window_texts.MUTED() if entry.muted else "",
        window_texts.labelled_color(entry.label),
    )
    return ", ".join(filter(None, parts))


def full_text(row: Entry) -> str:
    """What an entry shows, in full length and in lines; "" for a heading."""
    if not isinstance(row, ChatRow):
        return row.tooltip if isinstance(row, MachineLine) else ""
    chat = row.chat
    command_line_name = chat.record.entry.name if chat.record.entry.name != row.name else ""
    lines = [
        chat.full_name,
        joined(
            command_line_name, chat.agent_and_account, chat.workplace.short_directory(chat.workplace.current_directory)
        ),
    ]
    if chat.workplace.current_directory != chat.workplace.directory:
        lines.append(window_texts.STARTED_IN(directory=chat.workplace.short_directory(chat.workplace.directory)))
    if chat.workplace.location != chat.workplace.directory_name(chat.workplace.directory):
        lines.append(joined(chat.workplace.location, changed_lines(*row.lines)))
    if chat.handed_words:
        lines.append(chat.handed_words)
    lines.append(activity_and_age(chat) or joined(row.mark, ended_when(chat)))
    status = chat.record.status
    is_working = status.activity is Activity.WORKING
    if status.detail and (chat.needs_you or status.failed or is_working):
        lines.append(status.detail)
    if is_working and chat.output_at_s:
        lines.append(window_texts.LAST_OUTPUT(age=duration(time.monotonic() - chat.output_at_s)))
    if 0 < status.context <= 100 and not chat.has_ended:
        lines.append(window_texts.CONTEXT(percent=status.context))
    if row.rang:
        lines.append(row.rang)
    if row.muted:
        lines.append(window_texts.MUTED())
    return "\n".join(lines)

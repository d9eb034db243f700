"""The entries of the sidebar's list, as values: headings, lines of machines, and chats with the texts of their rows."""

from __future__ import annotations

from msgspec import Struct

from gui.bridge.chat import Chat
from gui.bridge.chat_words import activity_and_age
from gui.bridge.second_lines import SecondLine
from gui.wording import window_texts
from gui.wording.chat_texts import joined
from gui.wording.groups import Group


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
    tile: int
    pinned: bool
    difference: str = ""
    """The text that distinguishes the chat from others of its name; "" if there are none."""
    label: str = ""
    """Its colour label, "" for none."""
    machine: str = ""
    """The name of its machine; "" for this one, and below a heading that names it."""

    @property
    def second_line(self) -> str:
        """The line below its name."""
        return SecondLine(self.location, self.status, self.status_first).whole


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


def spoken_text(row: ChatRow) -> str:
    """The row's texts for screen readers."""
    rang = row.rang or (window_texts.UNREAD() if row.unseen else "")
    where = row.second_line
    parts = (
        row.chat.full_name,
        row.chat.agent_title,
        row.mark,
        window_texts.PINNED().lower() if row.pinned else "",
        rang,
        where,
        "" if row.difference in where else row.difference,
        row.age,
        window_texts.MUTED() if row.muted else "",
        window_texts.labelled_color(row.label),
    )
    return ", ".join(part for part in parts if part)


def full_text(row: ChatRow) -> str:
    """The row's texts in full length, in lines."""
    chat = row.chat
    command_line_name = chat.record.entry.name if chat.record.entry.name != row.name else ""
    lines = [
        chat.full_name,
        joined(command_line_name, chat.agent_title, chat.short_directory(chat.current_directory)),
    ]
    if chat.current_directory != chat.directory:
        lines.append(window_texts.STARTED_IN(directory=chat.short_directory(chat.directory)))
    if chat.location != chat.directory_name(chat.directory):
        lines.append(chat.location)
    lines.append(activity_and_age(chat) or row.mark)
    if (chat.needs_you or chat.record.status.failed) and chat.record.status.detail:
        lines.append(chat.record.status.detail)
    if row.rang:
        lines.append(row.rang)
    if row.muted:
        lines.append(window_texts.MUTED())
    return "\n".join(lines)

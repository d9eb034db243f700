"""Makes the sidebar's rows of chats; those of ended chats are kept until they change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gui.bridge.chat import Chat
from gui.bridge.ended_list import EndedRecord
from gui.bridge.facts import how_it_ended
from gui.bridge.sessions import Sessions
from gui.wording import phrases
from gui.wording.second_lines import Labels, SecondLine


@dataclass(frozen=True)
class ChatRow:
    """A chat's row, as it is painted."""

    chat: Chat
    name: str
    location: str
    status: str
    status_first: bool
    asks: bool
    age: str
    mark: str
    unseen: bool
    rang: str
    """Why it is marked with a bell; "" for no mark."""
    muted: bool
    over: bool
    active: bool
    monogram: str
    tile: int
    pinned: bool
    difference: str = ""
    """The text that distinguishes the chat from others of its name; "" if there are none."""
    label: str = ""
    """Its colour label, "" for none."""

    @property
    def second_line(self) -> str:
        """The line below its name."""
        return SecondLine(self.location, self.status, self.status_first).whole


@dataclass
class _Facts:
    """Values derived from a chat's attributes alone.

    Attributes:
        revision: the chat's revision from which it was derived.
        row, row_key: the last row, and all that it shows besides the chat's attributes.
    """

    revision: int
    labels: Labels
    since: datetime | None
    row: ChatRow | None = None
    row_key: tuple[Any, ...] = ()


class ChatRows:
    """The rows of chats.

    After a change of one chat, the rows of all chats are made again, and hundreds may have ended. So the values derived
    from an ended chat's attributes are kept until these change.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._facts: dict[str, _Facts] = {}
        self._tiles: dict[str, int] = {}

    def forget(self, session_id: str) -> None:
        """Forget a removed chat."""
        self._facts.pop(session_id, None)

    def number_agents(self) -> None:
        """Number the agents' tiles as they are in the catalog now."""
        self._tiles = {name: index for index, name in enumerate(self._sessions.agents)}

    def _read(self, chat: Chat) -> _Facts:
        """Read a chat's attributes, unless it has ended and has not changed since; a running one's depend on time."""
        known = self._facts.get(chat.id)
        if known is None or known.revision != chat.revision or not known.labels.has_ended:
            known = self._facts[chat.id] = _Facts(chat.revision, Labels.of(chat), chat.since)
        return known

    def labels(self, chat: Chat) -> Labels:
        """The attributes that distinguish the chat from others."""
        return self._read(chat).labels

    def searched_text(self, chat: Chat) -> str:
        """The text that the filter searches, case-folded: the chat's name, location, agent and status text."""
        record, labels = chat.record, self._read(chat).labels
        agent, texts = f"{record.agent} {chat.agent_title}", f"{record.title} {labels.location} {labels.status}"
        return f"{chat.name} {record.name} {agent} {record.cwd} {texts}".casefold()

    def searched_text_of_ended(self) -> Callable[[EndedRecord], str]:
        """A function that returns the searched text of an ended chat; there may be thousands, so it makes no chat."""
        titles = {name: agent.title for name, agent in self._sessions.agents.items()}
        ends: dict[tuple[object, ...], str] = {}

        def text(record: EndedRecord) -> str:
            key = record.state, record.exit_code, record.exit_signal, record.end_request, record.error
            if (end := ends.get(key)) is None:
                end = ends[key] = how_it_ended(record)
            agent, place = titles.get(record.agent, ""), f"{record.cwd} {record.repository or ''} {record.branch or ''}"
            return f"{record.shown_name} {record.name} {record.agent} {agent} {place} {record.title} {end}".casefold()

        return text

    def row(self, chat: Chat, line: SecondLine, now: datetime, *, is_active: bool) -> ChatRow:
        """The chat's row with this second line, which was made from its ``labels``."""
        facts = self._facts[chat.id]
        agent_name, pinned = chat.record.agent, chat.record.pinned
        agent = self._sessions.agents.get(agent_name)
        monogram = agent.monogram if agent is not None else agent_name[:2]
        tile = self._tiles.get(agent_name, len(self._tiles))
        age = phrases.age(facts.since, now)
        key = (line, age, is_active, monogram, tile, pinned)
        if facts.row is None or facts.row_key != key:
            facts.row_key = key
            facts.row = ChatRow(
                chat=chat,
                name=chat.name,
                location=line.location,
                status=line.status,
                status_first=line.status_first,
                asks=chat.needs_you,
                age=age,
                mark=chat.mark.value,
                unseen=chat.has_unseen_output,
                rang=chat.reason_for_bell,
                muted=chat.is_muted,
                over=chat.has_ended,
                active=is_active,
                monogram=monogram,
                tile=tile,
                pinned=pinned,
                difference=line.difference,
                label=chat.color_label,
            )
        return facts.row

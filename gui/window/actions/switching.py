"""The lines of the list that switches to another chat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial

from gui.bridge.chat import Chat
from gui.bridge.ended_list import EndedRecord
from gui.bridge.sessions import Sessions
from gui.finding.ranking import Match, Ranking, Texts
from gui.window.sheets.chooser import Choice, Found
from gui.window.sidebar.model import DateFilter
from gui.wording.second_lines import second_lines
from session_host.protocol.values import WITHOUT_AGENT


class ChatChoices:
    """A line for each chat. Thousands may have ended: their lines are made when they are shown."""

    def __init__(
        self, sessions: Sessions, order: Iterable[str], open_chat: Callable[[Chat], object], left: Iterable[str] = ()
    ) -> None:
        """Create the list.

        Args:
            sessions: all chats.
            order: the ids of the chats in the order for no typed text.
            open_chat: shows a chat.
            left: the ids of further chats, which only a typed text finds.
        """
        self._sessions, self._open_chat = sessions, open_chat
        listed = [record for session_id in order if (record := sessions.record(session_id)) is not None]
        further = [record for session_id in left if (record := sessions.record(session_id)) is not None]
        self._records, self._listed = listed + further, len(listed)
        self._lines = second_lines(sessions.running())
        self._ranking = Ranking([self._texts(record) for record in self._records])

    def _texts(self, record: EndedRecord) -> Texts:
        if (line := self._lines.get(record.id)) is not None:
            return Texts(record.shown_name, line.whole, record.name)
        project, title = record.project.rpartition("/")[2], "" if record.agent in WITHOUT_AGENT else record.title
        return Texts(record.shown_name, f"{record.agent} {title} {project} {record.branch or ''}", record.name)

    def find(self, typed: str) -> Iterator[Found]:
        """See ``Choices``. Words that name a time ("march", "last week") also find the chats that ran then."""
        dates = DateFilter.of(typed.casefold(), datetime.now().astimezone().date())
        for match in self._ranking.find(typed) if dates is None else self._find_dated(typed, dates):
            is_found = match.number < self._listed or bool(typed.strip())
            if is_found and (chat := self._sessions.get(self._records[match.number].id)) is not None:
                yield Found(self._choice(chat), match.fit.positions)

    def _find_dated(self, typed: str, dates: DateFilter) -> Iterator[Match]:
        """The chats that contain the name of the time, then those that ran at that time."""
        named = set[int]()
        for match in self._ranking.find(typed):
            if not match.fit.is_scattered:
                named.add(match.number)
                yield match
        for match in self._ranking.find(" ".join(dates.words)):
            if match.number not in named and dates.is_within(self._records[match.number]):
                yield match

    def _choice(self, chat: Chat) -> Choice:
        line = self._lines.get(chat.id)
        if line is not None:
            detail = line.whole
        else:  # Its time distinguishes it from others that look alike.
            detail = " · ".join(filter(None, (chat.ended_when, second_lines([chat])[chat.id].whole)))
        return Choice(chat.name, detail, partial(self._open_chat, chat), chat.mark)

"""The search in the chats of several machines, which are asked at once."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from session_host.client.chats.search_lines import checked, search_lines
from session_host.client.chats.search_scopes import scopes
from session_host.client.permission import check_may_reach_machine
from session_host.client.sessions.selection import Selection
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import OutliveError
from session_host.storage.search import Found, Query, Scope
from session_host.storage.search.query import Term
from session_host.system import event_loop

from . import names
from .listing import Listed, listed_for
from .remote import RemoteMachine


class FoundThere(NamedTuple):
    """What was found on a machine.

    Attributes:
        machine: its name.
        total: how many chats were searched.
        found: the matching lines of each chat, with the chat.
    """

    machine: str
    total: int
    found: list[tuple[SessionInfo, Found]]


def found_elsewhere(
    text: str, today: date, selection: Selection, limit: int, each: int
) -> tuple[list[FoundThere], list[OutliveError]]:
    """Search the chosen chats of all other machines; returns also why some do not answer, or cannot. Blocks.

    Args:
        text: the words to look for; of each machine, they may name agents, projects and times.
        today: the present day.
        selection: the chosen chats.
        limit: the number of lines of a machine after which no more chats are added.
        each: the maximum number of lines of a chat.
    """
    check_may_reach_machine()

    async def search(machine: RemoteMachine, chats: Listed) -> FoundThere:
        infos = {info.id: info for info in chats.infos}
        query = chosen = Query.of(text, scopes([info.facts for info in chats.infos], today))
        if selection != Selection():
            chosen = query._replace(terms=(*query.terms, Term((), Scope(frozenset(infos)))))
        left: int | None = None
        while True:
            answer = await machine.call(search_lines, chosen, "", limit, each)
            # A chat that writes all the time is never indexed to its end.
            if answer.behind <= 0 or (left is not None and answer.behind > left):
                break
            left = answer.behind
        found = checked(answer.found, infos.keys(), max(limit, each))
        return FoundThere(machine.name, len(infos), [(infos[lines.hits[0].session_id], lines) for lines in found])

    results = event_loop.run_command(listed_for(search, names.machines(), selection, ended=True))
    errors = [result for result in results if isinstance(result, OutliveError)]
    return [result for result in results if isinstance(result, FoundThere)], errors

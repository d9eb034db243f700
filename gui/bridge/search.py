"""The search in all chats: a thread that finds lines here, other machines that find theirs."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import Callable, Collection, Coroutine
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from session_host.client.chats.search_lines import checked, checked_hit, lines_around, search_lines
from session_host.client.chats.search_scopes import scopes
from session_host.client.machine import ANSWER_S
from session_host.errors import OutliveError
from session_host.storage.search import MAX_COUNTED, Found, Hit, Query, Scope, Search

from .chat import id_there, machine_of

if TYPE_CHECKING:
    from session_host.client.machine import Machine

    from .machines import Machines

# fmt: off
__all__ = [
    "LIMIT", "MAX_COUNTED", "Found", "Hit", "Query", "Scope", "SearchOfMachines", "SearchResults",
    "SearchThread", "scopes",
]
# fmt: on

LIMIT = 200
"""The number of results after which no further chat is added; a longer query narrows the search."""

LINES_OF_CHAT = 3
"""The most results of a chat, if others have some, too."""

_ASK_AGAIN_S = 0.05
"""The pause before another machine is asked again: one that always finds more must not keep us busy."""

_REPEAT_S = 0.2
"""How often the search is repeated, at most, during an update of the index."""

_REPEAT_SHARE = 5
"""How many times as long as a search the update goes on before the next one."""


class SearchResults(NamedTuple):
    """Matching lines of each chat.

    Attributes:
        found: the chats with matches; the one with the newest comes first.
        behind: the number of chats that are not indexed yet; 0 in the last results of a query.
        total: the number of all searched chats.
        asked: the number of machines that have not answered yet.
        unanswered: the machines that did not answer.
    """

    found: list[Found]
    behind: int
    total: int
    asked: int = 0
    unanswered: tuple[str, ...] = ()


class SearchThread:
    """Queries and updates the index; a new query cancels the previous one."""

    def __init__(self, on_error: Callable[[OutliveError], object]) -> None:
        """``on_error`` is called on the loop's thread if the context of a hit cannot be read."""
        self._on_error = on_error
        self._executor: concurrent.futures.ThreadPoolExecutor | None = None
        self._search: Search | None = None
        self._query_number = 0
        self._keeps_open = False

    def search(
        self,
        query: Query,
        session_ids: list[str],
        on_results: Callable[[SearchResults], object],
        on_failure: Callable[[OutliveError], object],
    ) -> None:
        """Search these sessions, and update the index of outdated ones in this order.

        Both functions are called on the loop's thread, and not after a newer query: ``on_results`` at least once, and
        again whenever there may be more results; ``on_failure`` if the index cannot be used.
        """
        self._query_number += 1
        self._keeps_open = True
        number = self._query_number

        def report_results(found: SearchResults) -> None:
            if number == self._query_number:
                on_results(found)

        def report_failure(error: OutliveError) -> None:
            if number == self._query_number:
                on_failure(error)

        self._run(
            lambda loop: self._search_index(
                number, query, session_ids, lambda found: _call_on_loop(loop, report_results, found)
            ),
            report_failure,
        )

    def read_context(self, hit: Hit, lines: int, on_lines: Callable[[list[Hit]], object]) -> None:
        """Read the lines before and after a line; ``on_lines`` is called on the loop's thread."""
        self._run(lambda loop: _call_on_loop(loop, on_lines, self._open().around(hit, lines, lines)), self._on_error)

    def cancel_query(self) -> None:
        """Cancel the current query; its results are dropped."""
        self._query_number += 1

    def release(self) -> None:
        """Cancel the current query, and close the index until it is needed again: its cache takes up to 16 MB."""
        self.cancel_query()
        self._keeps_open = False
        if self._executor is not None:
            self._executor.submit(self._close)

    def close(self) -> None:
        """End a running search; this takes only a moment."""
        self.release()
        if self._executor is not None:
            self._executor.shutdown(wait=True)
            self._executor = None

    def _close(self) -> None:
        if self._search is not None:
            self._search.close()
            self._search = None

    # ------------------------------------------------------------ in the thread

    def _run(
        self, work: Callable[[asyncio.AbstractEventLoop], None], on_error: Callable[[OutliveError], object]
    ) -> None:
        loop = asyncio.get_running_loop()

        def run() -> None:
            try:
                work(loop)
            except OutliveError as error:
                _call_on_loop(loop, on_error, error)
            finally:
                if not self._keeps_open:
                    self._close()

        if self._executor is None:
            self._executor = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="search")
        self._executor.submit(run).add_done_callback(lambda done: _report_exception(loop, done))

    def _open(self) -> Search:
        if self._search is None:
            self._search = Search()
        return self._search

    def _search_index(
        self, number: int, query: Query, session_ids: list[str], on_results: Callable[[SearchResults], None]
    ) -> None:
        if number != self._query_number:
            return
        search = self._open()
        searched = set(session_ids)
        each = LINES_OF_CHAT if len(searched) > 1 else LIMIT
        next_report_s = 0.0
        search.behind = len(search.outdated(session_ids))

        def report() -> None:
            nonlocal next_report_s
            began_s = time.monotonic()
            found = search.find_by_session(query, LIMIT, each, searched)
            if len(found) == 1 and not search.behind and each < LIMIT:
                found = search.find_by_session(query, LIMIT, LIMIT, searched)
            on_results(SearchResults(found, search.behind, len(searched)))
            now_s = time.monotonic()
            next_report_s = now_s + max(_REPEAT_S, _REPEAT_SHARE * (now_s - began_s))

        def is_superseded() -> bool:
            if number != self._query_number:
                return True
            if time.monotonic() > next_report_s:
                report()
            return False

        report()
        if search.behind:
            for _ in search.indexed(session_ids, is_superseded):
                if is_superseded():
                    return
            if number == self._query_number:
                search.behind = 0
                report()


class SearchOfMachines(SearchThread):
    """Searches the chats of all machines at once: in the thread here, by calls on the others."""

    def __init__(self, machines: Machines, on_error: Callable[[OutliveError], object]) -> None:
        super().__init__(on_error)
        self._machines = machines
        self._asking: set[asyncio.Task[None]] = set()

    def search(
        self,
        query: Query,
        session_ids: list[str],
        on_results: Callable[[SearchResults], object],
        on_failure: Callable[[OutliveError], object],
    ) -> None:
        """See ``SearchThread``; a machine that does not answer is left out."""
        self.cancel_query()
        ids: dict[str, set[str]] = {}
        for each in session_ids:
            ids.setdefault(machine_of(each), set()).add(each)
        asked = ids.keys() & self._machines.by_name.keys() or {""}
        answers: dict[str, SearchResults] = {}

        def report(name: str, results: SearchResults) -> None:
            answers[name] = results
            on_results(_merged(answers.values(), len(asked - answers.keys())))

        if "" in asked:
            here = [each for each in session_ids if each in ids.get("", ())]
            super().search(query, here, partial(report, ""), on_failure)
        for name in asked - {""}:
            machine = self._machines.by_name[name].machine
            one = id_there(session_ids[0]) if len(session_ids) == 1 else ""
            self._start(_search_there(machine, query, ids[name], one, partial(report, name)))

    def read_context(self, hit: Hit, lines: int, on_lines: Callable[[list[Hit]], object]) -> None:
        """See ``SearchThread``."""
        chats = self._machines.by_name.get(machine_of(hit.session_id), self._machines.here)
        if chats is self._machines.here:
            super().read_context(hit, lines, on_lines)
        else:
            self._start(self._read_context_there(chats.machine, hit, lines, on_lines))

    async def _read_context_there(
        self, machine: Machine, hit: Hit, lines: int, on_lines: Callable[[list[Hit]], object]
    ) -> None:
        asked = hit._replace(session_id=id_there(hit.session_id))
        try:
            found = await machine.call(lines_around, asked, lines, lines)
        except OutliveError as error:
            self._on_error(error)
        else:
            on_lines([checked_hit(each)._replace(session_id=hit.session_id) for each in found[: 2 * lines + 1]])

    def cancel_query(self) -> None:
        """See ``SearchThread``."""
        super().cancel_query()
        for task in self._asking:
            task.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="search on another machine")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)


async def _search_there(
    machine: Machine, query: Query, ids: set[str], session_id: str, report: Callable[[SearchResults], object]
) -> None:
    """Report the results of another machine until all of its chats are indexed; only of chats with these ids."""
    terms = tuple(term._replace(scope=_scope_there(term.scope, machine)) for term in query.terms)
    each = LIMIT if session_id else LINES_OF_CHAT
    results = SearchResults([], 0, 0)
    left = None
    try:
        while machine.unreachable_since is None:
            ask = machine.call(search_lines, query._replace(terms=terms), session_id, LIMIT, each)
            answer = await asyncio.wait_for(ask, ANSWER_S)
            behind = min(max(answer.behind, 0), len(ids))
            results = SearchResults(_checked(answer.found, machine, ids), behind, len(ids))
            report(results)
            # A chat that writes all the time is never indexed to its end.
            if not behind or (left is not None and behind > left):
                if behind:
                    report(results._replace(behind=0))
                return
            left = behind
            await asyncio.sleep(_ASK_AGAIN_S)
    except (OutliveError, TimeoutError):
        pass
    report(results._replace(behind=0, unanswered=(machine.name,)))


def _scope_there(scope: Scope, machine: Machine) -> Scope:
    if scope.sessions is None:
        return scope
    own = (id_there(each) for each in scope.sessions if machine_of(each) == machine.name)
    return scope._replace(sessions=frozenset(own))


def _checked(found: list[Found], machine: Machine, ids: set[str]) -> list[Found]:
    """Another machine's results about chats with these ids, with the ids of the window; see ``checked``."""
    return [
        each._replace(hits=[hit._replace(session_id=machine.prefix + hit.session_id) for hit in each.hits])
        for each in checked(found, {id_there(each) for each in ids}, LIMIT)
    ]


def _merged(answers: Collection[SearchResults], asked: int) -> SearchResults:
    """The results of several machines in one."""
    found = [each for answer in answers for each in answer.found]
    if len(answers) > 1:
        found.sort(key=lambda each: each.hits[0].order, reverse=True)
        if len(found) > 1:
            found = [each.first(LINES_OF_CHAT) for each in found]
        lines = accumulate(len(each.hits) for each in found)
        found = [each for each, count in zip(found, lines, strict=True) if count - len(each.hits) < LIMIT]
    behind, total = sum(each.behind for each in answers), sum(each.total for each in answers)
    unanswered = sorted(name for each in answers for name in each.unanswered)
    return SearchResults(found, behind, total, asked, tuple(unanswered))


def _report_exception(loop: asyncio.AbstractEventLoop, done: concurrent.futures.Future[None]) -> None:
    """Pass an unexpected exception, which is a defect, to the loop's exception handler."""
    error = None if done.cancelled() else done.exception()
    if error is not None:
        _call_on_loop(loop, loop.call_exception_handler, {"message": "searching failed", "exception": error})


def _call_on_loop(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *arguments: object) -> None:
    """Call a function on the loop's thread; skipped if the loop has ended."""
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        pass  # The window is closed.

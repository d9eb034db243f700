"""Searches all chats in a thread and emits results as they are found."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import Callable
from typing import NamedTuple

from session_host.errors import OutliveError
from session_host.storage.search import Hit, Query, Search

__all__ = ["Hit", "Query", "SearchResults", "SearchThread"]

LIMIT = 200
"""Maximum number of results; a longer query narrows the search."""

_REPEAT_S = 0.5
_REPEAT_AFTER_CHAT_S = 0.1
"""Intervals at which the search repeats during an update of the index; the shorter one after each indexed chat."""


class SearchResults(NamedTuple):
    """Matching lines, newest first.

    ``behind`` is the number of chats that are not indexed yet; 0 in the last results of a query.
    """

    hits: list[Hit]
    behind: int


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
        outdated = search.outdated(session_ids)
        remaining = len(outdated)
        reported_at_s = 0.0

        def report() -> None:
            nonlocal reported_at_s
            on_results(SearchResults(search.find(query, LIMIT, searched), remaining))
            reported_at_s = time.monotonic()

        def is_superseded() -> bool:
            if number != self._query_number:
                return True
            if time.monotonic() - reported_at_s > _REPEAT_S:
                report()
            return False

        def on_indexed(_session_id: str) -> None:
            nonlocal remaining
            remaining -= 1
            if number == self._query_number and time.monotonic() - reported_at_s > _REPEAT_AFTER_CHAT_S:
                report()

        report()
        if outdated:
            search.update(outdated, should_stop=is_superseded, on_indexed=on_indexed)
            remaining = 0
            if number == self._query_number:
                report()


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

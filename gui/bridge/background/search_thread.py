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
"""Maximum number of lines in an answer; a longer query narrows the search."""

_AGAIN_S = 0.5
_AGAIN_AFTER_CHAT_S = 0.1
"""During an update of the index, the search repeats after this time, or sooner once a chat has been read."""


class SearchResults(NamedTuple):
    """Matching lines, newest first.

    ``behind`` is the number of chats not read yet; 0 in the last answer.
    """

    hits: list[Hit]
    behind: int


class SearchThread:
    """Queries and updates the index; a new query ends the former one."""

    def __init__(self, on_error: Callable[[OutliveError], object]) -> None:
        """``on_error`` is called on the loop's thread when the index cannot be used."""
        self._on_error = on_error
        self._executor: concurrent.futures.ThreadPoolExecutor | None = None
        self._search: Search | None = None
        self._question = 0

    def ask(self, query: Query, session_ids: list[str], tell: Callable[[SearchResults], object]) -> None:
        """Search these sessions, and update their index in this order where it is behind.

        ``tell`` is called on the loop's thread, at least once, and once more whenever there may be more.
        """
        self._question += 1
        number = self._question

        def told(found: SearchResults) -> None:
            if number == self._question:
                tell(found)

        self._run(lambda loop: self._answer(number, query, session_ids, lambda found: _on(loop, told, found)))

    def around(self, hit: Hit, lines: int, tell: Callable[[list[Hit]], object]) -> None:
        """Find the lines before and after a line; ``tell`` is called on the loop's thread."""
        self._run(lambda loop: _on(loop, tell, self._open().around(hit, lines, lines)))

    def forget_question(self) -> None:
        """Drop the present query and its answer."""
        self._question += 1

    def close(self) -> None:
        """End a running search, which takes a moment at most."""
        self._question += 1
        if self._executor is not None:
            self._executor.submit(self._close)
            self._executor.shutdown(wait=True)
            self._executor = None

    def _close(self) -> None:
        if self._search is not None:
            self._search.close()
            self._search = None

    # ------------------------------------------------------------ in the thread

    def _run(self, work: Callable[[asyncio.AbstractEventLoop], None]) -> None:
        loop = asyncio.get_running_loop()

        def run() -> None:
            try:
                work(loop)
            except OutliveError as error:
                _on(loop, self._on_error, error)

        if self._executor is None:
            self._executor = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="search")
        self._executor.submit(run).add_done_callback(lambda done: _report(loop, done))

    def _open(self) -> Search:
        if self._search is None:
            self._search = Search()
        return self._search

    def _answer(self, number: int, query: Query, session_ids: list[str], tell: Callable[[SearchResults], None]) -> None:
        if number != self._question:
            return
        search = self._open()
        wanted = set(session_ids)
        behind = search.behind(session_ids)
        left = len(behind)
        told_s = 0.0

        def look() -> None:
            nonlocal told_s
            tell(SearchResults(search.find(query, LIMIT, wanted), left))
            told_s = time.monotonic()

        def is_superseded() -> bool:
            if number != self._question:
                return True
            if time.monotonic() - told_s > _AGAIN_S:
                look()
            return False

        def done(_session_id: str) -> None:
            nonlocal left
            left -= 1
            if number == self._question and time.monotonic() - told_s > _AGAIN_AFTER_CHAT_S:
                look()

        look()
        if behind:
            search.update(behind, stop=is_superseded, done=done)
            left = 0
            if number == self._question:
                look()


def _report(loop: asyncio.AbstractEventLoop, done: concurrent.futures.Future[None]) -> None:
    """Report an unexpected exception, which is a defect, to the loop's exception handler."""
    error = None if done.cancelled() else done.exception()
    if error is not None:
        _on(loop, loop.call_exception_handler, {"message": "searching failed", "exception": error})


def _on(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *arguments: object) -> None:
    """Call a function on the loop's thread; skipped if the loop has ended."""
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        pass  # The window is closed.

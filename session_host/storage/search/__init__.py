"""Full-text search of all chats, running and ended: an index of the lines that were shown in them.

This package reads journals and keeps its own SQLite file. It must not know hosts, sockets or windows. The index is
derived: a damaged one is deleted and rebuilt from the journals.

The index has lines as a person saw them. First, lines that scrolled off the screen, with soft wraps joined. Second, the
lines of the screen when it was unchanged for a second, before it was cleared or replaced by the alternate screen, and
at the recording's end. A line that was indexed on the screen is not indexed again when it scrolls off. A line that grew
on the screen, as streamed words and typed commands do, is one line. So the index covers full-screen programs, too; it
may lack text that such a program shows for less than a second and paints over. Rows that a program wrapped by itself,
as agents do, are lines of their own, and are searched as one (``lines``). Of a structured chat it has the lines of
all items, unfolded.
"""

from .index import MAX_COUNTED, Found, Hit
from .query import Query, Scope
from .search import Search

__all__ = ["MAX_COUNTED", "Found", "Hit", "Query", "Scope", "Search"]

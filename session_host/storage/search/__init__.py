"""Full-text search of all chats, running and ended: an index of the lines that were shown in them.

This package reads journals and keeps its own SQLite file. It must not know hosts, sockets or windows. The index is
derived: a damaged one is deleted and rebuilt from the journals.

    query              parses the user's text, and matches lines against it; pure
    chunking           cuts output before sequences that clear or replace the screen; pure
    line_tracker       finds lines that are new on a screen, and lines that grew; pure
    reader             feeds a journal to an emulator: lines with their times and offsets
    transcript_reader  the same for a structured chat: the lines of its items
    collected_lines    the lines that a reader has collected; pure
    pages              lines that are stored and found together; pure
    schema             the tables
    index              the file: lines, and how far each session is indexed
    claims             which process indexes which session
    fingerprint        whether a journal has grown
    session_update     brings the index up to date with one session, in short steps
    background_update  the program that updates the index in the background
    search             the index, as commands and the window use it

The index has lines as a person saw them. First, lines that scrolled off the screen, with soft wraps joined. Second, the
lines of the screen when it was unchanged for a second, before it was cleared or replaced by the alternate screen, and
at the recording's end. A line that was indexed on the screen is not indexed again when it scrolls off. A line that grew
on the screen, as streamed words and typed commands do, is one line. So the index covers full-screen programs, too; it
may lack text that such a program shows for less than a second and paints over. Of a structured chat it has the lines of
all items, unfolded.
"""

from .index import MAX_COUNTED, Found, Hit
from .query import Query, Scope
from .search import Search

__all__ = ["MAX_COUNTED", "Found", "Hit", "Query", "Scope", "Search"]

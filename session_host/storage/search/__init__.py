"""Full-text search of all chats, running and ended: an index of the lines that were shown in them.

It reads journals and keeps a SQLite file of its own. It must not know hosts, sockets, windows or the clock; the
index is derived, so a damaged one is deleted and made again from the journals.

    query              the user's text, and whether a line matches it; pure
    chunking           output cut where a screen is about to be lost; pure
    line_tracker       lines that are new on a screen, and lines that grew; pure
    reader             a journal through an emulator: lines with their times and offsets
    pages              lines as they are stored and found together; pure
    schema             the tables
    index              the file: lines, and how far each session has been read
    fingerprint        whether a journal has grown
    session_update     brings the index up to date with one session, in short transactions
    background_update  the program that does so in the background
    search             all of it together, for commands and the window

Indexed are lines as a person saw them: those that left the screen upwards, soft wraps joined, and those of the screen
whenever it stood still for a second, was about to be cleared or exchanged for the alternate one, and at the end of what
is recorded. A line that is indexed from the screen is not indexed again when it leaves it; a line that grew on the
screen, as streamed words and typed commands do, is one line. So programs that use the whole screen are found, too; what
such a program shows for less than a second and paints over may be missing.
"""

from .index import Hit
from .query import Query
from .search import Search, forget

__all__ = ["Hit", "Query", "Search", "forget"]

"""Finding text in all chats, running and ended: an index of what was to be seen in them.

It reads journals and keeps a SQLite file of its own. It must not know hosts, sockets, windows or the clock; the
index is derived, so that a damaged one is thrown away and made again from the journals.

    query        what the user typed, and whether a line has it; pure
    steps        output cut where a screen is about to be lost, and whether a sequence is under way; pure
    seen         which lines of a screen are new, and which grew out of one that is known; pure
    reader       a journal through an emulator: lines, each with its time and its place in the output
    pages        some lines together, as they are kept and found; pure
    schema       the tables
    index        the file: lines, and how far each session has been read
    fingerprint  whether a journal has grown
    updating     bringing the index up to date, in short transactions
    keeping_up   the program that does so while nobody waits for it
    search       all of it together, for commands and the window

What is indexed are lines as a person saw them: those that left the screen upwards, soft wraps joined, and those of
the screen whenever it stood still for a second, was about to be cleared or exchanged for the alternate one, and at
the end of what is recorded. A line that is indexed from the screen is not indexed again when it leaves it; a line that
grew on the screen, as streamed words and typed commands do, is one line. So programs that use the whole screen are
found, too; what such a program shows for less than a second and paints over may be missing.
"""

from .index import Hit
from .query import Query
from .search import Search, forget

__all__ = ["Hit", "Query", "Search", "forget"]

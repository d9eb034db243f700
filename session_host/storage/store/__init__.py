"""The store: sessions, their exits and the window's layout in one SQLite file.

It knows rows and transactions. It must not know processes, sockets or the clock: the caller gives
states and times. Hosts, the window and commands open the same file at once, so
every transaction is short.

    activity_log    the log of a session's activity: one JSON object per line, oldest first
    copies          copies of the rows and the layout in files, for a loss of the database
    database        opens the SQLite file; transactions, and errors in the user's words
    insertion       the statements that add a session, and those that keep names apart
    moved_aside     the directories of sessions that are being removed
    saved_screen    the saved last screen of an ended session, with its history
    schema          the database schema, as a list of migration steps
    session_record  one session's record in the store; a name that no other session has
    session_row     records as rows of the table, and back
    store           the store's operations: add, update, find and remove sessions; keep the window's layout
    unsaved_end     a session's end that a full disk kept out of the store
"""

from session_host.storage.store.session_record import SessionRecord, free_name
from session_host.storage.store.store import Changes, Store, Version

__all__ = ["Changes", "SessionRecord", "Store", "Version", "free_name"]

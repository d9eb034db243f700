"""The store: sessions, their exits and the window's layout in one SQLite file.

It knows rows and transactions. It must not know processes, sockets or the clock: whoever writes a
record says what is true and when. Hosts, the window and commands open the same file at once, so
every transaction is short.
"""

from session_host.storage.store.session_record import SessionRecord
from session_host.storage.store.store import Store

__all__ = ["SessionRecord", "Store"]

"""The store: sessions, their exits and the window's layout in one SQLite file.

It knows rows and transactions. It must not know processes or sockets: the caller gives states and their times.
Hosts, the window and commands open the same file at once, so every transaction is short.
"""

from session_host.storage.store.session_row import free_name, meant
from session_host.storage.store.store import Changes, Store

__all__ = ["Changes", "Store", "free_name", "meant"]

"""A damaged record: set aside, and begun anew from the hosts that run.

The hosts are the truth about what runs; the record only remembers. So a damaged record costs what was
remembered of ended sessions, and no running one.
"""

from __future__ import annotations

import uuid

from session_host.errors import StoreCorrupt
from session_host.paths import database, runtime_dir
from session_host.protocol.messages import Description
from session_host.pty.identity import boot_id, start_time
from session_host.store import SessionRecord, Store

from .quick import describe_all


def open_or_recover() -> tuple[Store, str]:
    """Open the record.

    Returns:
        The store, and one line for the user if it had to be begun anew, else "".

    Raises:
        StoreError: it can neither be opened nor begun anew.
    """
    path = database()
    try:
        return Store.open(path), ""
    except StoreCorrupt:
        aside = Store.set_aside(path)
    store = Store.open(path)
    found = 0
    sockets = sorted(path.stem for path in runtime_dir().glob("*.sock"))
    for description in describe_all([name for name in sockets if _is_id(name)]).values():
        if store.get(description.session_id) is None:
            store.add(_record_of(description))
            found += 1
    chats = "1 running chat was" if found == 1 else f"{found} running chats were"
    return store, f"the record of chats was damaged and begun anew; {chats} found again; the damaged one is {aside}"


def _is_id(name: str) -> bool:
    """Whether a socket of this name is a session's; there are others, such as the window's."""
    try:
        uuid.UUID(name)
    except ValueError:
        return False
    return True


def _record_of(description: Description) -> SessionRecord:
    return SessionRecord(
        id=description.session_id,
        name=description.name,
        agent=description.agent,
        argv=description.argv,
        cwd=description.cwd,
        state=description.state,
        title=description.title,
        host_pid=description.host_pid,
        host_started=start_time(description.host_pid),
        child_pid=description.child_pid,
        child_started=start_time(description.child_pid) if description.child_pid is not None else None,
        boot_id=boot_id(),
        created_at=description.created_at,
        columns=description.size.columns,
        rows=description.size.rows,
        engine=description.engine,
    )

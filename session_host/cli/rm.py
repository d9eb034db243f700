"""``outlive rm``: forget a chat that has ended."""

from __future__ import annotations

import argparse
import contextlib
import shutil

from session_host.cli.sessions import add_session_argument, with_store
from session_host.client.sessions import find_session
from session_host.errors import OutliveError
from session_host.paths import session_dir, session_log
from session_host.protocol.values import RUNNING_STATES
from session_host.search import forget
from session_host.store import Store


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the verb takes."""
    add_session_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Remove the record and what was kept beside it."""

    async def remove(store: Store) -> None:
        info = await find_session(store, options.session)
        if info.state in RUNNING_STATES:
            raise OutliveError(f"{info.name} is running; `outlive stop {info.name}` it first")
        # The files first: what is no longer recorded would never be found again.
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(session_dir(info.id))
        session_log(info.id).unlink(missing_ok=True)
        store.remove(info.id)
        forget(info.id)

    with_store(remove)
    return 0

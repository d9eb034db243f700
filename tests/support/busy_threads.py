"""A loop with no free thread for blocking work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def no_free_thread() -> Iterator[Callable[[], object]]:
    """Keep the only thread of the running loop busy, until the function is called or the context ends."""
    freed = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        asyncio.get_running_loop().set_default_executor(threads)
        threads.submit(freed.wait)
        try:
            yield freed.set
        finally:
            freed.set()

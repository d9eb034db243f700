"""Runs one of this package's modules as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib

from session_host.system.installation import own_python


async def output_of(module: str, data: bytes, timeout_s: float) -> bytes:
    """Run ``python -m`` with data on its standard input; returns its standard output.

    Raises:
        TimeoutError: it did not end in time, and was killed.
    """
    process = await asyncio.create_subprocess_exec(
        *(*own_python(), "-m", module), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(data), timeout_s)
        return output
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

"""What the event loop costs."""

from __future__ import annotations

import ctypes
import mmap
import re
import sys
from pathlib import Path

import pytest

from session_host.loops import give_back_zeros

PAGES = 16


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux tells of memory")
def test_pages_of_zeros_are_given_back_and_all_is_as_it_was() -> None:
    memory = mmap.mmap(-1, PAGES * mmap.PAGESIZE, mmap.MAP_PRIVATE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    memory[:] = bytes(len(memory))
    memory[5 * mmap.PAGESIZE + 7] = 1
    expected = bytes(memory)

    def resident() -> int:
        text = Path("/proc/self/smaps").read_text()
        found = re.search(rf"^{address:x}-.*?^Rss:\s+(\d+) kB", text, re.MULTILINE | re.DOTALL)
        assert found
        return int(found.group(1)) * 1024 // mmap.PAGESIZE

    before = resident()
    give_back_zeros(address + 1, len(memory) - 1)
    assert before - resident() == PAGES - 2, "not the page with something on it, and not what is no whole page"
    assert bytes(memory) == expected

"""The import of the atlas and of numpy, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import os
from gui.terminal.glyphs.atlas_import import AtlasImport
processors = os.sched_getaffinity(0)
AtlasImport.run()
assert AtlasImport.found is not None
assert os.sched_getaffinity(0) == processors, "the thread stays on one processor"
threads = os.listdir("/proc/self/task")
assert len(threads) == 1, f"{len(threads)} threads"
"""


def test_the_import_starts_no_threads():
    subprocess.run([sys.executable, "-c", CODE], check=True)

"""PySide6 must not drop a reference to None with each call of a void method: the process would abort.

6.12.0 did so on Python 3.11. From Python 3.12 on None is immortal, and its reference count means nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys
from PySide6.QtCore import QCoreApplication, QObject, QTimer

CALLS = 10_000
thing, timer = QObject(), QTimer()
counts = {}
for name, call in {
    "QObject.setObjectName": lambda: thing.setObjectName("a"),
    "QTimer.setInterval": lambda: timer.setInterval(5),
    "QTimer.stop": timer.stop,
    "QCoreApplication.processEvents": QCoreApplication.processEvents,
}.items():
    for _ in range(1000):
        pass
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        call()
    counts[name] = sys.getrefcount(None) - before
    if counts[name] < -CALLS // 2:
        break  # a little further and None itself would be freed
print(json.dumps(counts))
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal: its count says nothing")
def test_void_calls_keep_the_reference_count_of_none() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    changes: dict[str, int] = json.loads(run.stdout)
    assert not {name: change for name, change in changes.items() if abs(change) > 100}

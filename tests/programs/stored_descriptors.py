"""Stores file descriptors in the user's systemd (``keep UNIT REPORT``), and reports those that a restarted service
gets back (``report REPORT``).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

from session_host.system.systemd import enter_service, held_by_services
from session_host.system.systemd.descriptor_store import DescriptorStore, take_received

MANY = 1100
"""More than a process's default limit of open files."""

FILES = (("a", b"one"), ("a", b"two"), ("b", b"three"), ("gone", b"four"))


def keep(unit: str, report: str) -> None:
    """Start the service, enter it and store the files; print the result of entering."""
    argv = [sys.executable, __file__, "report", report]
    environment = {"PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    print(enter_service(unit, argv, environment, [os.getpid()], 10.0), flush=True)
    store = DescriptorStore()
    for _ in range(MANY // 100):
        files = [os.memfd_create("many") for _ in range(100)]
        store.store_descriptors("many", files)
        for file in files:
            os.close(file)
    for name, text in FILES:
        file = os.memfd_create(name)
        os.write(file, text)
        store.store_descriptors(name, [file])
    store.remove("gone")
    # systemd looks up the sender of each message, so this process must live until all have been handled.
    while held_by_services(unit) != MANY + len(FILES) - 1:
        time.sleep(0.01)


def tell(report: str) -> None:
    """Append a line about the received descriptors to the report; then wait for the end."""
    received = take_received(os.environ)
    texts = {name: sorted(os.pread(each, 99, 0).decode() for each in files) for name, files in received.items()}
    many = len(texts.pop("many", []))
    inheritable = [os.get_inheritable(each) for files in received.values() for each in files]
    with open(report, "a", encoding="utf-8") as file:  # noqa: PTH123
        print(json.dumps([texts, any(inheritable), many]), file=file)
    signal.pause()


if __name__ == "__main__":
    if sys.argv[1] == "keep":
        keep(*sys.argv[2:])
    else:
        tell(*sys.argv[2:])

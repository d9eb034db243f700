"""The page for the phone with 100 chats: the time and bytes of its list, the server's memory, its rest.

*Over a line* the page is read through a relay with 150 ms of round trip and 1 Mbit/s, as a browser reads it: the page;
its style and script at once; then who the device is, and the list. The server's memory is compared with that of a bare
Python with asyncio, both RSS.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2

from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict
from tests.support.page_server import Device, PageServer, cpu_ticks, memory_kib, phone
from tests.support.ports import free_port
from tests.support.ssh_relay import ssh_relay
from tests.support.waiting import wait_until

CHATS = 100
ROUND_TRIP_S, BYTES_PER_S = 0.15, 1_000_000 // 8
REST_S = 60.0
LIST_LIMIT_S, BYTES_LIMIT, MEMORY_LIMIT_MB = 1.0, 60_000, 36.0


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("web", f"the page for the phone with {CHATS} chats")
    here, far = Series("the list, on the Unix socket", "ms"), Series("the list, over a line, a new connection", "ms")
    whole = Series("the whole page with the list, over a line", "ms")
    size = Series("bytes of the list, compressed", "B")
    parts = Series("bytes of the page's files, compressed", "B")
    for number in range(CHATS):
        bench.new_session(["sleep", "1000"], f"Refuse used tokens, and say so: {number}")
    port = free_port()
    with ssh_relay(port) as relay:
        relay.delay(ROUND_TRIP_S / 2)
        relay.rate(BYTES_PER_S)
        address = f"http://localhost:{relay.port}"
        changed = {"following.LEAVE_AFTER_S": 1.0}
        words = ("--port", str(port), "--address", address)
        with PageServer(bench.area, *words, address=address, changed=changed) as server, server.pair() as device:
            first = device.read("chats")
            assert len(first["chats"]) == CHATS
            for _ in range(bench.rounds * 4):
                began_s = time.perf_counter()
                answer = device.client.get("/api/chats")
                here.values.append((time.perf_counter() - began_s) * 1000)
                size.values.append(float(answer.headers["content-length"]))
                _pause(0.4)
            files = [device.client.get(path) for path in _FILES]
            parts.values = [float(sum(len(gzip.compress(each.content)) for each in files))]
            for _ in range(bench.rounds):
                far.values.append(_ms(address, device, []))
                whole.values.append(_ms(address, device, _FILES))
                _pause(3.0)
            with phone(device) as shown:
                wait_until(lambda: len(shown.rows) == CHATS, 60, "the list")
                used_kib = memory_kib(server.pid)
            wait_until(lambda: not server.children(), 60, "nobody to look")
            before = cpu_ticks(server.pid)
            _pause(REST_S)
            ticks = cpu_ticks(server.pid) - before
            resting_kib = memory_kib(server.pid)
    memory_mb = (used_kib - _bare_kib()) / 1024
    report.series = [here, far, whole, size, parts]
    report.verdicts = [
        Verdict("the list over a line", far.median / 1000, "s", LIST_LIMIT_S, False),
        Verdict("the page with the list", size.median + parts.median, "B", BYTES_LIMIT, False),
        Verdict("memory beside a bare Python's", memory_mb, "MB", MEMORY_LIMIT_MB, False),
        Verdict("the same while nobody looks", (resting_kib - _bare_kib()) / 1024, "MB"),
        Verdict(f"ticks of processor time in {REST_S:g} s while nobody looks", ticks, "", 0, False),
    ]
    return report


_FILES = ["/", "/page.css", "/page.js"]


def _ms(address: str, device: Device, files: list[str]) -> float:
    """The time until the list is there for a browser that has nothing yet, in milliseconds."""
    headers = {"Origin": address, "X-Outlive": "1"}
    signing = device.client.auth
    with (
        httpx2.Client(base_url=address, headers=headers, auth=signing, timeout=30) as client,
        ThreadPoolExecutor(2) as pool,
    ):
        began_s = time.perf_counter()
        for group in ([files[:1], files[1:]] if files else []) + [["/api/me", "/api/chats"]]:
            for answer in pool.map(client.get, group):
                answer.raise_for_status()
        return (time.perf_counter() - began_s) * 1000


def _bare_kib() -> int:
    """The memory of a Python process that has imported asyncio and waits for a line."""
    code = "import asyncio; print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = memory_kib(process.pid)
        process.communicate(b"\n")
    return found


def _pause(seconds: float) -> None:
    time.sleep(seconds)

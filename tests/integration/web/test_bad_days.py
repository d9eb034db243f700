"""A full disk, damaged files, what a killed server left, a second server, missing parts: one clear line each."""

from __future__ import annotations

import json
import os
import shlex
import signal
import stat
import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path

import pytest

from session_host.paths import ensure_private
from session_host.system.files import replace_file
from session_host.web import devices
from session_host.web.devices import devices_file
from session_host.web.places import is_served, known_addresses, page_socket
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import OUTLIVE, REPOSITORY, environment, new, outlive
from tests.support.disks import fill_disk, small_disk
from tests.support.page_server import Device, PageServer
from tests.support.user_systemd import UserSystemd
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0
DAMAGED = b'{"devices": [{"name": 1'


@pytest.mark.usefixtures("sessions")
def test_on_a_full_disk_nobody_is_paired_and_those_who_are_go_on(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_disk(area.root / "disk", 8 * 1024) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        with PageServer(area) as server, server.pair() as device:
            chat = new("-n", "one", "--", "cat")
            code = devices.begin_pairing()
            ballast = fill_disk(disk)
            with Device() as other:
                refused = other.post("/api/ask", {"code": code})
                assert (refused.status_code, refused.json()["code"]) == (507, "disk_full")
                assert "disk" in refused.json()["words"]
                assert other.post("/api/ask", {"code": "22222222"}).status_code == 403
            assert set(device.rows()) == {"one"}
            assert device.do("send", chat=chat, text="typed")["words"] == "Sent"
            done = outlive("web", "pair")
            assert done.code == 1
            assert "space" in done.complaint()
            revoked = outlive("web", "devices", "--revoke", "phone")
            assert (revoked.code, "space" in revoked.error) == (1, True)
            ballast.unlink()
            with Device() as other:
                assert other.post("/api/ask", {"code": code}).json()["state"] == "asks"
        for pid in processes.with_environment("OUTLIVE_STATE_DIR", str(disk)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_with_a_damaged_file_nobody_gets_in_and_the_words_say_what_to_do(server: PageServer, device: Device) -> None:
    good = devices_file().read_bytes()
    with device.stream() as happened:
        assert next(happened).kind == "hello"
        replace_file(devices_file(), DAMAGED)
        assert [each.kind for each in happened if each.kind == "row"] == [], "it has ended"
    refused = device.get("/api/chats")
    assert refused.status_code >= 400
    assert "remove it" in refused.json()["words"]
    for words in (["pair"], ["devices"]):
        done = outlive("web", *words)
        assert (done.code, "remove it, and pair your devices again" in done.complaint()) == (1, True)
    replace_file(devices_file(), good)
    assert device.get("/api/chats").status_code == 200


@pytest.mark.usefixtures("sessions")
def test_with_a_damaged_file_the_page_is_served_and_says_what_to_do(area: Area) -> None:
    """It had begun to listen, and ended."""
    ensure_private(devices_file().parent)
    replace_file(devices_file(), DAMAGED)
    with PageServer(area) as server, Device() as device:
        assert "remove it, and pair your devices again" in server.errors.read_text()
        assert device.get("/api/me").status_code >= 400
        devices_file().unlink()
        with server.pair() as paired:
            assert paired.read("me")["device"] == "phone"


def test_a_killed_server_leaves_nothing_in_the_way(server: PageServer, device: Device) -> None:
    device.read("chats")
    server.kill()
    assert page_socket().exists()
    done = outlive("web", "devices")
    assert done.code == 0
    server.start()
    with device.copy() as again:
        assert again.read("me")["device"] == "phone"
    assert stat.S_IMODE(page_socket().stat().st_mode) == 0o600
    assert server.end() == 0
    assert not page_socket().exists()


def test_ctrl_c_ends_it_also_while_streams_are_open(server: PageServer, device: Device) -> None:
    with device.stream() as happened:
        assert next(happened).kind == "hello"
        assert server.end(signal.SIGINT) == 0
    assert "Traceback" not in server.errors.read_text()


def test_a_second_server_says_so_and_changes_nothing(server: PageServer, device: Device) -> None:
    done = outlive("web", "--port", "7999")
    assert (done.code, done.complaint()) == (
        1,
        "the page is served already; `outlive web off`, or Ctrl+C there, ends that",
    )
    assert known_addresses() == ("http://localhost:7070",)
    assert device.read("me")["device"] == "phone"


def test_of_servers_that_start_at_once_one_serves(area: Area, sessions: object) -> None:
    argv = [*OUTLIVE, "web"]
    started = [
        subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment()
        )
        for _ in range(4)
    ]
    try:
        wait_until(lambda: sum(each.poll() is not None for each in started) == 3, TIMEOUT_S, "three to end")
        with Device() as device:
            wait_until(is_served, TIMEOUT_S, "the page")
            assert device.get("/api/me").status_code == 401
        assert sorted(each.poll() or 0 for each in started) == [0, 1, 1, 1]
    finally:
        for each in started:
            each.terminate()
            each.communicate()


_MISSING = """
import sys
from importlib.machinery import PathFinder


class Lacking(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        is_lacking = name.partition(".")[0] in {"cryptography", "starlette", "uvicorn"}
        return None if is_lacking else PathFinder.find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Lacking
from session_host.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_without_the_extra_it_says_what_to_install(area: Area) -> None:
    """It named a package that no index has."""
    command = shlex.join(["bash", str(REPOSITORY / "installers/run.sh"), "--setup-only"])
    for words in ([], ["on"]):
        argv = [sys.executable, "-c", _MISSING, "web", *words]
        done = subprocess.run(argv, capture_output=True, text=True, env=environment(), timeout=60, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"outlive: the page needs cryptography, starlette, uvicorn; install it with: {command}\n"
    pairs = [sys.executable, "-c", _MISSING, "web", "pair", "--json"]
    done = subprocess.run(pairs, capture_output=True, text=True, env=environment(), timeout=60, check=False)
    assert (done.returncode, json.loads(done.stdout)["rights"]) == (0, "answer")
    assert done.stderr == f"outlive: The page is not installed; install it with: {command}\n"


def test_without_systemd_it_is_not_turned_on_and_nothing_is_left(
    area: Area, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    unit = tmp_path / "config/systemd/user/outlive-web.service"
    monkeypatch.setenv("PATH", str(tmp_path))
    absent = outlive("web", "on")
    assert (absent.code, absent.output) == (1, "")
    assert "systemd does not answer" in absent.complaint()
    assert not unit.exists()
    systemctl = tmp_path / "systemctl"
    systemctl.write_text("#!/bin/sh\necho 'Failed to connect to bus: No medium found' >&2\nexit 1\n")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    failing = outlive("web", "on")
    assert (failing.code, "Failed to connect to bus" in failing.complaint()) == (1, True)
    assert not unit.exists()
    assert "the page was not turned on" in outlive("web", "off").complaint()


def test_it_is_turned_on_and_off(sessions: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    systemd = UserSystemd(tmp_path / "systemd", monkeypatch)
    assert outlive("web", "on").code == 0
    assert "ExecStart=" in systemd.unit.read_text()
    assert outlive("web", "off").code == 0
    assert not systemd.unit.exists()
    assert systemd.asked[-2:] == ["--user disable --now outlive-web.service", "--user daemon-reload"]


def test_a_chat_that_hangs_is_named_and_the_page_goes_on(server: PageServer, device: Device) -> None:
    chat = new("-n", "one", "--", "cat")
    other = new("-n", "two", "--", "cat")
    [host] = [each["host_pid"] for each in outlive("ls", "--json").json() if each["id"] == chat]
    processes.stop(host)
    try:
        assert set(device.rows()) == {"one", "two"}
        assert device.screen(other)["columns"] == 80
        keys = {"id": uuid.uuid4().hex, "chat": chat, "hash": "0" * 32, "keys": ["x"]}
        late = device.post("/api/keys", keys)
        assert (late.status_code, late.json()["code"]) == (504, "no_answer")
    finally:
        os.kill(host, signal.SIGCONT)
    assert device.screen(chat)["columns"] == 80
    assert device.post("/api/stop", {"id": uuid.uuid4().hex, "chat": chat}).status_code == 200
    gone = device.post("/api/send", {"id": uuid.uuid4().hex, "chat": chat, "text": "late"})
    assert (gone.status_code, gone.json()["code"]) == (409, "ended")

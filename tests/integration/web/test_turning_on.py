"""``outlive web on --lan``: the page is there with a certificate of its own, or one line says why not."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.web import places
from session_host.web.certificates import fingerprint_in
from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.page_server import Device, PageServer
from tests.support.ports import free_port
from tests.support.push_service import certificate
from tests.support.user_systemd import UserSystemd, user_systemd


@pytest.fixture
def systemd(area: Area, sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[UserSystemd]:
    """The user's systemd, in which the page is off at the end."""
    with user_systemd(tmp_path / "systemd", monkeypatch) as systemd:
        yield systemd


def test_the_page_is_on_once_its_own_certificate_has_answered(systemd: UserSystemd) -> None:
    port = free_port()
    done = outlive("web", "on", "--lan", "127.0.0.1", "--port", str(port))
    served = places.served()
    assert served is not None
    assert served.certificate is not None
    assert (done.code, done.error) == (0, "")
    assert done.output.splitlines() == [
        f"The page is served, also after your next login: https://127.0.0.1:{port}",
        f"Certificate: SHA-256 {served.certificate.fingerprint}",
        "Pair a device: outlive web pair",
    ]
    sent = systemd.unit.parent / "sent.pem"
    sent.write_text(ssl.get_server_certificate(("127.0.0.1", port)))
    assert fingerprint_in(str(sent)) == served.certificate.fingerprint
    checked = outlive("doctor").output
    assert f"served at https://127.0.0.1:{port}" in checked
    assert served.certificate.fingerprint in checked
    assert outlive("web", "off").code == 0
    assert (places.served(), systemd.unit.exists()) == (None, False)


def test_turned_on_again_it_has_the_same_certificate(systemd: UserSystemd) -> None:
    words = ["web", "on", "--lan", "127.0.0.1", "--port", str(free_port())]
    found = []
    for _ in range(2):
        assert outlive(*words).code == 0
        served = places.served()
        assert served is not None
        found.append(served.certificate)
    assert found[0] == found[1]


def test_a_port_that_another_program_has_leaves_the_earlier_page_on(systemd: UserSystemd) -> None:
    port = free_port()
    assert outlive("web", "on", "--lan", "127.0.0.1", "--port", str(port)).code == 0
    before = systemd.unit.read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        done = outlive("web", "on", "--lan", "127.0.0.1", "--port", str(taken))
    assert (done.code, done.output) == (2, "")
    assert f"another program has the port {taken}" in done.complaint()
    served = places.served()
    assert served is not None
    assert (systemd.unit.read_bytes(), served.addresses) == (before, (f"https://127.0.0.1:{port}",))


def test_a_page_that_does_not_start_leaves_the_earlier_unit(systemd: UserSystemd, area: Area) -> None:
    words = ["web", "on", "--lan", "127.0.0.1", "--port", str(free_port())]
    assert outlive(*words).code == 0
    before = systemd.unit.read_bytes()
    systemd.stop()
    with PageServer(area):
        done = outlive(*words[:-1], str(free_port()))
    assert (done.code, done.output, systemd.unit.read_bytes()) == (2, "", before)
    assert done.complaint() == (
        "the page is not served: the page is served already; `outlive web off`, or Ctrl+C there, ends that"
    )


def test_a_first_page_that_does_not_start_leaves_nothing(systemd: UserSystemd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = outlive("web", "on", "--lan", "127.0.0.1", "--port", str(port))
    assert (done.code, done.output, systemd.unit.exists()) == (2, "", False)
    assert f"another program has the port {port}; free are --port" in done.complaint()


def test_a_proxy_is_asked_and_one_line_says_what_answered(systemd: UserSystemd) -> None:
    port = free_port()
    done = outlive("web", "on", "--port", str(port), "--address", "https://desk.invalid")
    assert done.code == 0
    assert "https://desk.invalid: nobody knows this name yet" in done.output.splitlines()
    with Device(f"http://localhost:{port}") as device:
        assert device.get("/api/me").status_code == 401


@pytest.mark.usefixtures("area")
class TestOneLineAndExitTwo:
    @pytest.mark.parametrize(
        ("words", "line"),
        [
            (["--lan", "203.0.113.9"], "--lan 203.0.113.9: this computer does not have that address"),
            (["--lan", "desk.invalid"], "--lan desk.invalid: that is no address; `--lan` alone chooses one"),
            (["--lan", "0.0.0.0"], "--lan 0.0.0.0: name one address, or --certificate and --address"),
            (["--lan", "on"], "write it as `outlive web on --lan`"),
            (["on", "--lan", "203.0.113.9"], "--lan 203.0.113.9: this computer does not have that address"),
            (["--port", "0"], "--port 0: a port is a number from 1 to 65535"),
            (["--port", "65536"], "--port 65536: a port is a number from 1 to 65535"),
            (
                ["--address", "desk.example"],
                "--address desk.example: write it as https://NAME or http://localhost:PORT",
            ),
            (["--address", "https://a:0"], "--address https://a:0: write it as https://NAME or http://localhost:PORT"),
            (["--address", "https://a:70000"], "--address https://a:70000: write it as https://NAME or"),
            (["--lan", "127.0.0.1", "--certificate", "/none"], "--certificate /none: No such file or directory"),
            (["--port", "7070", "--certificate", "CERTIFICATE", "--key", "/none"], "--key /none: No such file"),
            (
                ["--port", "7070", "--certificate", "/etc/hostname"],
                "/etc/hostname: a certificate and its key",
            ),
            (["--port", "7070", "--certificate", "CERTIFICATE", "--key", "OTHER"], "OTHER is not the key of the"),
            (["--certificate", "CERTIFICATE"], "--certificate needs --port or --lan"),
            (["--key", "OTHER"], "--key needs --certificate"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_served(self, words: list[str], line: str, tmp_path: Path) -> None:
        for name in ("CERTIFICATE", "OTHER"):
            (tmp_path / name).write_bytes(certificate())
        given = [str(tmp_path / each) if each in {"CERTIFICATE", "OTHER"} else each for each in words]
        done = outlive("web", *given)
        assert (done.code, done.output) == (2, "")
        assert line in done.complaint()
        assert places.served() is None

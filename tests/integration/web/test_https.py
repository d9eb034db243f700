"""The page in the user's network: with a certificate, and not without one."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.page_server import TIMEOUT_S, Key, PageServer
from tests.support.ports import free_port
from tests.support.push_service import certificate


class Served(NamedTuple):
    """The page, and what a browser knows of it."""

    address: str
    port: int
    certificate: Path


@pytest.fixture
def served(area: Area, sessions: Sessions, tmp_path: Path) -> Iterator[Served]:
    """A server with HTTPS; its certificate is in one file, the key in another."""
    key, begin, signed = certificate().partition(b"-----BEGIN CERTIFICATE-----")
    files = {"--certificate": tmp_path / "desk.pem", "--key": tmp_path / "desk.key"}
    files["--certificate"].write_bytes(begin + signed)
    files["--key"].write_bytes(key)
    port = free_port()
    words = [*("--lan", "127.0.0.1", "--port", str(port)), *(str(each) for item in files.items() for each in item)]
    address = f"https://127.0.0.1:{port}"
    with PageServer(area, *words, address=address):
        yield Served(address, port, files["--certificate"])


def test_the_cookie_is_kept_for_this_host_and_never_sent_without_https(served: Served) -> None:
    pairing = outlive("web", "pair", "--json").json()
    assert pairing["address"] == f"{served.address}/#pair={pairing['code']}"
    trust = ssl.create_default_context(cafile=served.certificate)
    key = Key()
    with httpx2.Client(
        base_url=served.address,
        verify=trust,
        headers={"Origin": served.address, "X-Outlive": "1"},
        timeout=TIMEOUT_S,
    ) as it:
        key.challenge = it.get("/api/me").json()["challenge"]
    body = json.dumps({"code": pairing["code"]}).encode()
    headers = {
        "Origin": served.address,
        "X-Outlive": "1",
        "X-Outlive-Signed": key.signed("POST", "/api/ask", served.address, body),
        "Content-Type": "application/json",
    }
    with httpx2.Client(base_url=served.address, verify=trust, timeout=TIMEOUT_S) as browser:
        asked = browser.post("/api/ask", content=body, headers=headers)
        assert asked.status_code == 200, asked.text
        cookie, *attributes = (each.strip() for each in asked.headers["set-cookie"].split(";"))
        assert cookie.startswith("__Host-outlive=")
        assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= set(attributes)
        assert not any(each.startswith("Domain") for each in attributes)


def test_without_https_the_port_answers_nothing(served: Served) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", served.port)) as connection:
        connection.request("GET", "/")
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            connection.getresponse()

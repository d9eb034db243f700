"""Sources of a server's API key, and places that the key never reaches."""

from __future__ import annotations

import asyncio
import logging
import shlex
import socket
import sys
from pathlib import Path

import pytest

from session_host.endpoint.server import secret_store
from session_host.endpoint.server.api_keys import KeyFilter, check_source, find_key
from session_host.errors import ConfigError, UsageError
from tests.architecture.source_tree import REPOSITORY
from tests.fakes.secret_service import SecretService
from tests.support.buses import BusDaemon
from tests.support.processes import end
from tests.support.waiting import eventually

HTTPS, HTTP, HERE = "https://api.example.com/v1", "http://api.example.com/v1", "http://127.0.0.1:1/v1"
KEY = "sk-0123456789"


async def test_by_default_the_key_is_read_from_openai_api_key() -> None:
    assert await find_key("", HTTPS, {"OPENAI_API_KEY": f" {KEY}\n"}) == KEY
    assert await find_key("", HERE, {"OPENAI_API_KEY": KEY}) == KEY
    assert await find_key("", HTTPS, {}) is None


async def test_a_default_key_is_not_sent_over_the_network_unencrypted() -> None:
    assert await find_key("", HTTP, {"OPENAI_API_KEY": KEY}) is None
    assert await find_key("env:OPENAI_API_KEY", HTTP, {"OPENAI_API_KEY": KEY}) == KEY


async def test_the_first_line_of_a_file_is_the_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n# of the team\n")
    path.chmod(0o600)
    assert await find_key(f"file:{path}", HTTPS, {}) == KEY
    assert caplog.records == []
    path.chmod(0o644)
    await find_key(f"file:{path}", HTTPS, {})
    assert "other users can read" in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "does not contain a valid key"),
        (b"two words", "does not contain a valid key"),
        (b"\xff\xfe", "does not contain a valid key"),
        (b"x" * 20_000, "too long"),
    ],
)
async def test_a_file_without_a_valid_key_is_reported(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigError, match=complaint):
        await find_key(f"file:{tmp_path}/key", HTTPS, {})
    with pytest.raises(ConfigError, match="No such file"):
        await find_key(f"file:{tmp_path}/none", HTTPS, {})


@pytest.mark.parametrize("source", ["", KEY, "env:", "file:", "keyring", "ENV:X"])
def test_an_unknown_source_is_refused(source: str) -> None:
    with pytest.raises(UsageError, match="not the key itself"):
        check_source(source)


async def test_the_desktops_secret_store_keeps_a_key_for_each_server(session_bus: BusDaemon) -> None:
    with SecretService(session_bus.address) as service:
        assert await secret_store.find("https://api.example.com", unlock=True) is None
        await secret_store.save("https://api.example.com", KEY)
        await secret_store.save("https://api.example.com", f"{KEY}-new")
        await secret_store.save("https://other.example.com", "other")
        assert len(service.items) == 2
        assert await find_key("secret", HTTPS, {}) == f"{KEY}-new"
        assert await find_key("", HTTPS, {}) == f"{KEY}-new", "without a source, the secret store is searched"
        with pytest.raises(ConfigError, match=r"no key for http://127\.0\.0\.1:1; /key saves one"):
            await find_key("secret", HERE, {})


async def test_a_locked_store_is_unlocked_by_its_user(session_bus: BusDaemon) -> None:
    with SecretService(session_bus.address, locked=True) as service:
        await secret_store.save("https://api.example.com", KEY)
        assert service.prompts == 1
        service.locked = True
        assert await find_key("", HTTPS, {}) is None, "a store that was not chosen does not ask its user"
        assert await find_key("secret", HTTPS, {}) == KEY
        assert service.prompts == 2


async def test_a_store_that_stays_locked_is_reported(session_bus: BusDaemon) -> None:
    with (
        SecretService(session_bus.address, locked=True, dismisses=True),
        pytest.raises(ConfigError, match="is locked; unlock it, or use /key"),
    ):
        await secret_store.save("https://api.example.com", KEY)


async def test_a_missing_store_or_bus_is_reported(
    session_bus: BusDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="no secret store found"):
        await find_key("secret", HTTPS, {})
    assert await find_key("", HTTPS, {}) is None
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    with pytest.raises(ConfigError, match="no secret store found"):
        await find_key("secret", HTTPS, {})
    with socket.socket(socket.AF_UNIX) as unheard:
        unheard.bind(str(tmp_path / "unheard"))
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/unheard")
        with pytest.raises(ConfigError, match="cannot use the secret store"):
            await find_key("secret", HTTPS, {})


async def test_a_store_that_does_not_run_yet_is_started(
    session_bus: BusDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_store, "TIMEOUT_S", 60.0)  # On a busy machine, this store needs seconds for its start.
    program = (
        "import sys, threading; from tests.fakes.secret_service import SecretService\n"
        "with SecretService(sys.argv[1]): threading.Event().wait(60)"
    )
    command = shlex.join([sys.executable, "-c", program, session_bus.address])
    wrapper = tmp_path / "store"
    wrapper.write_text(f"#!/bin/sh\ncd {shlex.quote(str(REPOSITORY))}; echo $$ > {tmp_path}/pid; exec {command}\n")
    wrapper.chmod(0o700)
    session_bus.add_service("org.freedesktop.secrets", wrapper)
    try:
        await secret_store.save("https://api.example.com", KEY)
        assert await find_key("secret", HTTPS, {}) == KEY
    finally:
        end([int((tmp_path / "pid").read_text())])


async def test_a_chat_that_is_closed_while_the_store_asks_does_not_wait(
    session_bus: BusDaemon,
) -> None:
    with SecretService(session_bus.address, locked=True, answers=False) as service:
        service.items[(("application", "outlive"), ("server", "https://api.example.com"))] = KEY
        looking = asyncio.ensure_future(find_key("secret", HTTPS, {}))
        await eventually(lambda: service.prompts, 30, "the question")
        looking.cancel()
        await asyncio.wait([looking], timeout=60)
        assert looking.cancelled()


def test_a_key_is_never_logged_by_any_library(caplog: pytest.LogCaptureFixture) -> None:
    hidden = KeyFilter()
    hidden.add_key(KEY)
    hidden.add_key("none")
    caplog.handler.addFilter(hidden)
    try:
        raise ValueError(f"header {KEY}")  # noqa: TRY301
    except ValueError:
        logging.getLogger("x").exception("with %s and none", KEY)
    assert KEY not in caplog.text
    assert "with [key] and none" in caplog.text
    assert "ValueError: header [key]" in caplog.text

"""The sheet for a new chat with a model server."""

from __future__ import annotations

import pytest

from session_host.client.chats.launch_spec import LaunchRequest
from tests.support.area import Area
from tests.unit.gui.conftest import WindowHarness


async def test_an_endpoint_is_asked_for_model_and_server(
    harness: WindowHarness, launches: list[LaunchRequest], area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    window = harness.open_window()
    window.commands.starting.new_chat("endpoint", "/tmp")
    sheet = window.sheets.new_chat
    assert (sheet.model.isVisible(), sheet.url.isVisible()) == (True, True)
    assert (sheet.runtime.isVisible(), sheet.runtime.value()) == (True, "terminal")
    sheet.start.click()
    assert sheet.error.text() == "Enter the server’s API address"
    for wrong in ("http://server a/v1", "ftp://127.0.0.1", "http://me:secret@127.0.0.1/v1"):
        sheet.url.setText(wrong)
        sheet.start.click()
        assert sheet.error.text() == (
            "This is not a server’s address. Write it like http://127.0.0.1:8080/v1, without user name and password"
        )
    assert launches == []
    sheet.model.setText("llama")
    sheet.url.setText("http://127.0.0.1:1/v1")
    sheet.start.click()
    await harness.until(lambda: launches, "the start")
    assert launches[0].arguments == ["--model=llama", "--url=http://127.0.0.1:1/v1"]
    (area.config / "endpoint.toml").write_text('url = "http://default/v1"\nmodel = "m"\n')
    window.commands.starting.new_chat("endpoint", "/tmp")
    assert (sheet.model.text(), sheet.url.text()) == ("llama", "http://127.0.0.1:1/v1")
    assert (sheet.model.placeholderText(), sheet.url.placeholderText()) == ("m", "http://default/v1")
    sheet.model.clear()
    sheet.url.clear()
    sheet.runtime.buttons[1].click()
    sheet.start.click()
    await harness.until(lambda: len(launches) == 2, "the start")
    assert (launches[1].arguments, launches[1].runtime) == ([], "structured"), "the defaults count"

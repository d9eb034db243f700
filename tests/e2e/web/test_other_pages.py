"""Another web site in the same browser gets nothing of the page, though the browser has its cookie."""

from __future__ import annotations

import http.server
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.browser import browser, pair
from tests.support.commands import new, outlive
from tests.support.page_server import PageServer

_ATTACKS = """
const [page, chat, done] = arguments;
const body = JSON.stringify({ id: '12345678', chat });
const json = { 'Content-Type': 'application/json', 'X-Outlive': 1 };
const fetched = (path, options) => fetch(page + path, { credentials: 'include', ...options })
    .then((answer) => answer.text()).catch(() => '');
const socket = () => new Promise((resolve) => {
    const opened = new WebSocket(page.replace('http', 'ws') + '/api/stream');
    opened.onopen = () => resolve('open');
    opened.onerror = () => resolve('');
});
(async () => done([
    await fetched('/api/stop', { method: 'POST', mode: 'no-cors', body, headers: { 'Content-Type': 'text/plain' } }),
    await fetched('/api/stop', { method: 'POST', body, headers: json }),
    await fetched('/api/chats', { headers: json }),
    await fetched('/api/chats', { mode: 'no-cors' }),
    await socket(),
]))();
"""
_FRAME = "document.body.appendChild(document.createElement('iframe')).src = arguments[0]"
_FORM = """
const [page, chat] = arguments;
const form = document.body.appendChild(document.createElement('form'));
const field = form.appendChild(document.createElement('input'));
Object.assign(form, { action: page + '/api/stop', method: 'POST', enctype: 'text/plain' });
Object.assign(field, { name: `{"id":"12345678","chat":"${chat}","x":"`, value: '"}' });
form.submit();
"""


@contextmanager
def other_site() -> Iterator[int]:
    """Serve an empty page; yields the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"""<!doctype html><link rel="icon" href="data:,"><body>another site""")

        def log_message(self, *_words: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_another_site_reads_and_does_nothing(server: PageServer, host: str) -> None:
    """Cookies of the page are sent from the same host, whatever its port."""
    chat = new("-n", "one", "--", "cat")
    with other_site() as port, browser() as phone:
        pair(phone, server)
        phone.open(f"http://{host}:{port}/")
        phone.see("another site")
        got = phone.driver.execute_async_script(_ATTACKS, server.address, chat)
        assert got == [""] * len(got)
        phone.driver.execute_script(_FRAME, server.address)
        phone.driver.switch_to.frame(0)
        phone.see("refused to connect")
        phone.driver.switch_to.default_content()
        phone.driver.execute_script(_FORM, server.address, chat)
        phone.see("Another page asked for this.")
        assert phone.complaints() != [], "the browser says what it kept out"
    assert [each["state"] for each in outlive("ls", "--json").json()] == ["running"]
    with urllib.request.urlopen(server.address) as answer:
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]

"""A server of an agent, on another port of the page's name or on its own while the page is not served."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from session_host.web import devices
from session_host.web.devices import Rights
from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.browser import Browser, browser, pair
from tests.support.commands import new, outlive
from tests.support.page_server import Key, PageServer
from tests.support.ports import free_port
from tests.support.reverse_proxy import Secured, reverse_proxy
from tests.support.waiting import WaitTimeout, wait_until

TIMEOUT_S = 60.0

_THIEF = b"""<!doctype html><link rel="icon" href="data:,"><body>thief<script>
const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
window.steal = async (challenge) => {
    const opening = indexedDB.open('outlive');
    const database = await new Promise((resolve) => (opening.onsuccess = () => resolve(opening.result)));
    if (![...database.objectStoreNames].includes('keys')) return 'no key';
    const keys = database.transaction('keys').objectStore('keys');
    const getting = keys.get(1);
    const { own, name } = await new Promise((resolve) => (getting.onsuccess = () => resolve(getting.result)));
    const read = await crypto.subtle.exportKey('pkcs8', own).catch((error) => error.name);
    const hash = base64(await crypto.subtle.digest('SHA-256', new Uint8Array()));
    const text = ['GET', `${location.origin}/api/chats`, hash, challenge, 2 ** 52].join('\\n');
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, own, new TextEncoder().encode(text));
    return [read, [name, 2 ** 52, hash, base64(signature)].join(' ')];
};
window.plant = async () => {
    const made = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
    const planted = { own: made.privateKey, name: base64(await crypto.subtle.exportKey('raw', made.publicKey)) };
    const opening = indexedDB.open('outlive');
    await new Promise((resolve) => (opening.onsuccess = resolve));
    const doing = opening.result.transaction('keys', 'readwrite');
    for (const each of [1, 'asks']) doing.objectStore('keys').put(planted, each);
    await new Promise((resolve) => (doing.oncomplete = resolve));
    return planted.name;
};
window.settle = () => navigator.serviceWorker.register('/deep/thief.js', { scope: '/' })
    .then(() => navigator.serviceWorker.ready).then(({ active }) => active.scriptURL);
</script>"""

_WORKER = b"""
self.addEventListener('install', () => skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(clients.claim()));
self.addEventListener('fetch', (event) => event.respondWith(
    new Response('<!doctype html><body>thief for good', { headers: { 'Content-Type': 'text/html' } })));
"""


class Thief(http.server.ThreadingHTTPServer):
    """A server that answers everything, and notes what it got.

    Attributes:
        got: the headers of each request.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, cache: str, secured: Secured | None) -> None:
        self.got: list[dict[str, str]] = []
        self.cache = cache
        self._connections: list[socket.socket] = []
        super().__init__(("127.0.0.1", port), _Handler)
        if secured is not None:
            self.socket = secured.context.wrap_socket(self.socket, server_side=True)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note the connection: a browser keeps a spare one."""
        self._connections.append(request)
        super().process_request(request, client_address)

    def server_close(self) -> None:
        """End as a process does."""
        super().server_close()
        for each in self._connections:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Thief

    def do_GET(self) -> None:
        self.server.got.append(dict(self.headers))
        is_script = self.path.endswith(".js")
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
        self.send_header("Service-Worker-Allowed", "/")
        self.send_header("Cache-Control", self.server.cache)
        self.end_headers()
        self.wfile.write(_WORKER if is_script else _THIEF)

    def log_message(self, *_words: Any) -> None:
        pass


@contextmanager
def thief(port: int = 0, cache: str = "no-store", secured: Secured | None = None) -> Iterator[Thief]:
    """Serve, as an agent may."""
    with Thief(port, cache, secured) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def secured() -> None:
    """No certificate, so HTTP."""


@pytest.fixture
def port() -> int:
    """The page's own port."""
    return free_port()


@pytest.fixture
def server(area: Area, sessions: Sessions, port: int, secured: Secured | None) -> Iterator[PageServer]:
    """The page on a port of the loopback, behind a proxy if there is a certificate."""
    with contextlib.ExitStack() as stack:
        words = ["--port", str(port)]
        address = f"http://localhost:{port}"
        if secured is not None:
            front = free_port()
            stack.enter_context(reverse_proxy(front, port, secured))
            address = f"https://localhost:{front}"
            words += ["--address", address]
        yield stack.enter_context(PageServer(area, *words, address=address))


@pytest.fixture
def phone(server: PageServer, secured: Secured | None) -> Iterator[Browser]:
    """A browser that knows the certificate."""
    with browser(trusts=secured.pin if secured is not None else "") as opened:
        yield opened
        assert opened.complaints() == []


over_http_and_behind_https = pytest.mark.parametrize("secured", [None, Secured()], ids=["http", "https"])


@over_http_and_behind_https
def test_a_server_on_another_port_gets_nothing_that_opens_the_page(
    phone: Browser, server: PageServer, secured: Secured | None
) -> None:
    pair(phone, server)
    with thief(secured=secured) as other:
        phone.open(f"{urlsplit(server.address).scheme}://localhost:{other.server_port}/")
        phone.see("thief")
        number = re.search(r"(__Host-)?outlive=[^;]+", other.got[0]["Cookie"])
        assert number is not None, "cookies know no port"
        assert phone.driver.execute_async_script("steal('x').then(arguments[0])") == "no key"
    key = Key()
    headers = {"Origin": server.address, "X-Outlive": "1", "Cookie": number[0]}
    with httpx2.Client(base_url=server.address, headers=headers, verify=False) as agent:
        refused = agent.get("/api/chats")
        assert (refused.status_code, refused.json()["code"]) == (401, "unsigned")
        key.challenge = refused.json()["challenge"]
        body = json.dumps({"code": ""}).encode()

        def ask() -> httpx2.Response:
            signed = {"X-Outlive-Signed": key.signed("POST", "/api/ask", server.address, body)}
            return agent.post("/api/ask", content=body, headers={"Content-Type": "application/json", **signed})

        assert ask().json()["state"] == "asks"
        [asking] = devices.load().asking
        assert asking.lost, "the desk says of whom it is, and its words are on no phone of the user"
        devices.refuse(asking.id)
        assert ask().json()["state"] == "needs_code"
    phone.open(server.address)
    phone.see("Forget this device")


@over_http_and_behind_https
def test_a_server_that_takes_the_port_gets_no_secret_and_its_worker_goes(
    phone: Browser, server: PageServer, port: int
) -> None:
    new("-n", "one", "--", "cat")
    pair(phone, server)
    phone.see("one")
    server.end()
    with thief(port) as taker:
        phone.open(server.address)
        phone.see("thief")
        script = "steal('a challenge of its own').then(arguments[0])"
        read, signed = phone.driver.execute_async_script(script)
        assert read == "InvalidAccessError", "the key can be used here, and not be read"
        assert phone.driver.execute_async_script("settle().then(arguments[0])").endswith("/deep/thief.js")
        phone.open(f"{server.address}/")
        phone.see("thief for good")
        assert taker.got
    server.start()
    headers = {"X-Outlive": "1", "X-Outlive-Signed": signed}
    refused = httpx2.get(f"{server.address}/api/chats", headers=headers, verify=False)
    assert (refused.status_code, refused.json()["code"]) == (401, "unsigned")

    for _load in range(3):
        phone.open(f"{server.address}/")
        with suppress(WaitTimeout):  # The browser looks for an update a second after a load.
            wait_until(lambda: "Forget this device" in phone.text, 6.0, "the page", is_exact=True)
            break
    phone.see("one", "Forget this device")
    assert "thief" not in phone.text
    workers = "navigator.serviceWorker.getRegistrations().then((all) => arguments[0](all.length))"
    wait_until(lambda: phone.driver.execute_async_script(workers) == 0, TIMEOUT_S, "the end of its worker")
    assert outlive("ls", "--json").json()[0]["state"] == "running"
    phone.complaints()


def test_a_key_that_such_a_server_leaves_is_not_let_in(phone: Browser, server: PageServer, port: int) -> None:
    pair(phone, server)
    server.end()
    with thief(port):
        phone.open(f"{server.address}/")
        phone.see("thief")
        planted = phone.driver.execute_async_script("plant().then(arguments[0])")
    server.start()
    phone.open(f"{server.address}/")
    phone.see("Say yes at the desk", "has lost its key")
    [asking] = devices.load().asking
    phone.see(*asking.words)
    assert asking.key != planted
    devices.let_in(asking.id, Rights.EVERYTHING, asking.lost)
    phone.see("Forget this device")
    phone.driver.refresh()
    phone.see("Forget this device")
    assert devices.load().of_key(planted) is None
    phone.complaints()


@pytest.mark.parametrize("ask", ["fetch('/api/chats', { headers: { 'X-Outlive': 1 } })", "fetch('/?x')"])
def test_a_page_of_such_a_server_that_the_browser_keeps_goes_once_it_asks_for_the_challenge(
    phone: Browser, server: PageServer, port: int, ask: str
) -> None:
    pair(phone, server)
    server.end()
    with thief(port, "max-age=31536000, immutable"):
        phone.open(f"{server.address}/")
        phone.see("thief")
        phone.driver.execute_async_script("fetch('/page.js').then(() => arguments[0]())")
    server.start()
    phone.open(f"{server.address}/")
    phone.see("thief")
    phone.driver.execute_async_script(f"{ask}.then(() => arguments[0]())")
    phone.open(f"{server.address}/")
    phone.see("Forget this device")
    assert "thief" not in phone.text
    phone.complaints()


def test_a_browser_that_lost_its_key_asks_by_itself_for_its_place(phone: Browser, server: PageServer) -> None:
    pair(phone, server, "look")
    phone.driver.execute_async_script(
        "const done = () => arguments[0](); indexedDB.deleteDatabase('outlive').onblocked = done"
    )
    phone.driver.refresh()
    phone.see("Say yes at the desk", "has lost its key")
    [asking] = devices.load().asking
    assert asking.lost == devices.load().devices[0].name
    devices.let_in(asking.id, Rights.LOOK, asking.lost)
    phone.see("Forget this device")
    assert len(devices.load().devices) == 1


def test_where_no_key_is_kept_that_is_said_before_a_code_is_typed(phone: Browser, server: PageServer) -> None:
    keeps_nothing = "IDBObjectStore.prototype.put = () => { throw new DOMException('', 'DataCloneError'); };"
    phone.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": keeps_nothing})
    phone.open(server.address)
    phone.see("Ask to be let in", "until the page is closed")
    phone.type("Code", devices.begin_pairing())
    phone.click("Ask", "button")
    phone.see("Say yes at the desk")
    devices.let_in(devices.load().asking[0].id, Rights.LOOK, "phone")
    phone.see("Forget this device")
    phone.driver.refresh()
    phone.see("Say yes at the desk", "has lost its key")


def test_where_browsers_make_no_key_the_page_says_so(phone: Browser, server: PageServer) -> None:
    insecure = "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });"
    phone.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": insecure})
    phone.open(f"{server.address}/#pair={devices.begin_pairing()}")
    phone.see("This address keeps no key", "https")
    assert devices.load().asking == ()

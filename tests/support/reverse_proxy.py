"""A server with HTTPS before the page, as Caddy or nginx on the same computer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from tests.support.push_service import certificate


class Secured:
    """A certificate of this computer.

    Attributes:
        context: for servers.
        pin: the hash of its public key, base64, by which a browser knows it.
    """

    def __init__(self) -> None:
        pem = certificate()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as file:
            file.write(pem)
            file.flush()
            self.context.load_cert_chain(file.name)
        signed = load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE-----") :])
        key = signed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.pin = base64.b64encode(hashlib.sha256(key).digest()).decode()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):
            while data := await source.read(1 << 16):
                sink.write(data)
                await sink.drain()
    finally:
        sink.close()


@contextmanager
def reverse_proxy(port: int, upstream_port: int, secured: Secured) -> Iterator[None]:
    """Pass each connection on to a port of the loopback, whoever listens there."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, to_there = await asyncio.open_connection("127.0.0.1", upstream_port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, to_there), _copy(there, writer))

    async def begin() -> asyncio.Server:
        return await asyncio.start_server(pass_on, "127.0.0.1", port, ssl=secured.context)

    async def end() -> None:
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    with asyncio.Runner() as runner:
        server = runner.run(begin())
        loop = runner.get_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            runner.run(end())

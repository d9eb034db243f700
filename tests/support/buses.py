"""Private D-Bus daemons for tests, and a thread that answers the calls that a connection receives."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jeepney import Message, MessageType
from jeepney.io.blocking import DBusConnection

from tests.support.processes import end
from tests.support.waiting import wait_readable

CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class BusDaemon:
    """A running daemon. It starts the services that ``add_service`` adds. It listens at the path ``socket``."""

    def __init__(self, socket: Path, services: Path, process: subprocess.Popen[bytes]) -> None:
        self.socket = socket
        self._services = services
        self.process = process
        self.address = f"unix:path={socket}"

    def add_service(self, name: str, program: Path) -> None:
        """Let the daemon start ``program`` when a client calls ``name``."""
        (self._services / f"{name}.service").write_text(f"[D-BUS Service]\nName={name}\nExec={program}\n")

    def end(self) -> None:
        """End the daemon; all clients lose their connections."""
        end([self.process.pid])
        self.process.wait()


@contextmanager
def bus_daemon(directory: Path) -> Iterator[BusDaemon]:
    """Run a real dbus-daemon with its socket in ``directory``."""
    configuration = directory / "bus.conf"
    socket = directory / "bus"
    services = directory / "services"
    services.mkdir()
    configuration.write_text(CONFIGURATION.format(socket=socket, services=services))
    reading, writing = os.pipe()
    command = [
        "dbus-daemon",
        f"--config-file={configuration}",
        "--nofork",
        "--nopidfile",
        f"--print-address={writing}",
    ]
    process = subprocess.Popen(command, pass_fds=[writing], stdin=subprocess.DEVNULL)
    os.close(writing)
    daemon = BusDaemon(socket, services, process)
    try:
        wait_readable(reading, 10, "dbus-daemon's address")
        assert os.read(reading, 1000).startswith(b"unix:"), "dbus-daemon did not start"
        yield daemon
    finally:
        os.close(reading)
        daemon.end()
        socket.unlink(missing_ok=True)


@contextmanager
def answering(connection: DBusConnection, answer: Callable[[Message], None]) -> Iterator[None]:
    """Pass each call to ``answer``, until the end of the block or of the bus."""

    def serve() -> None:
        while True:
            try:
                message = connection.receive()
            except (OSError, ValueError):
                return
            if message.header.message_type is MessageType.method_call:
                with suppress(ConnectionError):  # The block may end as soon as a call is noted, before it is answered.
                    answer(message)

    thread = threading.Thread(target=serve, name="D-Bus calls")
    thread.start()
    try:
        yield
    finally:
        connection.sock.shutdown(socket.SHUT_RDWR)
        thread.join()

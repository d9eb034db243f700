"""``outlive web``: serve the page for the phone, pair devices with it, and start it with the user's systemd."""

from __future__ import annotations

import argparse
import os
import shlex
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from session_host.cli.output import print_error, print_json, print_line
from session_host.errors import NotAllowed, OutliveError, UsageError
from session_host.paths import home_dir
from session_host.system.clock import parse_time
from session_host.system.files import replace_file
from session_host.system.installation import outlive_command
from session_host.system.processes.permission import agent_chats
from session_host.web import devices, places
from session_host.web.devices import Rights
from session_host.web.places import Served

_UNIT: Final = "outlive-web.service"
_LOOK_S: Final = 0.5
_VARIABLES: Final = ("PATH", "OUTLIVE_RUNTIME_DIR", "OUTLIVE_STATE_DIR", "OUTLIVE_CONFIG_DIR", "SSH_AUTH_SOCK")
"""The variables of the shell in which the user types `outlive web on`: the service gets them, too."""

_HELP: Final = """\
Without an argument it serves until Ctrl+C. `on` starts it with your login (systemd), `off` ends that.

The page is served on a Unix socket, which `outlive web` names. Put an address before it:
  ssh -L 7070:SOCKET this-computer, then http://localhost:7070 there;
  tailscale serve, Caddy or nginx, with HTTPS: --address https://NAME.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("action", nargs="?", choices=("on", "off", "pair", "devices"), help="without one: serve")
    parser.add_argument(
        "--address",
        metavar="URL",
        action="append",
        default=[],
        help=f"how browsers reach it ({places.DEFAULT_ADDRESS})",
    )
    parser.add_argument("--port", metavar="N", type=int, default=0, help="also listen on this port of the loopback")
    parser.add_argument("--lan", metavar="HOST", default="", help="listen on this address instead, with a certificate")
    parser.add_argument("--certificate", metavar="FILE", default="", help="for HTTPS on the port")
    parser.add_argument("--key", metavar="FILE", default="", help="the certificate's key")
    parser.add_argument(
        "--rights",
        choices=[each.word for each in Rights],
        default=Rights.ANSWER.word,
        help="pair: look; answer questions, too; or everything: send, stop, start (answer)",
    )
    parser.add_argument("--revoke", metavar="NAME", help="devices: forget this one")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.epilog = _HELP


def run(options: argparse.Namespace) -> int:
    """Serve the page, or do what is asked."""
    if agent_chats(os.getpid()):
        raise NotAllowed("an agent may neither serve the page nor pair a device: run this outside of its chat")
    match options.action:
        case "pair":
            return _pair(options)
        case "devices":
            return _devices(options)
        case "off":
            return _off()
    if missing := places.missing_packages():
        raise OutliveError(f"the page needs {' and '.join(missing)}: install Outlive as outlive[web]")
    return _on(options) if options.action == "on" else _serve(options)


# ---------------------------------------------------------------- serving


def _serve(options: argparse.Namespace) -> int:
    from session_host.system import event_loop
    from session_host.web.gate import Address
    from session_host.web.serving import LOOPBACK, Listening, only_server, serve

    addresses = _addresses(options)
    if options.lan and not options.certificate:
        raise UsageError(
            "--lan needs --certificate and --key: without HTTPS, everybody in the network could read along"
        )
    if options.lan and not options.port:
        raise UsageError("--lan needs --port")
    try:
        found = [Address.of(each) for each in addresses]
    except ValueError as error:
        raise UsageError(f"--address {error}: write it as https://NAME or http://localhost:PORT") from None
    hosts = () if not options.port else (options.lan,) if options.lan else LOOPBACK
    secured = None
    if options.certificate:
        secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secured.load_cert_chain(options.certificate, options.key or None)

    def say() -> None:
        places.note(Served(tuple(each.origin for each in found), options.lan))
        print_line(f"The page: {found[0].origin}")
        print_line(f"Socket: {places.page_socket()}")
        if not devices.load().devices:
            print_line("No device is paired: run `outlive web pair` in another terminal")
        sys.stdout.flush()

    with only_server():
        event_loop.run_command(serve(Listening(found, hosts, options.port, secured), say))
    return 0


def _addresses(options: argparse.Namespace) -> list[str]:
    """The addresses that the user gave, and those of the port."""
    own = [f"http://{name}:{options.port}" for name in ("localhost", "127.0.0.1")] if options.port else []
    if options.lan:
        own = [f"https://{options.lan}:{options.port}"]
    return [*options.address, *own] or [places.DEFAULT_ADDRESS]


# ---------------------------------------------------------------- the service


def _unit_file() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if base.startswith("/") else home_dir() / ".config") / "systemd" / "user" / _UNIT


def _on(options: argparse.Namespace) -> int:
    words = [*outlive_command(), "web"]
    for each in options.address:
        words += ["--address", each]
    for name in ("port", "lan", "certificate", "key"):
        if value := getattr(options, name):
            words += [f"--{name}", str(Path(value).absolute()) if name in {"certificate", "key"} else str(value)]
    variables = [f"{name}={os.environ[name]}" for name in _VARIABLES if os.environ.get(name)]
    text = "\n".join(
        [
            "[Unit]",
            "Description=Outlive: the page for the phone",
            "",
            "[Service]",
            f"ExecStart={' '.join(map(_quoted, words))}",
            *(f"Environment={_quoted(each)}" for each in variables),
            "Restart=on-failure",
            "RestartSec=2",
            "",
            "[Install]",
            "WantedBy=default.target",
            "",
        ]
    )
    file = _unit_file()
    is_new = not file.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, text.encode())
    try:
        _systemctl("daemon-reload")
        _systemctl("enable", _UNIT)
        _systemctl("restart", _UNIT)
    except OutliveError:
        if is_new:
            file.unlink(missing_ok=True)
        raise
    print_line(f"The page is served, also after your next login: {_addresses(options)[0]}")
    if not devices.load().devices:
        print_line("Pair a device: outlive web pair")
    return 0


def _off() -> int:
    if not _unit_file().exists():
        raise OutliveError("the page was not turned on; a server in a terminal ends with Ctrl+C")
    _systemctl("disable", "--now", _UNIT)
    _unit_file().unlink(missing_ok=True)
    _systemctl("daemon-reload")
    print_line("The page is not served any more; paired devices stay paired")
    return 0


def _quoted(word: str) -> str:
    """A word for a unit file, systemd.syntax(7)."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") + '"'


def _systemctl(*words: str) -> None:
    try:
        done = subprocess.run(["systemctl", "--user", *words], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutliveError(f"systemd does not answer ({error}); run `outlive web` in a terminal instead") from error
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:] or ["no reason"]
        raise OutliveError(f"systemctl {shlex.join(words)}: {why[0]}; run `outlive web` in a terminal instead")


# ---------------------------------------------------------------- devices


def _pair(options: argparse.Namespace) -> int:
    rights = Rights.named(options.rights)
    before = {each.hash for each in devices.load().devices}
    code = devices.begin_pairing(rights)
    address = options.address[0] if options.address else places.known_addresses()[0]
    link = f"{address}/#pair={code}"
    if options.json:
        pairing = devices.load().pairing
        print_json({"code": code, "address": link, "rights": rights.word, "until": pairing.until if pairing else None})
        return 0
    if sys.stdout.isatty():
        _print_picture(link)
    print_line(f"Open {address} on the phone, and type {code[:4]}-{code[4:]}")
    print_line(f"Or open {link}")
    print_line(f"The code pairs one device, which may {_MAY[rights]}; it is valid for ten minutes")
    if not sys.stdout.isatty():
        return 0
    try:
        return _wait_for_device(before)
    except KeyboardInterrupt:
        devices.end_pairing()
        print_line("The code is void")
        return 130


_MAY: Final = {
    Rights.LOOK: "look",
    Rights.ANSWER: "look, and answer questions",
    Rights.EVERYTHING: "look, answer questions, send, stop and start",
}


def _print_picture(link: str) -> None:
    """Print a QR code."""
    try:
        import segno
    except ImportError:
        return
    segno.make(link, micro=False).terminal(compact=True)


def _wait_for_device(before: set[str]) -> int:
    """Wait until the code is used, or void."""
    while True:
        time.sleep(_LOOK_S)
        saved = devices.load()
        if new := [each for each in saved.devices if each.hash not in before]:
            print_line(f"Paired: {new[0].name}")
            return 0
        if saved.pairing is None or saved.pairing.is_over:
            print_error("the code is void: its time is over")
            return 1


def _devices(options: argparse.Namespace) -> int:
    if options.revoke is not None:
        devices.revoke(options.revoke)
        print_line(f"Revoked: {options.revoke}")
        return 0
    saved = devices.load().devices
    if options.json:
        print_json(
            [
                {
                    "name": each.name,
                    "rights": each.rights.word,
                    "paired_at": each.paired_at,
                    "last_used": each.last_used or None,
                    "notified": each.push is not None,
                }
                for each in saved
            ]
        )
        return 0
    if not saved:
        print_line("no devices; `outlive web pair` pairs one")
    for each in saved:
        used = parse_time(each.last_used)
        when = used.astimezone().strftime("%Y-%m-%d %H:%M") if used is not None else "not yet"
        told = "; notified" if each.push is not None else ""
        print_line(f"{each.name}: may {_MAY[each.rights]}; last used {when}{told}")
    return 0

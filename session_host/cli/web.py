"""``outlive web``: serve the page for the phone, pair devices with it, and start it with the user's systemd."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from session_host.cli.output import print_error, print_json, print_line
from session_host.cli.pairing import MAY, pair
from session_host.errors import NotAllowed, OutliveError, UsageError
from session_host.paths import home_dir
from session_host.protocol.untrusted_text import as_message
from session_host.standing.clock_times import told_time
from session_host.system.clock import parse_time
from session_host.system.files import replace_file
from session_host.system.installation import install_command, lasting_command, missing_modules
from session_host.system.processes.permission import agent_chats, is_of_chat
from session_host.web import devices, places
from session_host.web.devices import Rights
from session_host.web.places import Served

if TYPE_CHECKING:
    from session_host.web.plan import Plan, Wish

_UNIT: Final = "outlive-web.service"
_ACTIONS: Final = ("on", "off", "pair", "devices")
_VARIABLES: Final = ("PATH", "OUTLIVE_RUNTIME_DIR", "OUTLIVE_STATE_DIR", "OUTLIVE_CONFIG_DIR", "SSH_AUTH_SOCK")
"""The variables of the shell in which the user types `outlive web on`: the service gets them, too."""

_HELP: Final = """\
Without an argument it serves until Ctrl+C. `on` starts it with your login (systemd), `off` ends that.
`on --lan` in a terminal pairs the first device, too.

The page is served on a Unix socket, which `outlive web` names. Put an address before it:
  ssh -L 7070:SOCKET this-computer, then http://localhost:7070 there;
  tailscale serve, Caddy or nginx, with HTTPS: --address https://NAME;
  none: --lan serves in your network, with a certificate of its own.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("action", nargs="?", choices=_ACTIONS, help="without one: serve")
    parser.add_argument(
        "--address",
        metavar="URL",
        action="append",
        default=[],
        help=f"how browsers reach it ({places.DEFAULT_ADDRESS})",
    )
    parser.add_argument("--port", metavar="N", type=int, help="also listen on this port of the loopback")
    parser.add_argument(
        "--lan",
        metavar="HOST",
        nargs="?",
        const="",
        help="listen in your network instead, at this address or at the one that this computer has (port 7443)",
    )
    parser.add_argument("--certificate", metavar="FILE", default="", help="for HTTPS on the port (--lan: its own)")
    parser.add_argument("--key", metavar="FILE", default="", help="the certificate's key")
    parser.add_argument(
        "--rights",
        choices=[each.word for each in Rights],
        default=Rights.ANSWER.word,
        help="pair: what a device gets unless you choose otherwise: look, answer or everything (answer)",
    )
    parser.add_argument("--revoke", metavar="NAME", help="devices: forget this one")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.epilog = _HELP


def run(options: argparse.Namespace) -> int:
    """Serve the page, or do what is asked."""
    if agent_chats(os.getpid()):
        raise NotAllowed("an agent may neither serve the page nor pair a device: run this outside of its chat")
    if (options.action in {"pair", "on"} or options.revoke is not None) and is_of_chat(os.getpid()):
        what = {"pair": "pair a device", "on": "turn the page on"}.get(options.action, "revoke a device")
        raise NotAllowed(f"a program of a chat may not {what}: run this in a terminal outside of Outlive’s chats")
    match options.action:
        case "pair":
            return pair(options)
        case "devices":
            return _devices(options)
        case "off":
            return _off()
    if missing := missing_modules("web"):
        raise OutliveError(f"the page needs {', '.join(missing)}; install it with: {install_command('web')}")
    return _on(options) if options.action == "on" else _serve(options)


# ---------------------------------------------------------------- serving


def _serve(options: argparse.Namespace) -> int:
    from session_host.system import event_loop
    from session_host.web.plan import serve_as_planned
    from session_host.web.serving import only_server

    def say(plan: Plan) -> None:
        print_line(f"The page: {plan.served.addresses[0]}")
        print_line(f"Socket: {places.page_socket()}")
        _print_about(plan.served)
        if wish.lan is not None and not plan.served.lan:
            print_line("This computer has no address in a network: the page is there once it has one")
        try:
            if not devices.load().devices:
                print_line("No device is paired: run `outlive web pair` in another terminal")
        except OutliveError as error:  # Nobody gets in until the file is mended, as if it had broken later.
            print_error(str(error))
        sys.stdout.flush()
        _tell_systemd()

    wish = _wish(options)
    with only_server():
        event_loop.run_command(serve_as_planned(wish, say))
    return 0


def _wish(options: argparse.Namespace) -> Wish:
    from session_host.web.plan import Wish

    if options.lan in _ACTIONS:
        raise UsageError(f"write it as `outlive web {options.lan} --lan`")
    return Wish(tuple(options.address), options.port, options.lan, options.certificate, options.key)


def _print_about(served: Served) -> None:
    """Print what the user has to know of an address in the network."""
    if served.certificate is not None:
        print_line(f"Certificate: SHA-256 {served.certificate.fingerprint}")
        if served.certificate.why_new:
            print_line(f"It is new, since {served.certificate.why_new}: browsers ask again; devices stay paired")
    if served.firewall:
        print_line(f"The firewall of this computer is on; this opens the port: {served.firewall}")


def _tell_systemd() -> None:
    """Tell systemd that the page is served, sd_notify(3)."""
    if path := os.environ.pop("NOTIFY_SOCKET", ""):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as telling:
            telling.sendto(b"READY=1", f"\0{path[1:]}" if path.startswith("@") else path)


# ---------------------------------------------------------------- the service


def unit_file() -> Path:
    """The file of the service that serves the page, whether or not it exists."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if base.startswith("/") else home_dir() / ".config") / "systemd" / "user" / _UNIT


class NotServed(OutliveError):
    """The page is not served as it was asked for; nothing has changed."""

    exit_code = 2


def _on(options: argparse.Namespace) -> int:
    from session_host.web.plan import check_port, planned
    from session_host.web.reached import answer_at, check_own

    wish = _wish(options)
    plan = planned(wish)
    file = unit_file()
    before = file.read_bytes() if file.exists() else None
    served = places.served()
    if served is not None and before is None:
        raise NotServed("the page is served already; Ctrl+C in its terminal ends that")
    if served is None or plan.listening.port not in {urlsplit(each).port for each in served.addresses}:
        check_port(plan)
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, _unit(wish).encode())
    try:
        _systemctl("daemon-reload")
        _systemctl("enable", _UNIT)
        try:
            _systemctl("restart", _UNIT)
            check_own(plan)
        except OutliveError as error:
            raise NotServed(f"the page is not served: {_why_not() or error}") from error
    except OutliveError:
        _take_back(file, before)
        raise
    print_line(f"The page is served, also after your next login: {plan.served.addresses[0]}")
    _print_about(plan.served)
    for address in wish.addresses:
        if not places.is_loopback(address):
            print_line(answer_at(address))
    if devices.load().devices:
        return 0
    if plan.served.lan and sys.stdin.isatty() and sys.stdout.isatty():
        return pair(options)
    print_line("Pair a device: outlive web pair")
    return 0


def _unit(wish: Wish) -> str:
    """The unit that serves the page, systemd.service(5)."""
    words = [*lasting_command(), "web"]
    for each in wish.addresses:
        words += ["--address", each]
    if wish.port is not None:
        words += ["--port", str(wish.port)]
    if wish.lan is not None:
        words += ["--lan", wish.lan] if wish.lan else ["--lan"]
    for name, path in (("certificate", wish.certificate), ("key", wish.key)):
        words += [f"--{name}", str(Path(path).absolute())] if path else []
    variables = [f"{name}={os.environ[name]}" for name in _VARIABLES if os.environ.get(name)]
    return "\n".join(
        [
            "[Unit]",
            "Description=Outlive: the page for the phone",
            "StartLimitIntervalSec=0",
            "",
            "[Service]",
            "Type=notify",
            "NotifyAccess=all",
            "SyslogIdentifier=outlive",
            f"ExecStart={' '.join(map(_quoted, words))}",
            *(f"Environment={_quoted(each)}" for each in variables),
            "Restart=on-failure",
            "RestartSec=5",
            "",
            "[Install]",
            "WantedBy=default.target",
            "",
        ]
    )


def _take_back(file: Path, before: bytes | None) -> None:
    """Have the unit be as it was."""
    with contextlib.suppress(OutliveError):
        if before is None:
            _systemctl("disable", "--now", _UNIT)
    if before is None:
        file.unlink(missing_ok=True)
    else:
        replace_file(file, before)
    with contextlib.suppress(OutliveError):
        _systemctl("daemon-reload")
        if before is not None:
            _systemctl("restart", _UNIT)


def _why_not() -> str:
    """The last line that the service wrote; "" if it is unknown."""
    try:
        done = subprocess.run(
            [
                "journalctl",
                "--user",
                f"--unit={_UNIT}",
                "--identifier=outlive",
                "--since=-1min",
                "--lines=1",
                "--output=cat",
                "--quiet",
            ],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    line = as_message(done.stdout)
    return line.removeprefix("outlive: ") if line.startswith("outlive: ") else ""


def turn_off() -> None:
    """End the service, and remove it.

    Raises:
        OutliveError: systemd refuses, or does not answer.
    """
    _systemctl("disable", "--now", _UNIT)
    unit_file().unlink(missing_ok=True)
    _systemctl("daemon-reload")


def _off() -> int:
    if not unit_file().exists():
        raise OutliveError("the page was not turned on; a server in a terminal ends with Ctrl+C")
    turn_off()
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
        when = told_time(used, datetime.now(UTC)) if used is not None else "not yet"
        told = "; notified" if each.push is not None else ""
        print_line(f"{each.name}: may {MAY[each.rights]}; last used {when}{told}")
    return 0

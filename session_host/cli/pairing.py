"""``outlive web pair``: shows a code, and asks the user about each device that asks with it."""

from __future__ import annotations

import argparse
import contextlib
import sys
import termios
import time
from collections.abc import Iterator
from typing import Any, Final

from session_host.cli.output import YES_OR_NO, is_yes, print_error, print_json, print_line
from session_host.ending_signals import SignalWakeup
from session_host.errors import OutliveError
from session_host.paths import ensure_private
from session_host.readiness import readable
from session_host.system.clock import parse_time
from session_host.system.inotify import make_inotify
from session_host.system.installation import install_command, missing_modules
from session_host.web import devices, places
from session_host.web.devices import Asking, Rights

KEYS_AFTER_S: Final = 0.5
"""What is typed so soon after a question is no answer to it: it was meant for what was there before."""

MAY: Final = {
    Rights.LOOK: "look",
    Rights.ANSWER: "look, and answer questions",
    Rights.EVERYTHING: "look, answer questions, send, stop and start",
}
_WITHOUT_INOTIFY_S: Final = 1.0


def pair(options: argparse.Namespace) -> int:
    """Let devices ask, until one of them is let in; returns the command's exit code."""
    known = {each.key for each in devices.load().devices}
    code = devices.begin_pairing()
    served = places.served()
    for_phone = served.for_phone if served is not None else ""
    address = options.address[0] if options.address else for_phone or places.known_addresses()[0]
    link = f"{address}/#pair={code}"
    pairing = devices.load().pairing
    until = pairing.until if pairing is not None else ""
    if options.json:
        if hindrance := _hindrance(address, served):
            print_error(hindrance)
        print_json({"code": code, "address": link, "rights": options.rights, "until": until or None})
        return 0
    waits = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        _tell(code, address, link, served)
        if not waits:
            return 0
        with SignalWakeup() as wakeup, _changes() as changes:
            return _Desk(wakeup, changes, Rights.named(options.rights)).run(known, until)
    except KeyboardInterrupt:
        print_line("")
        print_line("The code is void")
        return 130
    finally:
        if waits and (now := devices.load().pairing) is not None and now.until == until:
            devices.end_pairing()


def _tell(code: str, address: str, link: str, served: places.Served | None) -> None:
    """Say where the page is, and with which code a device asks; first, why it gets nowhere."""
    if hindrance := _hindrance(address, served):
        print_line(hindrance)
    elif sys.stdout.isatty():
        _print_picture(link)
    print_line(f"{'Then open' if hindrance else 'Open'} {address} on the phone, and type {code[:4]}-{code[4:]}")
    print_line(f"Or open {link}")
    if served is not None and served.certificate is not None:
        print_line(
            f"The browser warns of the certificate: compare the end of its fingerprint, {served.certificate.end}"
        )
    print_line("The code only asks, for ten minutes: nobody is let in before you say yes")


def _hindrance(address: str, served: places.Served | None) -> str:
    """Why no phone reaches the page; "" if one may."""
    if missing_modules("web"):
        return f"The page is not installed; install it with: {install_command('web')}"
    if served is None:
        return "The page is not served now: run `outlive web on --lan`, which also pairs the first device"
    if places.is_loopback(address):
        return "Only a tunnel leads a phone to this address; `outlive web on --lan` makes one in your network"
    return ""


def _print_picture(link: str) -> None:
    """Print a QR code."""
    try:
        import segno
    except ImportError:
        return
    segno.make(link, micro=False).terminal(compact=True)


class _Desk:
    """The terminal at which the user says yes or no."""

    def __init__(self, wakeup: SignalWakeup, changes: Any, rights: Rights) -> None:
        self._wakeup, self._changes, self._rights = wakeup, changes, rights

    def run(self, known: set[str], until: str) -> int:
        """Ask about each device until one is let in, here or elsewhere, or the code is void."""
        while True:
            saved = devices.load()
            if new := [each for each in saved.devices if each.key not in known]:
                print_line(f"Paired: {new[0].name}, which may {MAY[new[0].rights]}")
                return 0
            if saved.asking:
                self._ask(saved.asking[0], saved)
                continue
            if saved.pairing is None or saved.pairing.is_over or saved.pairing.until != until:
                print_error("the code is void")
                return 1
            end = parse_time(until)
            self._wait(end.timestamp() - time.time() if end is not None else 0.0)

    def _ask(self, asking: Asking, saved: devices.Devices) -> None:
        lost = next((each for each in saved.devices if asking.lost and each.name == asking.lost), None)
        print_line("")
        print_line(f"{asking.name} asks to be let in ({asking.address or 'its address is not known'})")
        if lost is not None:
            print_line(f"It was paired on {lost.paired_at[:10]} as {lost.name}, and has lost its key")
        print_line(f"    {asking.words[0]}   {asking.words[1]}")
        try:
            answer = self._line("The device in your hand shows the same two words: let it in?" + YES_OR_NO, asking)
            if answer is None:
                print_line("It asks no more")
            elif not is_yes(answer):
                devices.refuse(asking.id)
                print_line("Refused")
            else:
                rights = self._chosen(asking, lost.rights if lost is not None else self._rights)
                devices.let_in(asking.id, rights, lost.name if lost is not None else asking.name)
        except OutliveError as error:
            print_line(str(error))

    def _chosen(self, asking: Asking, rights: Rights) -> Rights:
        """What the device may do."""
        words = [each.word for each in Rights]
        while True:
            answer = self._line(f"It may {', '.join(words[:-1])} or {words[-1]} ({rights.word}): ", asking)
            if not answer:
                return rights
            if answer in words:
                return Rights.named(answer)

    def _line(self, question: str, asking: Asking) -> str | None:
        """The line that the user types; "" at the end of the input, None if the device asks no more."""
        print(question, end="", flush=True)
        time.sleep(KEYS_AFTER_S)
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
        while True:
            if all(each.id != asking.id for each in devices.load().asking):
                print(flush=True)
                return None
            if self._wait(asking.left_s, sys.stdin.fileno()):
                line = sys.stdin.readline()
                if not line:
                    print(flush=True)
                return line.strip().lower()

    def _wait(self, at_most_s: float, *more: int) -> bool:
        """Wait until the devices have changed or a time is over; whether one of the other descriptors can be read."""
        own = [self._wakeup.fileno()]
        if self._changes is not None:
            own.append(self._changes.fileno())
        else:
            at_most_s = min(at_most_s, _WITHOUT_INOTIFY_S)
        ready = readable([*own, *more], max(0.0, at_most_s) + 0.1)
        if self._changes is not None:
            self._changes.read(timeout=0)
        return any(each in ready for each in more)


@contextlib.contextmanager
def _changes() -> Iterator[Any]:
    """An inotify instance that is readable when the devices have changed; None if there can be none."""
    inotify = make_inotify()
    try:
        if inotify is not None:
            from inotify_simple import flags

            inotify.add_watch(ensure_private(devices.devices_file().parent), flags.MOVED_TO | flags.DELETE)
        yield inotify
    finally:
        if inotify is not None:
            inotify.close()

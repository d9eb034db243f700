"""Debian's Chromium as a phone with the page: real clicks and keys, and what one sees."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from selenium import webdriver
from selenium.common.exceptions import InsecureCertificateException, WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.common.utils import is_url_connectable
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from session_host.web import devices
from session_host.web.devices import Rights
from tests.support.networks import OtherMachine
from tests.support.page_server import PageServer
from tests.support.ports import free_port
from tests.support.waiting import wait_until

T = TypeVar("T")
TIMEOUT_S = 60.0
PHONE, SMALL, DESKTOP = (390, 844), (360, 640), (1280, 800)
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"

# fmt: off
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-quic", "--disable-breakpad",
)
# fmt: on


class Control(NamedTuple):
    """A button, link or field, with its name for screen readers, its HTML, and its size in CSS pixels."""

    name: str
    html: str
    width: int
    height: int


class Browser:
    """A browser window with the page.

    Attributes:
        driver: Selenium's.
    """

    def __init__(
        self,
        profile: Path,
        size: tuple[int, int],
        *,
        is_dark: bool = False,
        font_px: int = 16,
        machine: OtherMachine | None = None,
        trusts: str = "",
    ) -> None:
        options = webdriver.ChromeOptions()
        options.add_experimental_option("prefs", {"webkit.webprefs.default_font_size": font_px})
        options.binary_location = CHROMIUM
        trusted = [f"--ignore-certificate-errors-spki-list={trusts}"] if trusts else []
        for each in (*_OPTIONS, *trusted, f"--user-data-dir={profile}"):
            options.add_argument(each)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # Where it cannot end in time, it leaves its temporary files, which go with the profile.
        environment = {**os.environ, "TMPDIR": str(profile)}
        # Of a port that Selenium chooses itself, a connection may take hold before the driver listens.
        service = _ServiceThere(machine) if machine else webdriver.ChromeService(DRIVER, free_port(), env=environment)
        self.driver = webdriver.Chrome(options=options, service=service)
        (width, height), is_phone = size, size != DESKTOP
        metrics = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": is_phone}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": is_phone})
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def open(self, address: str) -> None:
        """Go to an address."""
        self.driver.get(address)

    def open_unknown(self, address: str) -> list[str]:
        """Go to an address with a certificate that nobody vouches for; returns what the user presses to go on."""
        with suppress(InsecureCertificateException):  # The driver's word for the browser's warning.
            self.driver.get(address)
        pressed = []
        for button in ("details-button", "proceed-link"):
            # The driver may tell of the warning before that is loaded.
            control = wait_until(partial(self._shown, button), TIMEOUT_S, f"{button} of the warning")
            assert control is not None
            pressed.append(control.text)
            control.click()
        return pressed

    def _shown(self, element_id: str) -> WebElement | None:
        """The element of an id, once it is shown."""
        return self._try(
            lambda: next((each for each in self.driver.find_elements(By.ID, element_id) if each.is_displayed()), None)
        )

    # ------------------------------------------------------------ what one sees

    @property
    def text(self) -> str:
        """All text that is shown."""
        return str(self.driver.execute_script("return document.body.innerText"))

    def see(self, *texts: str) -> None:
        """Wait until all of these are shown."""
        self._wait_for_text(lambda shown: all(each in shown for each in texts), f"{texts}")

    def see_no_more(self, text: str) -> None:
        """Wait until this is not shown."""
        self._wait_for_text(lambda shown: text not in shown, f"no {text!r}")

    def _wait_for_text(self, fits: Callable[[str], bool], what: str) -> None:
        """Wait until the text that is shown fits. There is none while the browser goes from page to page."""
        wait_until(
            lambda: self._try(lambda: fits(self.text)), TIMEOUT_S, lambda: f"{what} in {self._try(lambda: self.text)!r}"
        )

    def says(self, script: str) -> object:
        """What a script returns; None while the browser goes from page to page."""
        return self._try(lambda: self.driver.execute_script(script))

    def find(self, name: str, kind: str = "button, a, summary, input, textarea, select, label") -> WebElement:
        """A control that is shown, by the beginning of its text or its name for screen readers."""
        script = """
            const shown = (each) => each.getClientRects().length && getComputedStyle(each).visibility !== 'hidden';
            const name = (each) => (each.getAttribute('aria-label') || each.innerText || each.placeholder || '').trim();
            return [...document.querySelectorAll(arguments[1])].filter(shown).find((each) => name(each).startsWith(arguments[0]));
        """  # noqa: E501 - JavaScript
        found = wait_until(
            lambda: self._try(lambda: self.driver.execute_script(script, name, kind)),
            TIMEOUT_S,
            lambda: f"a control {name!r} in {self.text!r}",
        )
        assert isinstance(found, WebElement)
        return found

    def is_enabled(self, name: str) -> bool:
        """Whether a button can be pressed."""

        def found() -> tuple[bool]:
            control = self.find(name, "button")
            return (control.get_attribute("aria-disabled") != "true" and control.is_enabled(),)

        told = wait_until(lambda: self._try(found), TIMEOUT_S, f"the button {name!r}, which is not being drawn anew")
        assert told is not None
        return told[0]

    def click(self, name: str, kind: str = "button, a, summary, input, textarea, select, label") -> None:
        """Press a control, once it can be pressed: buttons are off until the page is connected."""
        wait_until(lambda: self._try(lambda: self._clicked(name, kind)), TIMEOUT_S, f"{name!r} to take a click")

    def _clicked(self, name: str, kind: str) -> bool:
        control = self.find(name, kind)
        if not control.is_enabled():
            return False  # The driver would click, and nothing would happen.
        control.click()
        return True

    def double_tap(self, name: str, kind: str) -> None:
        """Tap with a finger twice at one place, the second time within the time that the page gives a double tap."""
        control = self.find(name, kind)
        wait_until(control.is_enabled, TIMEOUT_S, f"{name!r} to take a tap")
        self._settle()
        lasts = "const after = setTimeout; window.setTimeout = (act, ms) => after(act, ms === 400 ? 1e6 : ms)"
        self.driver.execute_script(lasts)  # On a busy machine, the second tap comes late.
        at = control.rect
        finger = {"x": at["x"] + at["width"] / 2, "y": at["y"] + at["height"] / 2}
        for _ in range(2):
            for kind_of, points in (("touchStart", [finger]), ("touchEnd", [])):
                self.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind_of, "touchPoints": points})

    @contextmanager
    def pressing(self, name: str, kind: str) -> Iterator[None]:
        """Keep the mouse's button down on a control, until the end of the context."""
        control = self.find(name, kind)
        self._settle()
        ActionChains(self.driver).click_and_hold(control).perform()
        yield
        ActionChains(self.driver).release().perform()

    def choose(self, name: str, text: str) -> None:
        """Choose a line of a select field, by the field's label as it is shown."""
        field = Select(self.find(name, "label").find_element(By.TAG_NAME, "select"))
        self._settle()  # Before, nothing takes the driver's click, and the driver says nothing.
        field.select_by_visible_text(text)
        assert field.first_selected_option.text == text

    def _settle(self) -> None:
        script = "return document.querySelector('.settling') === null"
        wait_until(lambda: self.driver.execute_script(script), TIMEOUT_S, "the page to take taps")

    def type(self, name: str, text: str) -> None:
        """Type into a field."""
        self.find(name).send_keys(text)

    def accept(self) -> None:
        """Say yes to what the browser asks, once it does."""
        asked = wait_until(lambda: self._try(lambda: self.driver.switch_to.alert), TIMEOUT_S, "the browser's question")
        assert asked is not None
        asked.accept()

    def press(self, *keys: str) -> None:
        """Press keys where the keyboard is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def attach(self, path: Path) -> None:
        """Choose a file."""
        self.driver.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(path))

    def scroll_to_end(self) -> None:
        """Scroll as a finger does, until nothing more comes: a line has its true height only once it was drawn."""
        script = """
            const [done] = arguments;
            const area = [...document.querySelectorAll('*')].filter((each) => each.scrollHeight > each.clientHeight + 1
                && ['auto', 'scroll'].includes(getComputedStyle(each).overflowY)).pop() || document.scrollingElement;
            const isAtEnd = () => Math.ceil(area.scrollTop + area.clientHeight) >= area.scrollHeight;
            area.scrollBy(0, area.clientHeight / 2);
            let frames = 3;
            const look = () => (isAtEnd() && frames-- ? requestAnimationFrame(look) : done(isAtEnd()));
            look();
        """
        wait_until(lambda: self.driver.execute_async_script(script), TIMEOUT_S, "the end of the page")

    def too_wide(self) -> list[str]:
        """The parts with content that is wider than they are, so that it is cut off or scrolls sideways."""
        script = """
            const parts = document.querySelectorAll('html, header, main, footer, dialog[open], .lines > *, .answer');
            return [...parts].filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.outerHTML.slice(0, 200));
        """  # noqa: E501 - JavaScript
        found: list[str] = self.driver.execute_script(script)
        return found

    def controls(self) -> list[Control]:
        """The controls that are shown; of a choice, its label, which is what one presses."""
        script = """
            const shown = document.querySelector('dialog[open]') ?? document;
            const controls = shown.querySelectorAll('a, button, input, select, summary, textarea, label.choice');
            return [...controls].filter((each) => each.checkVisibility() && !each.closest('.answer')
                && !(each.matches('input') && each.closest('label.choice')));
        """

        def found() -> list[Control]:
            named = ((each.accessible_name or each.text, each) for each in self.driver.execute_script(script))
            return [Control(name, str(each.get_attribute("outerHTML"))[:200], **each.size) for name, each in named]

        return wait_until(lambda: self._try(found), TIMEOUT_S, "the controls, which are not being drawn anew") or []

    def complaints(self) -> list[str]:
        """What the browser's console says: errors, and what the content security policy kept out.

        Left out is that the computer's network changed: a test beside this one lays a cable (``networks``), and the
        page asks again.
        """
        said = (each["message"] for each in self.driver.get_log("browser") if each["level"] in {"SEVERE", "WARNING"})
        return [each for each in said if not each.endswith("net::ERR_NETWORK_CHANGED")]

    def picture(self, path: Path) -> None:
        """Save what one sees."""
        self.driver.save_screenshot(str(path))

    def set_offline(self, *, is_offline: bool) -> None:
        """Take the network away, or give it back."""
        conditions = {"offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)

    def hold(self, path: str) -> None:
        """Keep the next request whose path contains this on its way, until ``let_go``."""
        script = """
            const [real, [held]] = [fetch, arguments];
            window.fetch = (path, options) => {
                if (!path.includes(held)) return real(path, options);
                window.fetch = real;
                return new Promise((resolve) => (window.letGo = () => resolve(real(path, options))));
            };
        """
        self.driver.execute_script(script, path)

    def let_go(self) -> None:
        """Let the held request reach the server."""
        self.driver.execute_script("letGo()")

    def set_background(self, *, is_hidden: bool) -> None:
        """Put the page behind another one, without its connections, as a phone does; or bring it back."""
        if is_hidden:
            self.set_offline(is_offline=True)
            self.driver.switch_to.new_window("tab")
        else:
            self.driver.close()
            self.driver.switch_to.window(self.driver.window_handles[0])
            self.set_offline(is_offline=False)

    @staticmethod
    def _try(work: Callable[[], T]) -> T | None:
        """What the work returns; None if the page has just been drawn anew."""
        try:
            return work()
        except WebDriverException:
            return None


class _ServiceThere(webdriver.ChromeService):
    """The driver on another machine, where it starts the browser."""

    def __init__(self, machine: OtherMachine) -> None:
        self._machine = machine
        super().__init__(shutil.which(machine.argv[0]))

    def command_line_args(self) -> list[str]:
        anybody = ["--allowed-ips=", "--allowed-origins=*"]
        return [*self._machine.argv[1:], DRIVER, *super().command_line_args(), *anybody]

    @property
    def service_url(self) -> str:
        return f"http://{self._machine.own_address}:{self.port}"

    def is_connectable(self) -> bool:
        return bool(is_url_connectable(self.port, host=self._machine.own_address))


@contextmanager
def browser(
    size: tuple[int, int] = PHONE,
    *,
    is_dark: bool = False,
    font_px: int = 16,
    machine: OtherMachine | None = None,
    trusts: str = "",
) -> Iterator[Browser]:
    """Open a browser, one with touch but for the desktop's size, and close it with all that it has written.

    ``machine`` is where it runs; None for this one. ``trusts`` is the hash of a certificate's public key, base64.
    """
    profile = Path(tempfile.mkdtemp(prefix="chromium-"))
    try:
        opened = Browser(profile, size, is_dark=is_dark, font_px=font_px, machine=machine, trusts=trusts)
        try:
            yield opened
        finally:
            opened.driver.quit()
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def pair(phone: Browser, server: PageServer, rights: str = "everything") -> None:
    """Let the phone in that has opened the address in the picture."""
    code = devices.begin_pairing()
    phone.open(f"{server.address}/#pair={code}")
    phone.see("Say yes at the desk")
    assert code not in str(phone.driver.current_url)
    [asking] = devices.load().asking
    phone.see(*asking.words)
    devices.let_in(asking.id, Rights.named(rights), asking.name)
    devices.end_pairing()
    phone.see("Outlive", "Forget this device")


__all__ = ["DESKTOP", "PHONE", "SMALL", "Browser", "Keys", "browser", "pair"]

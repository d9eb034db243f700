"""The desktop's dark mode, accent colour and contrast, from the first paint on."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QProcessEnvironment
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QApplication

from gui.settings.theme_files import Library
from gui.theme.desktop import DesktopLook, DesktopSettings
from tests.support.buses import BusDaemon
from tests.support.qt_waiting import delete_now
from tests.support.settings_portal import SettingsPortal, settings_portal
from tests.support.waiting import wait_until

ORANGE = QColor("#ff8000")


@pytest.fixture
def settings(qapp: QApplication, session_bus: BusDaemon) -> Iterator[DesktopSettings]:
    """A reader, which gets no values before the test lets Qt process events."""
    settings = DesktopSettings(qapp)
    yield settings
    settings.close()
    delete_now(settings)


def wait_for(settings: DesktopSettings, look: DesktopLook) -> None:
    def arrived() -> bool:
        QApplication.processEvents()
        return settings.look == look

    wait_until(arrived, 10, lambda: f"{look}; it is {settings.look}")


@pytest.fixture
def portal(session_bus: BusDaemon) -> Iterator[SettingsPortal]:
    with settings_portal(color_scheme=1, contrast=1, reduced_motion=1) as portal:
        yield portal


def test_the_settings_of_the_desktop_are_read_and_followed(portal: SettingsPortal, settings: DesktopSettings):
    wait_for(settings, DesktopLook(dark=True, high_contrast=True, reduced_motion=True))
    portal.set("contrast", 0)
    portal.set("reduced-motion", 0)
    portal.set("accent-color", (1.0, 128 / 255, 0.0))
    portal.set("color-scheme", 2)
    wait_for(settings, DesktopLook(dark=False, accent=QColor.fromRgbF(1.0, 128 / 255, 0.0)))
    portal.set("accent-color", (-1.0, 0.0, 0.0))
    portal.set("color-scheme", 0)
    wait_for(settings, DesktopLook())


def wait_for_no_portal(settings: DesktopSettings) -> None:
    def answered() -> bool:
        QApplication.processEvents()
        return settings._notifier is not None

    wait_until(answered, 10, "the answer that there is no portal")


def test_a_portal_that_starts_later_is_followed(settings: DesktopSettings):
    with settings_portal() as portal:
        wait_for_no_portal(settings)
        portal.set("color-scheme", 1)
        wait_for(settings, DesktopLook(dark=True))


def test_a_bus_that_ends_leaves_the_look(settings: DesktopSettings, session_bus: BusDaemon):
    wait_for_no_portal(settings)
    session_bus.end()

    def is_closed() -> bool:
        QApplication.processEvents()
        return settings._bus is None

    wait_until(is_closed, 10, "the end of the connection")
    assert settings.look == DesktopLook()


@pytest.mark.parametrize(("layout", "decoration"), [("", "bradient"), ("appmenu:close", "")])
def test_a_title_bar_for_which_the_desktop_names_no_buttons_has_qts_own(
    session_bus: BusDaemon, monkeypatch: pytest.MonkeyPatch, qapp: QApplication, layout: str, decoration: str
):
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "wayland")
    with settings_portal(color_scheme=1, button_layout=layout):
        settings = DesktopSettings(qapp)
        wait_for(settings, DesktopLook(dark=True))
        try:
            assert QProcessEnvironment.systemEnvironment().value("QT_WAYLAND_DECORATION") == decoration
        finally:
            os.unsetenv("QT_WAYLAND_DECORATION")
            settings.close()
            delete_now(settings)


@pytest.mark.parametrize("value", ["dark", None, (1.0, "x", 0.0), (2.0, 0.0, 0.0), 7])
@pytest.mark.parametrize("key", ["color-scheme", "contrast", "accent-color", "reduced-motion", "unknown"])
def test_a_strange_value_counts_as_no_wish(key: str, value: object):
    assert DesktopLook().with_setting(key, value) == DesktopLook()


def test_other_themes_keep_their_accent():
    gruvbox = Library().scheme("gruvbox-dark")
    assert gruvbox.on_desktop(DesktopLook(accent=ORANGE)) == gruvbox

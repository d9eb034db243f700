"""Focus reports (mode 1004): FocusOut when the last viewer hides the screen, FocusIn when one shows it.

A terminal reports that its window has lost the keyboard focus; this terminal may have no window at all. Some agents
notify their user only without focus. A viewer's own reports go straight to the program; this module reports when no
viewer is left to do so.

States::

    SHOWN ──no viewer shows it──▶ GRACE
    SHOWN ──the program ended──▶ OVER
    GRACE ──a viewer shows it──▶ SHOWN
    GRACE ──the timer expires──▶ UNSEEN
    GRACE ──the program ended──▶ OVER
    UNSEEN ──a viewer shows it──▶ SHOWN
    UNSEEN ──a hidden viewer has the keyboard focus──▶ GRACE
    UNSEEN ──the program ended──▶ OVER

During GRACE a timer runs, since a viewer may return or arrive in a moment. While UNSEEN, each use of the emulator
may show that the program has turned focus reports on; it then gets FocusOut.
"""

from __future__ import annotations

from enum import StrEnum

from session_host.storage.descriptors.log_entries import EntryKind
from session_host.terminal.base import Emulator
from session_host.terminal.encode import encode_focus

from .attachments import Attachment, Attachments
from .effects import Effect, Timers, UseEmulator, WriteToProgram

UNSEEN, GRACE_S = "unseen", 2.0
"""A viewer that returns within this time causes no report."""


class FocusState(StrEnum):
    """Whether a viewer shows the program."""

    SHOWN = "SHOWN"
    GRACE = "GRACE"
    UNSEEN = "UNSEEN"
    OVER = "OVER"


class FocusReporter:
    """The focus state last reported to the program.

    Attributes:
        state: see the module.
        is_unseen: call ``emulator_used`` after each use of the emulator.
        last_report: the last focus report to the program; None for none, which means focused.
    """

    def __init__(self, attachments: Attachments, effects: list[Effect], last_report: bool | None) -> None:
        self.state = FocusState.SHOWN
        self.is_unseen = False
        self.last_report = last_report
        self._attachments = attachments
        self._effects = effects
        self._timers = Timers(self, effects)
        self._reports: list[bool] = []
        """Reports to send once the emulator can encode them."""
        self._reported: list[bool] = []
        """Reports that viewers sent; the program got them if it has focus reports turned on."""

    # ------------------------------------------------------------ events

    def viewers_changed(self) -> None:
        """Handle a viewer that came, left, was hidden, or got or lost the keyboard focus."""
        if self.state is FocusState.OVER:
            return
        previous = self.state
        if self._attachments.is_shown():
            self._set_state(FocusState.SHOWN)
            if self.state is FocusState.SHOWN and self.last_report is False and self._attachments.has_focus():
                self._request_emulator()
                self._reports.append(True)
        elif self.state is FocusState.SHOWN:
            self._set_state(FocusState.GRACE)
        if (previous, self.state) == (FocusState.SHOWN, FocusState.GRACE):
            self._timers.start(UNSEEN, GRACE_S)
        elif self.state is FocusState.SHOWN:
            self._timers.stop(UNSEEN)

    def timer_due(self, name: str) -> None:
        """Report FocusOut, since no viewer came in time."""
        self._timers.expired(name)
        self._set_state(FocusState.UNSEEN)
        self._request_emulator()
        self._reports.append(False)

    def viewer_reported_focus(self, attachment: Attachment, *, focused: bool) -> None:
        """Note a viewer's focus report, which the program gets if it has focus reports turned on."""
        attachment.focused = focused
        self._request_emulator()
        self._reported.append(focused)
        self.viewers_changed()
        if focused and self.state is FocusState.UNSEEN:
            self._set_state(FocusState.GRACE)
            self._timers.start(UNSEEN, GRACE_S)

    def use_emulator(self, emulator: Emulator) -> None:
        """Encode the waiting reports, if the program has focus reports turned on."""
        reported, self._reported = self._reported, []
        reports, self._reports = self._reports, []
        for focused in reported:
            if emulator.modes.focus_events:
                self.last_report = focused
        for focused in reports:
            self._report(emulator, focused=focused)

    def emulator_used(self, emulator: Emulator) -> None:
        """Report FocusOut while UNSEEN, if the program has just turned focus reports on."""
        if self.is_unseen:
            self._report(emulator, focused=False)

    def stop(self) -> None:
        """Stop reporting, since the program ended, or is no program in a terminal."""
        self._timers.stop(UNSEEN)
        self._set_state(FocusState.OVER)

    # ------------------------------------------------------------ rules

    def _set_state(self, state: FocusState) -> None:
        self.state = state
        self.is_unseen = self.state is FocusState.UNSEEN

    def _request_emulator(self) -> None:
        if not (self._reports or self._reported):
            self._effects.append(UseEmulator(self))

    def _report(self, emulator: Emulator, *, focused: bool) -> None:
        data = encode_focus(focused, emulator.modes)
        if not data:
            self.last_report = None  # Focus reports are off; after turning them on, the program knows no state.
        elif focused is not (self.last_report is not False):
            self.last_report = focused
            self._effects.append(WriteToProgram(EntryKind.FOCUS, data, number=int(focused)))

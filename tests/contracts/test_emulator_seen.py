"""What is new on a screen that its user has left."""

from __future__ import annotations

import pytest

from session_host.session.seen_screen import SeenScreen

from .conftest import Maker

BOX = "answer\x1b[3;1H\u276f \x1b[7m \x1b[27m\x1b[5;1H? for shortcuts\x1b[5;28Hcontext low"


@pytest.mark.parametrize(
    ("output", "is_seen"),
    [
        pytest.param("\x1b[?2004h\x1b[>5u\x1b[?1000h\x1b[?1006h", True, id="modes"),
        pytest.param("\x1b[3;3H\x1b[K", True, id="its own cursor"),
        pytest.param("\x1b[5;28H\x1b[K", True, id="a hint goes"),
        pytest.param("\x1b[2J\x1b[H" + BOX, True, id="drawn again"),
        pytest.param("\x1b[H\x1b[31manswer", True, id="in another colour"),
        pytest.param("\x1b[H\x1b[M", True, id="moved up"),
        pytest.param("\x1b[2J", True, id="erased"),
        pytest.param("\x1b[2;1Hmore", False, id="another row"),
        pytest.param("\x1b[1;8H!", False, id="a longer row"),
        pytest.param("\x1b[Hb", False, id="another letter"),
        pytest.param("\x1b[10;1H\n\x1b[H" + BOX, False, id="scrolled and drawn again"),
        pytest.param("\x1b[?1049h\x1b[Hediting", False, id="a full screen program"),
    ],
)
def test_only_other_text_is_new(make: Maker, output: str, is_seen: bool) -> None:
    emulator = make(40, 10, output=BOX)
    seen = SeenScreen.of(emulator)
    emulator.feed(output.encode())
    assert seen.has_all_of(SeenScreen.of(emulator)) is is_seen

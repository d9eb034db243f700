"""How much of a prompt its shell draws again when the width changes, by the options of its mark (OSC 133;A)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REDRAWS: Final = "redraws"
"""Our own option of a prompt's mark: after a change of the width, the shell draws the prompt again, with the input. The
value is "all" for the whole prompt, "last" for its last line; in a replay, "+" and the number of rows that stay. For
kitty's option "redraw", libghostty-vt erases only the cursor's row, and also rows that are not drawn again."""

_OF_FISH: Final = ({"special_key": "1"}, {"click_events": "1"})
"""The options of the marks that fish writes itself: 4.0, and 4.1 and later. It draws the whole prompt again."""

LAST_ROW: Final = -1
"""The rows that stay are those above the input, which has not begun."""


def kept_rows(options: Mapping[str, str]) -> int | None:
    """The first rows that the shell does not draw again; None if it draws no row."""
    redraws = options.get(REDRAWS, "all" if options in _OF_FISH else "")
    is_count = redraws[:1] == "+" and redraws[1:].isdecimal()
    return int(redraws[1:]) if is_count else {"all": 0, "last": LAST_ROW}.get(redraws)

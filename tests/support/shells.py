"""Home directories for shells."""

from __future__ import annotations

from pathlib import Path


def stop_fish_from_reading_man_pages(home: Path) -> None:
    """Make fish's directory of generated completions.

    Without it, an interactive fish reads all man pages in the background, for up to a minute after its own end.
    """
    (home / ".local/share/fish/generated_completions").mkdir(parents=True, exist_ok=True)

"""Home directories for shells."""

from __future__ import annotations

from pathlib import Path


def stop_fish_from_reading_man_pages(home: Path) -> None:
    """Make the directory whose absence makes an interactive fish read all man pages, to generate completions.

    It does so in the background, and goes on for up to a minute after its own end.
    """
    (home / ".local/share/fish/generated_completions").mkdir(parents=True, exist_ok=True)

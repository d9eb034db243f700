"""Texts of others in tool tips.

Qt looks at a tool tip's text and shows it as HTML if it could be some. What a program, a link or a
directory is called must be shown as it is, and not as its maker would like it to look.
"""

from __future__ import annotations

import html


def as_tooltip(text: str) -> str:
    """A tool tip that shows ``text`` to the letter, line ends and blanks included; "" stays none."""
    return f"<p style='white-space:pre-wrap'>{html.escape(text)}</p>" if text else ""

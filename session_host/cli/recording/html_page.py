"""A recording as an HTML page: colours, styles and links, in light or dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from typing import Final

from session_host.cli.recording.lines import CONTROLS, lines_of
from session_host.cli.recording.recording import Gap, Recording
from session_host.client.sessions.session_info import SessionInfo
from session_host.terminal.rows import DEFAULT_COLOR, PLAIN, RGB, Attribute, Color, Row, Style, Underline
from session_host.terminal.sgr_lines import SgrLines

_LINK: Final = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x1f\x7f-\x9f]+", re.IGNORECASE)
"""Only these addresses become links: a program's output must not run scripts or open files in the page."""

# fmt: off
_LIGHT: Final = (
    "#24292f", "#b3261e", "#116329", "#7d5200", "#0a51b0", "#8a2a9b", "#0f6674", "#6b7280",
    "#57606a", "#d1362c", "#1a7f37", "#996600", "#2f6fd6", "#a746ba", "#16818f", "#9aa1ab",
)
_DARK: Final = (
    "#4b515b", "#f0716b", "#7cc77f", "#d9b15c", "#6ea8fe", "#cf8ae0", "#58c1cf", "#c9ced6",
    "#7d8590", "#ff938c", "#9be09e", "#eccb7e", "#94c0ff", "#e2aaf0", "#83dbe6", "#f4f6f8",
)
# fmt: on

_CONTROLS: Final = re.compile("[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
"""Control characters but line feeds, and ESC in sequences for styles."""

_CUBE: Final = (0, 95, 135, 175, 215, 255)
"""xterm's levels of the colours 16 to 231."""

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; {light} }}
@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}
body {{ margin: 1.5rem; background: Canvas; color: CanvasText; }}
h1 {{ font: 600 1.1rem system-ui, sans-serif; margin: 0; }}
p {{ font: .85rem system-ui, sans-serif; margin: .25rem 0 1rem; opacity: .75; }}
pre {{ font: .85rem/1.35 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; margin: 0;
  white-space: pre-wrap; overflow-wrap: anywhere; }}
pre a {{ color: inherit; }}
.missing {{ font-style: italic; opacity: .75; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{about}</p>
<pre>
"""


END: Final = "</pre>\n</body>\n</html>\n"


def html_of(recording: Recording, info: SessionInfo) -> Iterator[str]:
    """Yield the page in pieces."""
    first = next(recording.steps(), None)
    yield page_head(info, first.time_ns / 1e9 if first else 0)
    for line in lines_of(recording):
        if isinstance(line, Gap):
            yield f'<span class="missing">[{escape(str(line))}]</span>\n'
        elif isinstance(line, SgrLines):
            yield html_lines(line)
        else:
            yield html_line(line) + "\n"
    yield END


def page_head(info: SessionInfo, began_s: float) -> str:
    """The beginning of the page, up to the first line; ``began_s``: seconds since 1970."""
    began = datetime.fromtimestamp(began_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return _PAGE.format(
        title=escape(CONTROLS.sub(" ", info.name)),
        about=f"{escape(CONTROLS.sub(' ', info.facts.origin.agent))}, recorded from {began}",
        light=_variables(_LIGHT),
        dark=_variables(_DARK),
    )


def html_lines(lines: SgrLines) -> str:
    """Many lines, without invisible blanks at their ends."""
    parts: list[str] = []
    escaped = SgrLines(escape(_CONTROLS.sub(" ", lines.text), quote=False))
    for text, style in escaped.spans():
        if text:
            before, after = _tags(style)
            parts += (before, text, after) if before else (text,)
    shown = "".join(parts)
    return "\n".join([line.rstrip(" ") for line in shown.split("\n")]) if " \n" in shown else shown


def html_line(line: list[Row]) -> str:
    """The rows of a logical line, without invisible blanks at its end."""
    parts: list[str] = []
    waiting = 0
    """Plain blanks, written only if something follows them."""
    for row in line:
        for text, style in _spans(row):
            shown = text if style != PLAIN else text.rstrip(" ")
            if shown:
                parts.append(" " * waiting)
                parts.append(_span(shown, style))
                waiting = 0
            waiting += len(text) - len(shown)
    return "".join(parts)


def _spans(row: Row) -> Iterator[tuple[str, Style]]:
    """The texts of a row with their styles; neighbours with the same style are joined."""
    column = 0
    texts: list[str] = []
    style = PLAIN
    for run in row.runs:
        gap = run.column - column
        if gap and style != PLAIN:
            yield "".join(texts), style
            texts, style = [], PLAIN
        if gap:
            texts.append(" " * gap)
        if run.style != style:
            if texts:
                yield "".join(texts), style
            texts, style = [], run.style
        texts.append(run.text)
        column = run.column + run.cells
    if texts:
        yield "".join(texts), style


def _span(text: str, style: Style) -> str:
    content = escape(CONTROLS.sub(" ", text), quote=False)
    if style == PLAIN:
        return content
    before, after = _tags(style)
    return f"{before}{content}{after}"


@lru_cache(maxsize=4096)
def _tags(style: Style) -> tuple[str, str]:
    css = ";".join(_declarations(style))
    attribute = f' style="{escape(css)}"' if css else ""
    if _LINK.fullmatch(style.link):
        return f'<a href="{escape(style.link)}" rel="noopener noreferrer"{attribute}>', "</a>"
    return (f"<span{attribute}>", "</span>") if css else ("", "")


def _declarations(style: Style) -> Iterator[str]:
    attributes = style.attributes
    foreground, background = _css(style.foreground), _css(style.background)
    if attributes & Attribute.INVERSE:
        foreground, background = background or "Canvas", foreground or "CanvasText"
    if attributes & Attribute.HIDDEN:
        foreground = "transparent"
    if foreground:
        yield f"color:{foreground}"
    if background:
        yield f"background:{background}"
    if attributes & Attribute.BOLD:
        yield "font-weight:bold"
    if attributes & Attribute.DIM:
        yield "opacity:.6"
    if attributes & Attribute.ITALIC:
        yield "font-style:italic"
    lines = [
        name
        for name, is_there in (
            ("underline", style.underline != Underline.NONE),
            ("line-through", attributes & Attribute.STRIKE),
            ("overline", attributes & Attribute.OVERLINE),
        )
        if is_there
    ]
    if lines:
        yield f"text-decoration-line:{' '.join(lines)}"
    if style.underline not in {Underline.NONE, Underline.SINGLE}:
        yield f"text-decoration-style:{'wavy' if style.underline == Underline.CURLY else style.underline.value}"
    if style.underline != Underline.NONE and (color := _css(style.underline_color)):
        yield f"text-decoration-color:{color}"


def _css(color: Color) -> str:
    """A colour as CSS, "" for the default."""
    if color == DEFAULT_COLOR:
        return ""
    if color >= RGB:
        return f"#{color & 0xFFFFFF:06x}"
    if color < 16:
        return f"var(--c{color})"
    if color < 232:
        cube = color - 16
        return "#{:02x}{:02x}{:02x}".format(*(_CUBE[cube // 36], _CUBE[cube // 6 % 6], _CUBE[cube % 6]))
    grey = 8 + (color - 232) * 10
    return f"#{grey:02x}{grey:02x}{grey:02x}"


def _variables(colors: tuple[str, ...]) -> str:
    return " ".join(f"--c{number}: {color};" for number, color in enumerate(colors))

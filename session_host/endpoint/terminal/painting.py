"""Formats markdown and code as terminal lines, in the terminal's own sixteen colours.

A line is text with SGR sequences and no other control characters. Lines fit the terminal's width, except finished lines
of code: the terminal wraps these, so that the user copies them without line breaks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from rich.color import ColorSystem
from rich.console import Console
from rich.markdown import CodeBlock, Heading, ListItem, Markdown
from rich.segment import Segment
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.text import Text
from rich.theme import Theme

from session_host.endpoint.terminal import markdown_stream
from session_host.protocol.untrusted_text import plain

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderResult

MIN_COLUMNS: Final = 4

_TOKEN_STYLES: Final = {
    (): Style(),
    ("Comment",): Style(dim=True, italic=True),
    ("Keyword",): Style(color="magenta"),
    ("Keyword", "Type"): Style(color="cyan"),
    ("Operator", "Word"): Style(color="magenta"),
    ("Name", "Builtin"): Style(color="cyan"),
    ("Name", "Function"): Style(color="blue", bold=True),
    ("Name", "Class"): Style(color="blue", bold=True),
    ("Name", "Namespace"): Style(color="cyan"),
    ("Name", "Decorator"): Style(color="yellow"),
    ("Name", "Tag"): Style(color="magenta"),
    ("Name", "Attribute"): Style(color="cyan"),
    ("Literal", "String"): Style(color="green"),
    ("Literal", "Number"): Style(color="yellow"),
    ("Generic", "Deleted"): Style(color="red"),
    ("Generic", "Inserted"): Style(color="green"),
    ("Generic", "Heading"): Style(bold=True),
    ("Generic", "Subheading"): Style(color="magenta", bold=True),
    ("Error",): Style(),
}

_THEME: Final = Theme(
    {
        "markdown.code": "cyan",
        "markdown.h1": "bold underline",
        "markdown.h2": "bold",
        "markdown.h3": "bold italic",
        "markdown.h4": "italic",
        "markdown.h5": "italic",
        "markdown.h6": "italic dim",
        "markdown.item.bullet": "magenta",
        "markdown.item.number": "magenta",
        "markdown.block_quote": "dim",
        "markdown.hr": "dim",
        "markdown.link": "blue",
        "markdown.link_url": "blue underline",
        "markdown.table.border": "dim",
        "markdown.table.header": "bold",
    }
)


class _Heading(Heading):
    """A left-aligned heading."""

    LEVEL_ALIGN = dict.fromkeys(Heading.LEVEL_ALIGN, "left")


class _Code(CodeBlock):
    """A code block within another block."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield _highlighted(str(self.text).rstrip("\n"), self.lexer_name)


class _Item(ListItem):
    """A list item with its number and a dot, as in the source."""

    def render_number(self, console: Console, options: ConsoleOptions, number: int, last_number: int) -> RenderResult:
        numeral = f" {number:>{len(str(last_number))}}. "
        lines = console.render_lines(self.elements, options.update(width=options.max_width - len(numeral)))
        style = console.get_style("markdown.item.number")
        for index, line in enumerate(lines):
            yield Segment(" " * len(numeral) if index else numeral, style)
            yield from line
            yield Segment("\n")


class _Markdown(Markdown):
    elements = {  # noqa: RUF012 - rich's
        **Markdown.elements,
        "heading_open": _Heading,
        "list_item_open": _Item,
        "fence": _Code,
        "code_block": _Code,
    }


class Painter:
    """Formats lines for a terminal of a given width."""

    def __init__(self, columns: int) -> None:
        self.columns = max(MIN_COLUMNS, columns)
        self._console = Console(
            width=self.columns,
            height=10_000,
            force_terminal=True,
            color_system="standard",
            theme=_THEME,
            highlight=False,
            legacy_windows=False,
            _environ={},
        )
        self._parser = markdown_stream.parser()

    def block(self, block: markdown_stream.Block) -> list[str]:
        """A settled block as lines."""
        if isinstance(block, markdown_stream.Markdown):
            return [*([""] if block.spaced else []), *self.markdown(block.source)]
        return self._code(block)

    def unfinished(self, block: markdown_stream.Block | None) -> list[str]:
        """The unfinished part as lines that fit the terminal's width."""
        if block is None:
            return []
        if isinstance(block, markdown_stream.Markdown):
            return self.block(block)
        text = _highlighted("\n".join((*block.context, *block.lines)), block.language)
        new_lines = text.split("\n", allow_blank=True)[len(block.context) :]
        return [row for line in new_lines for row in self._rendered(line)]

    def markdown(self, source: str) -> list[str]:
        """Markdown as wrapped lines."""
        document = _Markdown("", hyperlinks=False)
        document.parsed = self._parser.parse(source)
        for token in document.parsed:
            for child in token.children or ():
                if child.type == "softbreak":
                    # Models mean a line break as such; markdown would join the lines.
                    child.type = "hardbreak"
        lines = self._rendered(document)
        while lines and not lines[0]:
            del lines[0]
        while lines and not lines[-1]:
            del lines[-1]
        return lines

    def wrap(self, text: str, style: str = "", *, prefix: str = "") -> list[str]:
        """Plain text as wrapped lines: the first starts with the prefix, the others with as many blanks."""
        width = max(1, self.columns - len(prefix))
        lines: list[str] = []
        for paragraph in text.split("\n"):
            wrapped = Text(paragraph, end="").wrap(self._console, width, overflow="fold") if paragraph else [Text()]
            lines.extend(line.plain.rstrip() for line in wrapped)
        margins = [prefix, *[" " * len(prefix)] * (len(lines) - 1)]
        return [
            _styled(Style.parse(style), margin + line) if margin + line else ""
            for margin, line in zip(margins, lines, strict=True)
        ]

    def _code(self, block: markdown_stream.Code) -> list[str]:
        lines: list[str] = []
        rule = "─" * min(3, self.columns)
        if block.opens:
            label = plain(block.language, max(0, self.columns - 4))
            lines += ["", _styled(Style(dim=True), f"{rule} {label}".rstrip())]
        if block.lines:
            text = _highlighted("\n".join((*block.context, *block.lines)), block.language)
            new_lines = text.split("\n", allow_blank=True)[len(block.context) :]
            lines += [_line(line.render(self._console, end="")) for line in new_lines]
        if block.closes:
            lines.append(_styled(Style(dim=True), rule))
        return lines

    def _rendered(self, renderable: Text | Markdown) -> list[str]:
        options = self._console.options.update(overflow="fold", no_wrap=False)
        return [_line(segments) for segments in self._console.render_lines(renderable, options, pad=False)]


def _highlighted(code: str, language: str) -> Text:
    # The lexer adds a line end: remove that one, and keep the code's own.
    syntax = Syntax("", language or "text", theme=ANSISyntaxTheme(_TOKEN_STYLES))
    text = syntax.highlight(code)
    text = text[: len(code)]
    text.overflow, text.no_wrap = "fold", False
    return text


def _line(segments: Iterable[Segment]) -> str:
    """Segments as text with SGR sequences, without blanks at the end."""
    found = [segment for segment in segments if not segment.control]
    while found and not found[-1].text.strip(" \n"):
        found.pop()
    if found:
        found[-1] = found[-1]._replace(text=found[-1].text.rstrip(" \n"))
    return "".join(_styled(segment.style or Style(), segment.text) for segment in found)


def _styled(style: Style, text: str) -> str:
    return style.render(text, color_system=ColorSystem.STANDARD)

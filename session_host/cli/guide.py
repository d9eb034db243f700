"""``outlive help PAGE``: shows a page of the guide in this terminal, as text."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from session_host.cli.arguments import did_you_mean
from session_host.cli.output import FALLBACK_COLUMNS, has_colors, terminal_columns
from session_host.commands import SUBCOMMANDS
from session_host.errors import UsageError
from session_host.structured.markdown_page import page_lines

DIRECTORY: Final = Path(__file__).parents[2] / "resources" / "guide"
FIRST: Final = "guide"
"""The name of the page that lists the others; its file is README.md."""

_END: Final = ".md"
_MAX_COLUMNS: Final = 100

_LINK: Final = re.compile(r"\]\(([\w-]+\.md)[)#]")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument(
        "page", metavar="PAGE", nargs="?", help=f"a page's name: such as phone; {FIRST} lists all; or a command's name"
    )
    parser.epilog = (
        "The help of a command comes first: `outlive help attach` prints that of the command, "
        f"`outlive help attach{_END}` the page."
    )


def run(options: argparse.Namespace) -> int:
    """Show a page; `outlive help` alone, and a command's help, are not printed here."""
    page = _file(options.page or FIRST)
    columns = min(terminal_columns() or FALLBACK_COLUMNS, _MAX_COLUMNS)
    lines = as_text(page.read_text("utf-8"), columns, is_bold=has_colors())
    _show("".join(f"{line}\n" for line in lines))
    return 0


def _show(text: str) -> None:
    """Print a page; on a terminal by the user's pager, or by less, if there is one."""
    pager = os.environ.get("PAGER") or shutil.which("less")
    if pager is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(text, end="", flush=True)
        return
    environment = {"LESS": "FRX", **os.environ}  # As git does: a page that fits is only printed.
    shown = text.encode(sys.stdout.encoding, "replace")
    subprocess.run(["/bin/sh", "-c", pager], input=shown, env=environment, check=False)


def pages() -> dict[str, Path]:
    """The files of the pages by the names with which a user asks for them."""
    names = {path: FIRST if path.name == "README.md" else path.stem for path in sorted(DIRECTORY.glob(f"*{_END}"))}
    return {f"{name}{_END}" if name in SUBCOMMANDS else name: path for path, name in names.items()}


def as_text(markdown: str, columns: int, *, is_bold: bool = False) -> Iterator[str]:
    """The lines of a page for a terminal of so many columns; ``is_bold``: its headings are bold."""
    bold, usual = ("\x1b[1m", "\x1b[22m") if is_bold else ("", "")
    for line, is_heading in page_lines(markdown, columns):
        yield f"{bold}{line}{usual}" if is_heading else line
    names = {path.name: name for name, path in pages().items()}
    if linked := [each for each in dict.fromkeys(_LINK.findall(markdown)) if each in names]:
        longest = max(len(names[each]) for each in linked)
        yield ""
        yield f"{bold}More{usual}"
        for each in linked:
            yield f"  outlive help {names[each]:<{longest}}  {_title(DIRECTORY / each)}"


def _file(name: str) -> Path:
    known = pages()
    if (found := known.get(name) or known.get(name.removesuffix(_END))) is not None:
        return found
    which = did_you_mean(name, [*SUBCOMMANDS, *known])
    raise UsageError(f"unknown command or page {name!r}; {which} `outlive --help` and `outlive help {FIRST}`")


def _title(page: Path) -> str:
    with page.open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").rstrip()

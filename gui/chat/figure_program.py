"""Draws one figure: a program of its own, since what an agent has written may make a library work without end.

It reads the figure as JSON from its standard input, and writes a PNG to its standard output. It fails where there is
none: the text is wrong, the font lacks a letter, or the limits are reached. It has a directory of its own for the
libraries' files, and uses Python, the libraries and their fonts alone.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from typing import Any, Final

SCALE: Final = 2
"""A figure has so many pixels for one of the page."""
_PROCESSOR_S, _MEMORY_BYTES, _FILE_BYTES = 10, 256 << 20, 4 << 20
"""A small diagram takes 1 s and 130 MB; the time also suffices for a computer that is some times slower."""
_DPI: Final = 72
_FORMULAS_SHARE: Final = 1.3
"""How much larger than the text formulas are: their fractions have smaller letters."""
_LARGE: Final = re.compile(
    r"(\\(?:sum|(?:co)?prod|o?int|iii?nt|big(?:cap|cup|vee|wedge|sqcup|uplus|odot|oplus|otimes))(?![a-zA-Z])"
    r"(?:\s*[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[a-zA-Z]+(?![a-zA-Z])|[^\s{}\\]))*)"
    r"(?=\s*(?:[^\W_]|\{|\\(?!right)[a-zA-Z]))"
)
"""A large operator with what is below and above it, before a letter; TeX has room there, which Matplotlib forgets."""


def main() -> None:
    """Draw, or end with any error: the page shows the text as it is then."""
    limits = {
        resource.RLIMIT_CPU: _PROCESSOR_S,
        resource.RLIMIT_AS: _MEMORY_BYTES,
        resource.RLIMIT_FSIZE: _FILE_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))
    asked = json.load(sys.stdin.buffer)
    draw = _diagram if asked["kind"] == "mermaid" else _formula
    sys.stdout.buffer.write(draw(asked["text"], asked["size_px"], asked["colors"]))


def _diagram(text: str, size_px: int, colors: dict[str, str]) -> bytes:
    """A diagram of Mermaid, by its own code in an engine without files and network."""
    import mermaidx  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from mermaidx.font_metrics import get_font  # type: ignore[import-not-found,import-untyped,unused-ignore]

    family = "DejaVu Sans"  # The library has no other, and shows boxes for letters that it lacks.
    letters = get_font().full_advance_table()
    lacking = {each for each in text if not each.isspace() and ord(each) not in letters}
    if lacking:
        raise ValueError(f"{family} lacks {''.join(sorted(lacking))}")
    variables: dict[str, Any] = {
        "darkMode": colors["is_dark"] == "yes",
        "background": colors["ground"],
        "edgeLabelBackground": colors["ground"],
        "primaryColor": colors["box"],
        "secondaryColor": colors["box"],
        "tertiaryColor": colors["ground"],
        "noteBkgColor": colors["box"],
        "lineColor": colors["line"],
        "fontFamily": family,
        "fontSize": f"{size_px}px",
    }
    for each in ("primary", "secondary", "tertiary", "note", "cluster"):
        variables[f"{each}BorderColor"] = colors["line"]
        variables[f"{each}TextColor"] = colors["text"]
    variables |= {"clusterBorder": colors["line"], "clusterBkg": colors["ground"], "titleColor": colors["text"]}
    config = {"theme": "base", "fontFamily": family, "fontSize": size_px, "themeVariables": variables}
    return bytes(mermaidx.render(text, config=config).png(scale=float(SCALE)))


def _formula(text: str, size_px: int, colors: dict[str, str]) -> bytes:
    """A formula in the part of TeX that Matplotlib knows."""
    from io import BytesIO

    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser
    from PIL import Image, ImageColor

    rcParams["mathtext.fontset"] = "cm"
    line, font = _LARGE.sub(r"\1\\,", " ".join(text.split())), FontProperties(size=size_px * _FORMULAS_SHARE)
    drawn = MathTextParser("agg").parse(f"${line}$", _DPI * SCALE, font)
    shape = Image.fromarray(drawn.image)
    picture = Image.new("RGBA", shape.size, (*ImageColor.getrgb(colors["text"])[:3], 0))
    picture.putalpha(shape)
    written = BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


if __name__ == "__main__":
    main()

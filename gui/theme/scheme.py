"""A theme as the window uses it: one for a dark and one for a light desktop; and the colours that its file leaves out.

Every text keeps 4.5 : 1 on each of its backgrounds, and every mark 3 : 1: a colour with less is made
lighter or darker, away from the background. A theme's own colours are kept if they are readable. A file has one side
of a pair alone, as the themes have that are imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import asdict, replace
from PySide6.QtGui import QColor

from .contrast import HIGH, USUAL, Ratios, ratio, readable
from .desktop import DesktopLook
from .terminal import TerminalTheme
from .tokens import BACKGROUNDS, WORDS, CodeColors, Tokens, blend

_RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN = range(1, 7)

_SHARES = {
    "dark": {"sidebar": 0.03, "raised": 0.065, "hairline": 0.11, "border": 0.18, "hover": 0.065, "selected": 0.16},
    "light": {"sidebar": 0.04, "raised": 0.0, "hairline": 0.12, "border": 0.22, "hover": 0.08, "selected": 0.13},
}
"""How much of the text's colour, for ``selected`` of the accent, a background has over the page's."""

_CODE_SHARES = {"added": 0.12, "removed": 0.12, "added_words": 0.3, "removed_words": 0.3}
_TILE_SHARE = 0.16
"""How much of its monogram's colour a tile's background has (``gui.theme.icons``)."""

_WORD_COLORS = {
    "keyword": _MAGENTA,
    "string": _GREEN,
    "number": _YELLOW,
    "function": _BLUE,
    "type": _CYAN,
    "deleted": _RED,
}


_LABEL_HUES = ("#e5484d", "#f2812e", "#e3b52c", "#43a862", "#1fa6ba", "#3f83f3", "#9061e0", "#dd5aa2")
"""The hues of ``LABEL_COLORS``; no palette's: in some, blue is a purple, and green a blue."""

# fmt: off
_TILE_HUES = (
    "#3f83f3", "#43a862", "#e3b52c", "#a95be0", "#1fa6ba", "#e5484d", "#8b95a1", "#f2812e", "#dd5aa2", "#8fae1b",
)
"""The hues of agents' monograms, one for each agent of the catalog; neighbours in the catalog differ most."""
# fmt: on


def readable_on(color: QColor, backgrounds: Iterable[QColor], least: float) -> QColor:
    """``color``, made as much lighter or darker as it needs for a ratio of ``least`` on each background."""
    all_backgrounds = list(backgrounds)
    for _ in range(3):
        for background in all_backgrounds:
            color = readable(color, background, least)
        if all(ratio(color, background) >= least for background in all_backgrounds):
            return color
    return max(
        (QColor("#000000"), QColor("#ffffff")),
        key=lambda end: min(ratio(end, background) for background in all_backgrounds),
    )


def _tint(color: QColor, page: QColor, share: float, text: QColor, least: float) -> QColor:
    """``color`` laid on the page as strongly as the text on it allows, and not more than ``share``."""
    for step in range(10, 0, -1):
        background = blend(color, page, share * step / 10)
        if ratio(text, background) >= least:
            return background
    return page


def derive_tokens(
    terminal: TerminalTheme,
    window: Mapping[str, str],
    code: Mapping[str, str],
    ratios: Ratios = USUAL,
) -> Tokens:
    """The window's colours.

    Args:
        terminal: the terminal's colours.
        window: the colours that the theme names itself, by token.
        code: likewise for code, by their names in ``gui.theme.tokens``.
        ratios: the smallest contrasts.
    """
    appearance = "dark" if terminal.dark else "light"
    shares = _SHARES[appearance]
    given = {name: QColor(color) for name, color in window.items()}
    page = given.get("page", terminal.background)
    front = readable(terminal.foreground, page, ratios.text)
    accent = given.get("accent", terminal.palette[_BLUE])
    paper = page if terminal.dark else blend("#ffffff", page, 0.4)
    backgrounds = {
        "page": page,
        "sidebar": blend(front, page, shares["sidebar"]),
        "raised": blend(front, paper, shares["raised"]),
        "hover": blend(front, page, shares["hover"]),
        "selected": blend(accent, page, shares["selected"]),
    } | {name: given[name] for name in ("page", "sidebar", "raised", "hover", "selected") if name in given}
    every = list(backgrounds.values())
    words_backgrounds = [backgrounds[name] for name in ("page", "sidebar", "raised")]
    text = readable_on(given.get("text", terminal.foreground), every, ratios.text)
    code_backgrounds = {
        "ground": blend(front, page, shares["sidebar"]),
        "inline": blend(front, page, shares["hover"]),
        "prompt": blend(front, page, shares["hover"] * 0.8),
    }
    for name, share in _CODE_SHARES.items():
        hue = terminal.palette[_GREEN if name.startswith("added") else _RED]
        code_backgrounds[name] = _tint(hue, page, share, text, ratios.text)
    code_backgrounds |= {name: QColor(code[name]) for name in BACKGROUNDS if name in code}
    text = readable_on(text, [*every, *code_backgrounds.values()], ratios.text)
    plain = given.get("secondary", blend(front, page, 0.62))
    secondary = readable_on(plain, [*every, code_backgrounds["ground"], code_backgrounds["prompt"]], ratios.text)

    def meaning(token: str, otherwise: QColor) -> QColor:
        worded = readable_on(given.get(token, otherwise), words_backgrounds, ratios.text)
        return readable_on(worded, every, ratios.mark)

    accent = meaning("accent", accent)
    waiting = given.get("needs_you_fill", given.get("needs_you", terminal.palette[_YELLOW]))
    colors = {
        **backgrounds,
        "hairline": blend(front, page, shares["hairline"]),
        "border": blend(front, page, shares["border"]),
        "text": text,
        "secondary": secondary,
        "disabled": blend(front, page, 0.42),
        "accent": accent,
        "on_accent": _on(accent, (given.get("on_accent"), page, text), ratios.text),
        "needs_you": meaning("needs_you", terminal.palette[_YELLOW]),
        "needs_you_fill": readable_on(waiting, every, ratios.mark),
        "failed": meaning("failed", terminal.palette[_RED]),
        "fine": meaning("fine", terminal.palette[_GREEN]),
        "scrim": blend("#000000", page if terminal.dark else text, 0.5),
    }
    colors |= {name: given[name] for name in ("hairline", "border", "disabled", "scrim") if name in given}
    for name in ("hairline", "border", "disabled"):
        colors[name] = readable_on(colors[name], words_backgrounds, ratios.line)
    words = {name: terminal.palette[index] for name, index in _WORD_COLORS.items()} | {"comment": secondary}
    words |= {name: QColor(code[name]) for name in WORDS if name in code}
    return Tokens(
        name=appearance,
        **{name: color.name() for name, color in colors.items()},
        tiles=tuple(_on_its_tile(hue, backgrounds["raised"], ratios.text).name() for hue in map(QColor, _TILE_HUES)),
        labels=tuple(readable_on(hue, every, ratios.mark).name() for hue in map(QColor, _LABEL_HUES)),
        code=CodeColors(
            **code_backgrounds,
            words={name: readable(word, code_backgrounds["ground"], ratios.text) for name, word in words.items()},
        ),
        mark_ratio=ratios.mark,
    )


def _on(accent: QColor, wanted: Iterable[QColor | None], least: float) -> QColor:
    """The text on the accent: the first wanted colour that can be read there, else black or white."""
    for color in wanted:
        if color is not None and ratio(color, accent) >= least:
            return color
    return max((QColor("#000000"), QColor("#ffffff")), key=lambda end: ratio(end, accent))


def _on_its_tile(hue: QColor, raised: QColor, least: float) -> QColor:
    """A monogram's colour, which also tints its background."""
    for _ in range(16):
        background = blend(hue, raised, _TILE_SHARE)
        if ratio(hue, background) >= least:
            break
        hue = readable(hue, background, least)
    return hue


class Scheme(Struct, frozen=True):
    """The colours of one theme.

    Attributes:
        id: the name of its file without suffix, as in ``window.toml``.
        name: its name for users.
        tokens: the window's colours.
        terminal: the terminal's colours.
        pair: the id of its counterpart for the other appearance, "" for none.
        desktop_accent: the desktop's accent colour takes the place of its own.
    """

    id: str
    name: str
    tokens: Tokens
    terminal: TerminalTheme
    pair: str = ""
    desktop_accent: bool = False

    @property
    def dark(self) -> bool:
        """Light text on a dark background."""
        return self.terminal.dark

    def on_desktop(self, look: DesktopLook) -> Scheme:
        """This theme with the desktop's accent colour and contrast."""
        accent = look.accent if self.desktop_accent else None
        if accent is None and not look.high_contrast:
            return self
        ratios = HIGH if look.high_contrast else USUAL
        window = {
            name: value for name, value in asdict(self.tokens).items() if isinstance(value, str) and name != "name"
        }
        if accent is not None:
            window["accent"] = accent.name()
            del window["selected"], window["on_accent"]  # They follow from the accent.
        code = self.tokens.code
        colors = {name: getattr(code, name).name() for name in BACKGROUNDS}
        colors |= {name: color.name() for name, color in code.words.items()}
        return replace(
            self,
            tokens=derive_tokens(self.terminal, window, colors, ratios),
            terminal=replace(self.terminal, ratios=ratios),
        )


class SchemePair(Struct, frozen=True):
    """The themes for a dark and for a light desktop: the same one twice if it has no counterpart."""

    dark: Scheme
    light: Scheme

    def side(self, *, dark: bool) -> Scheme:
        """The theme for one appearance."""
        return self.dark if dark else self.light

    def substitute(self, appearance: str) -> Scheme | None:
        """The theme that a chosen appearance ("dark", "light") shows although it is for the other one; else None."""
        if appearance == "desktop":
            return None
        wants_dark = appearance == "dark"
        shown = self.side(dark=wants_dark)
        return None if shown.dark == wants_dark else shown

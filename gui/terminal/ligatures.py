"""Ligatures: characters that a font draws together, such as ``->`` and ``!=``.

They are found by shaping: where a text has other glyphs than its single characters, the font joins these. A pattern,
made once for each font, finds candidates, so that a text without any costs one search.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from PySide6.QtGui import QFont, QFontMetricsF, QRawFont, QTextLayout

from gui.theme.terminal import TerminalFont

_SEQUENCES: Final = r"""
!! !!! != !== !=== !. !: !; ## ### #### #! #( #: #= #? #[ #_ #_( #{ $> %% %%% && &&& &= (* *) (: :) ** *** **** */
*. *> *~ ++ +++ +> +: ,, -- --- ---- -< -<< -> ->> -| -~ --> ---> --< .- .. ... .... ..< ..= .= .? /* /** // /// ////
/= /== /> /\ \/ \\ :- :: ::: :::: ::= :< := :> :? :?> :} ;; ;;; <! <!-- <!--- <# <#-- <$ <$> <* <*> <+ <+> <- <-- <---
<-< <-> <--> <. <.> </ </> <: <:< <: << <<- <<< <<= <<~ <= <== <==> <=> <=< <=| <> <| <|> <|| <||| <~ <~> <~~ =! =!=
=/= =: =:= == === ==== ==> => =>> =< =<< =<= =>= =| >- >-> >-- >: >= >=> >> >>- >>= >>> >>> >] ?. ?: ?= ?? ??? @_ [:
:] [< [| |] [|| ||] ]# ^= ^^ __ ___ ____ `` ``` {. {| |} {{ }} {{{ }}} |= |== ||= |=> |> |>> || ||| ||> |||> |- |-> ||-
~- ~= ~> ~@ ~~ ~~> ~~~ ~: _|_ +-+ |--| ^.^ \n
"""
"""Sequences that programming fonts join, such as Fira Code, JetBrains Mono, Cascadia Code, Iosevka and Monoid."""

_SIGNS: Final = tuple("!#$%&*+-./:;<=>?@\\^_|~'\"`,")
_FORMS: Final = (
    ("www", r"w{3,}"),
    ("0xFF", r"0[xX][\dA-Fa-f]+"),
    ("128x64", r"\d+x\d+"),
)
"""Words that fonts join, and the pattern of such words."""

JOINING_FEATURES: Final = ("calt", "liga", "clig")
"""The features of fonts that join characters unless they are disabled."""

_MAX_WIDTH_PX: Final = 2.0**24
_MAX_TEXTS: Final = 4096


class LigatureSpan(NamedTuple):
    """The cells of a text that are drawn by other glyphs than those of their characters: ligatures."""

    first: int
    end: int


class Ligatures:
    """The ligatures of one font in one size.

    Attributes:
        fonts: for each variant, the font that draws joined characters; it fills the cells exactly.
        yields: whether characters are drawn apart where the cursor is.
        search: finds the first candidate in a text.
        find: finds all candidates in a text.
        joined: the joined cells of a candidate in a variant; see ``LigatureSpan``.
    """

    def __init__(
        self,
        fonts: Sequence[QFont],
        plain: Sequence[QFont],
        width: int,
        candidates: re.Pattern[str],
        *,
        yields: bool,
    ) -> None:
        """Set up the ligatures of ``fonts``; ``plain`` draws the same characters apart, in cells of this width."""
        self.fonts = tuple(fonts)
        self.yields = yields
        self.search = candidates.search
        self.find = candidates.finditer
        self.joined = lru_cache(maxsize=_MAX_TEXTS)(self._joined)
        self._plain = tuple(plain)
        self._glyphs: dict[int, Mapping[str, int]] = {}
        self._width = width

    def _apart(self, variant: int) -> Mapping[str, int]:
        """The glyphs of single characters."""
        if variant not in self._glyphs:
            self._glyphs[variant] = _single_glyphs(self._plain[variant])
        return self._glyphs[variant]

    def _joined(self, text: str, variant: int) -> LigatureSpan | None:
        """The joined cells of a candidate; None if the font draws its characters apart, or would leave its cells."""
        font = self.fonts[variant]
        [changed] = _changed_cells([text], font, self._apart(variant))
        if not changed:
            return None
        spare = QFontMetricsF(font).horizontalAdvance(text) - len(text) * self._width
        return LigatureSpan(changed[0], changed[-1] + 1) if abs(spare) < self._width / 2 else None


_found: Final[dict[TerminalFont, re.Pattern[str] | None]] = {}


def candidates_of(font: TerminalFont, joining: QFont, plain: QFont) -> re.Pattern[str] | None:
    """The pattern of texts in which a font may join characters; None if it joins none.

    Args:
        font: the font in any size, for which the pattern is kept.
        joining: the font with its ligatures.
        plain: the font without them.
    """
    if font not in _found:
        _found[font] = _find_candidates(joining, plain)
    return _found[font]


def _find_candidates(joining: QFont, plain: QFont) -> re.Pattern[str] | None:
    table = bytes(QRawFont.fromFont(joining).fontTable("GSUB").data())
    if not any(feature.encode() in table for feature in JOINING_FEATURES):
        return None
    between = [f"{letter}{sign}{letter}" for sign in _SIGNS for letter in "aA1"]
    sequences = _SEQUENCES.split()
    texts = [*sequences, *between, *(word for word, _ in _FORMS)]
    changes = dict(zip(texts, _changed_cells(texts, joining, _single_glyphs(plain)), strict=True))
    signs = {text[cell] for text in sequences for cell in changes[text]}
    joints = {text[1] for text in between if changes[text]}
    forms = [form for word, form in _FORMS if changes[word]]
    if signs:
        forms.append(f"[{re.escape(''.join(sorted(signs)))}]{{2,}}")
    if joints:
        forms.append(rf"\w(?:[{re.escape(''.join(sorted(joints)))}]\w)+")
    return re.compile("|".join(forms), re.ASCII) if forms else None


def _single_glyphs(font: QFont) -> Mapping[str, int]:
    """The glyphs of ASCII characters that are not joined."""
    text = " ".join(map(chr, range(0x21, 0x7F)))
    return {text[index]: glyph for index, glyph in _glyphs(text, font).items()}


def _changed_cells(texts: Sequence[str], joining: QFont, apart: Mapping[str, int]) -> list[list[int]]:
    """For each text, the indexes of characters that have another glyph in ``joining`` than ``apart``."""
    blank = "  "
    whole = blank.join(texts)
    joined = _glyphs(whole, joining)
    changes: list[list[int]] = []
    begin = 0
    for text in texts:
        indexes = range(begin, begin + len(text))
        changes.append([index - begin for index in indexes if joined.get(index) != apart.get(whole[index])])
        begin += len(text) + len(blank)
    return changes


def _glyphs(text: str, font: QFont) -> dict[int, int]:
    """The glyphs of a text by the indexes of their first characters."""
    layout = QTextLayout(text, font)
    layout.beginLayout()
    layout.createLine().setLineWidth(_MAX_WIDTH_PX)
    layout.endLayout()
    wanted = QTextLayout.GlyphRunRetrievalFlag
    runs = layout.glyphRuns(0, len(text), wanted.RetrieveGlyphIndexes | wanted.RetrieveStringIndexes)
    return {index: glyph for run in runs for index, glyph in zip(run.stringIndexes(), run.glyphIndexes(), strict=True)}

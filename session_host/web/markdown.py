"""An agent's Markdown as HTML for the page: without HTML of its own, pictures, or anything that loads by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from session_host.structured.markdown_syntax import of_agents

MAX_CHARACTERS: Final = 200_000
"""Of a longer text, the end is left out."""

_WEB: Final = re.compile(r"https?://[^\s]+", re.IGNORECASE)


class _Renderer(RendererHTML):
    """Links of the web get a class, so that the page asks before it opens one; other links and pictures are text."""

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        del options, env
        address = str(tokens[idx].attrs.get("href", ""))
        if _WEB.fullmatch(address):
            return f'<a class="out" href="{escape(address)}" rel="noopener noreferrer nofollow" target="_blank">'
        return '<span class="path">'

    def link_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        del options, env
        depth = 0
        for token in reversed(tokens[:idx]):
            depth += (token.type == "link_close") - (token.type == "link_open")
            if depth < 0:
                return "</a>" if _WEB.fullmatch(str(token.attrs.get("href", ""))) else "</span>"
        return "</span>"

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        del options, env
        token = tokens[idx]
        return f'<span class="path">{escape(token.content or str(token.attrs.get("src", "")))}</span>'

    def renderToken(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:  # noqa: N802 - the library's
        """A cell's alignment is a class, since the page takes no styles of elements."""
        token = tokens[idx]
        if (style := token.attrs.pop("style", None)) is not None:
            token.attrSet("class", str(style).rpartition(":")[2])
        return str(super().renderToken(tokens, idx, options, env))


@lru_cache(1)
def _parser() -> MarkdownIt:
    return of_agents(MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer))


def html_of(text: str) -> str:
    """A text as HTML."""
    cut = text[:MAX_CHARACTERS]
    more = '<p class="more">The rest is left out; see it on the computer.</p>' if len(text) > len(cut) else ""
    return str(_parser().render(cut)) + more

"""Thoughts that a server sends within the answer, between tags at its beginning.

Models such as DeepSeek R1 and Qwen3 write them so. Most servers take them out; others, such as vLLM without a parser
for the model, do not.
"""

from __future__ import annotations

from typing import Final

_END_OF: Final = {"<think>": "</think>", "<thinking>": "</thinking>"}


class TaggedThoughts:
    """Separates the thoughts of one answer from the rest of it, while it arrives."""

    def __init__(self) -> None:
        self._held = ""
        """The end of the content so far, if it may be the beginning of a tag."""
        self._end_tag = ""
        self._is_answer = False
        self._is_blank = True
        """Whether nothing but blanks has come of the current part, the thoughts or the answer behind them."""

    def separate(self, content: str) -> tuple[str, str]:
        """The thoughts, and the text of the answer, in the next piece of content."""
        content = self._held + content
        self._held = ""
        if not self._is_answer and not self._end_tag:
            begin = content.lstrip()
            if any(tag.startswith(begin) for tag in _END_OF if tag != begin):
                self._held = content
                return "", ""
            tag = next((tag for tag in _END_OF if begin.startswith(tag)), None)
            if tag is None:
                self._is_answer, self._is_blank = True, False
            else:
                self._end_tag, content = _END_OF[tag], begin.removeprefix(tag)
        if self._is_answer:
            return "", self._shown(content)
        thoughts, end_tag, answer = content.partition(self._end_tag)
        if not end_tag:
            self._held = _beginning_at_end(thoughts, self._end_tag)
            return self._shown(thoughts.removesuffix(self._held)), ""
        thoughts = self._shown(thoughts)
        self._is_answer = self._is_blank = True
        return thoughts, self._shown(answer)

    def rest(self) -> tuple[str, str]:
        """The same for what was held back, at the answer's end."""
        return (self._held, "") if self._end_tag and not self._is_answer else ("", self._held)

    def _shown(self, text: str) -> str:
        """The text without the blanks that begin its part."""
        if self._is_blank:
            text = text.lstrip()
            self._is_blank = not text
        return text


def _beginning_at_end(text: str, tag: str) -> str:
    """The longest beginning of a tag with which a text ends."""
    lengths = range(min(len(tag) - 1, len(text)), 0, -1)
    return next((tag[:length] for length in lengths if text.endswith(tag[:length])), "")

"""The guide's chapters as the window reads them: order, blocks, links, and the user's keys."""

from __future__ import annotations

import re
import string
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

import pytest

from gui import wording as wording_package
from gui.chat.content.markdown import MarkdownText
from gui.finding.query import FindQuery, Pattern
from gui.settings import table
from gui.terminal.links.links import may_open
from gui.window.actions import action_table
from gui.window.actions.separate_windows import changed_keys, keys_in_guide
from gui.window.guide import GUIDE, read_chapters, with_keys

pytestmark = pytest.mark.usefixtures("qapp")
"""The application has the names of keys."""
ARROWS = ["Left", "Right", "Up", "Down"]
SEVERAL_KEYS = {
    "arrow": ARROWS, "arrows": ARROWS, "←": ["Left"], "→": ["Right"], "↑": ["Up"], "↓": ["Down"],
    "letter": list(string.ascii_uppercase), "digit": list(string.digits), "number": list(string.digits),
}  # fmt: skip
"""Words that texts use for several keys, with the names of these keys."""


MADE_OF_SEVERAL_TEXTS = {"Start anyway", "End the chat", "Send text to … chats…"}
"""Names in the guide that ``gui/wording`` puts together from several texts."""


def short_forms(text: str, keys: Collection[str]) -> list[str]:
    """Find abbreviated keys in a text, such as "Shift+Up/Down", outside of code."""
    other = r"(?:/|…|–|, | and | or | to )(?!\w+\+)(?:\w+|\S)"
    written = re.compile(rf"(?P<modifiers>(?:(?:Ctrl|Alt|Shift)\+)+)(?P<name>\w+|\S)(?P<others>(?:{other})*)")
    found = []
    for match in written.finditer(re.sub("```.*?```|`[^`\n]*`", "`", text, flags=re.DOTALL)):
        words = re.findall(r"\w+|[←→↑↓]", match["others"])
        names = words + [name for word in (match["name"], *words) for name in SEVERAL_KEYS.get(word, [])]
        if any(match["modifiers"] + name in keys for name in names):
            found.append(match[0])
    return found


def test_every_page_is_a_chapter_and_five_minutes_come_first() -> None:
    chapters = read_chapters({})
    assert {chapter.name for chapter in chapters} == {path.name for path in GUIDE.glob("*.md")}
    assert [chapter.title for chapter in chapters[:2]] == ["Five minutes", "Start a chat"]


def test_the_list_of_pages_calls_each_page_by_its_title() -> None:
    index, *chapters = read_chapters({})
    listed = re.findall(r"\[([^]]+)\]\((\S+?)\)", index.text)
    assert [(title, name) for title, name in listed] == [(chapter.title, chapter.name) for chapter in chapters]


def test_every_link_leads_to_a_chapter_or_a_web_page() -> None:
    chapters = read_chapters({})
    names = {chapter.name for chapter in chapters}
    targets = {
        target for chapter in chapters for target in re.findall(r"\]\(([^)\s]+)\)", re.sub("`[^`]*`", "", chapter.text))
    }
    assert "settings.md" in targets
    assert not {target for target in targets if target.partition("#")[0] not in names and not may_open(target)}


def test_names_of_actions_and_settings_in_the_guide_are_those_of_the_window() -> None:
    """Names in italics are compared with the window's texts."""
    files = (*Path(wording_package.__file__).parent.glob("*.py"), Path(action_table.__file__), Path(table.__file__))
    wording = "".join(path.read_text("utf-8") for path in files)
    unknown = {
        name
        for chapter in read_chapters({})
        for name in re.findall(
            r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", re.sub("```.*?```|`[^`]*`", "", chapter.text, flags=re.DOTALL)
        )
        if " ".join(name.split()).replace("…", "") not in wording.replace("…", "")
    }
    assert not unknown - MADE_OF_SEVERAL_TEXTS, "correct these names in resources/guide"


def test_a_chapter_in_blocks_has_the_same_text_as_a_whole_one() -> None:
    for chapter in read_chapters({}):
        whole = [segment.text for segment in MarkdownText().segments(chapter.text)]
        assert [text for _, _, text in chapter._texts] == whole
        assert len({block.id for block in chapter.blocks}) == len(chapter.blocks) > 1


def test_matches_are_in_the_order_of_the_text_also_in_tables_and_code() -> None:
    chapter = next(chapter for chapter in read_chapters({}) if chapter.name == "settings.md")
    matches = chapter.matches(Pattern(FindQuery("outlive")))
    order = [block.id for block in chapter.blocks]
    places = [(order.index(match.block), match.segment, match.begin) for match in matches]
    assert len(places) > 3
    assert all(one < other for one, other in pairwise(places))


def test_the_users_keys_replace_the_default_ones_except_in_code() -> None:
    overrides = {
        "find": ["Ctrl+Shift+K"],  # so that "switch_chat" loses it
        "scroll_page_up": ["Shift+PgDown"],
        "scroll_page_down": ["Shift+PgUp"],
        "zoom_in": ["F7"],
        "settings": ["Ctrl+."],
        "select_by_keyboard": [],
        "no such action": ["F5"],
    }
    keys = changed_keys(overrides)
    text = (
        "Ctrl+Shift+F, Ctrl+Shift+K; Shift+PageUp (Shift+PageDown), **Ctrl+Shift+PageUp**, Ctrl+Plus, Ctrl+, and "
        "Ctrl+Shift+Space. Ctrl+Shift+Fn `Ctrl+Shift+F`\n\n```\nfind = Ctrl+Shift+F\n```\nCtrl+Shift+F"
    )
    assert with_keys(text, keys) == (
        "Ctrl+Shift+K, “Switch to a chat…”; Shift+PageDown (Shift+PageUp), **Ctrl+Shift+PageUp**, F7, Ctrl+. and "
        "“Select by keyboard”. Ctrl+Shift+Fn `Ctrl+Shift+F`\n\n```\nfind = Ctrl+Shift+F\n```\nCtrl+Shift+K"
    )


def test_chapters_never_abbreviate_keys_so_that_the_users_can_replace_them() -> None:
    keys = changed_keys({entry.name: [] for entry in action_table.TABLE})
    short = (
        "Shift+PageUp/PageDown, Alt+1…9; Alt+Shift+arrow, Ctrl+Shift+↑ or Ctrl+Shift+D and E, Ctrl+Shift+P",
        ["Shift+PageUp/PageDown", "Alt+1…9", "Alt+Shift+arrow", "Ctrl+Shift+↑", "Ctrl+Shift+D and E"],
    )
    whole = "Ctrl+Shift+D, Ctrl+Shift+E; Alt+1 to Alt+9, Ctrl+, or Ctrl+letter, `Shift+Up/Down`"
    assert short_forms(short[0], keys) == short[1]
    assert short_forms(whole, keys) == []
    found = {chapter.name: short_forms(chapter.text, keys) for chapter in read_chapters({})}
    assert {name: places for name, places in found.items() if places} == {}


def test_the_page_of_the_keys_has_every_action_with_the_keys_that_it_has_now() -> None:
    keys = keys_in_guide({"find": ["F7"], "settings": [], "zoom_in": ["Ctrl++", "F8"]})
    page = next(chapter.text for chapter in read_chapters(keys) if chapter.name == "keys.md")
    rows = re.findall(r"^\| (.+) \| (.*) \| `(\w+)` \|$", page, flags=re.MULTILINE)
    assert [(title, name) for title, _, name in rows] == [(entry.title, entry.name) for entry in action_table.TABLE]
    shown = {name: shown for _, shown, name in rows}
    assert (shown["find"], shown["settings"], shown["zoom_in"]) == ("F7", "", "Ctrl+Plus, F8")
    assert shown["split_right"] == "Ctrl+Shift+D"


def test_unchanged_keys_change_no_text() -> None:
    assert changed_keys({}) == {}
    assert changed_keys({"find": ["Ctrl+Shift+F", "F3"]}) == {}
    assert with_keys("Ctrl+Shift+F", {}) == "Ctrl+Shift+F"

"""Theme files: Outlive's, the user's own, and those of other terminals."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gui.settings.foreign_themes import color_of, find_foreign_themes, import_theme
from gui.settings.live import LiveSettings
from gui.settings.preferences import load_preferences
from gui.settings.theme_files import DEFAULT, RESOURCES, Library, own_themes, read_theme
from session_host.errors import ConfigError
from session_host.terminal.base import DefaultColors
from session_host.toml_writing import write_values

COLORS = [f"#{index:02x}{index * 3:02x}{255 - index * 9:02x}" for index in range(16)]
NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
MINE = f"""name = "Mine"
appearance = "dark"

[terminal]
foreground = "#eeeeee"
background = "#101010"
colors = {COLORS}
""".replace("'", '"')


@pytest.fixture
def themes(area) -> Path:
    directory = own_themes(area.config)
    directory.mkdir()
    return directory


@pytest.mark.parametrize("path", sorted(RESOURCES.glob("*.toml")), ids=lambda path: path.stem)
def test_each_theme_says_where_it_comes_from_and_pairs_are_mutual(path: Path):
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    assert values["name"]
    assert values["author"]
    assert values["source"]
    assert values["licence"] in {"MIT", "Apache-2.0"}
    scheme = read_theme(path)
    if scheme.pair:
        other = read_theme(path.with_stem(scheme.pair))
        assert (other.pair, other.dark) == (scheme.id, not scheme.dark)


def test_a_host_without_a_viewer_answers_with_the_colours_of_our_dark_theme():
    terminal = tomllib.loads((RESOURCES / f"{DEFAULT}.toml").read_text(encoding="utf-8"))["terminal"]
    colors = DefaultColors()
    assert [f"#{color:06x}" for color in colors.palette] == terminal["colors"]
    assert [f"#{color:06x}" for color in colors[:3]] == [
        terminal[name] for name in ("foreground", "background", "cursor")
    ]


def test_a_pair_is_one_row_of_the_list_and_ours_is_the_first():
    pairs, problems = Library().pairs()
    assert problems == []
    assert pairs[0].dark.id == DEFAULT
    names = [pair.dark.name for pair in pairs]
    assert len(names) == len(set(names))
    assert {"Solarized Dark", "Gruvbox Dark", "Catppuccin Mocha", "Nord"} <= set(names)


def test_the_users_own_theme_is_used(area, themes: Path):
    (themes / "mine.toml").write_text(MINE)
    (area.config / "window.toml").write_text('theme = "mine"\n')
    settings = load_preferences(area.config)
    assert settings.problems == ()
    assert settings.schemes.light.name == "Mine"  # It has no counterpart.
    assert [pair.dark.name for pair in Library.of(area.config).pairs()[0]].count("Mine") == 1


@pytest.mark.parametrize(
    ("broken", "line", "says"),
    [
        (MINE.replace("#eeeeee", "#eeeeeg"), 5, "foreground"),
        (MINE.replace('"#101010"', "7"), 6, "background"),
        (MINE.replace(f'"{COLORS[3]}", ', ""), 7, "15"),
        (MINE.replace("[terminal]", "[terminal"), 4, ""),
        (MINE + 'colour = "#ffffff"\n', 8, "colour"),
        (MINE.replace('foreground = "#eeeeee"\n', ""), 4, "foreground"),
        (MINE.replace('"dark"', '"dusk"'), 2, "appearance"),
        (MINE.replace('"dark"', '"dark"\npair = "nowhere"'), 0, "nowhere"),
    ],
)
def test_a_problem_in_a_theme_names_file_and_line_and_the_previous_theme_stays(
    area, themes: Path, broken: str, line: int, says: str
):
    (themes / "mine.toml").write_text(MINE)
    (area.config / "window.toml").write_text('theme = "mine"\n')
    settings = LiveSettings(area.config)
    reports: list[list[str]] = []
    settings.problems.connect(reports.append)
    previous = settings.preferences.pair
    (themes / "mine.toml").write_text(broken)
    settings.read_again()
    [[problem]] = reports
    assert problem.startswith(f"{themes / 'mine.toml'}:{line}: " if line else f"{themes / 'mine.toml'}: ")
    assert says in problem
    assert "\n" not in problem
    assert problem.endswith("The previous theme stays.")
    assert settings.preferences.pair == previous
    (themes / "mine.toml").write_text(MINE)
    settings.read_again()
    assert reports[1:] == [[]]


@pytest.mark.parametrize(
    ("name", "remedy"), [("no such", "choose one in Settings"), ("dark", 'use appearance = "dark"')]
)
def test_an_unknown_theme_is_reported_with_its_line(area, name: str, remedy: str):
    (area.config / "window.toml").write_text(f'# mine\n\ntheme = "{name}"\n')
    settings = load_preferences(area.config)
    problem = f"{area.config}/window.toml:3: there is no theme '{name}'; {remedy}. Using the default theme."
    assert settings.problems == (problem,)
    assert settings.schemes.dark.id == DEFAULT


def test_a_link_to_a_file_elsewhere_stays_a_link(area, tmp_path: Path):
    real = tmp_path / "dotfiles.toml"
    real.write_text("")
    path = area.config / "window.toml"
    path.symlink_to(real)
    write_values(path, {"theme": "nord"})
    assert path.is_symlink()
    assert real.read_text() == 'theme = "nord"\n'


KITTY = "\n".join(
    ["## name: My Kitty", "foreground #eee", "background #101010", "cursor none", "selection_background red"]
    + [f"color{index}   {color}" for index, color in enumerate(COLORS)]
)
GHOSTTY = "\n".join(
    ["# a comment", "background = 101010", "foreground=#eeeeee", "cursor-color = cell-foreground", "font-size = 12"]
    + [f"palette = {index}={color}" for index, color in enumerate(COLORS)]
)
ALACRITTY = (
    '[colors.primary]\nforeground = "0xeeeeee"\nbackground = "#101010"\n[colors.selection]\ntext = "CellForeground"\n'
    "[colors.normal]\n"
    + "\n".join(f'{name} = "{COLORS[index]}"' for index, name in enumerate(NAMES))
    + "\n[colors.bright]\n"
    + "\n".join(f'{name} = "{COLORS[index + 8]}"' for index, name in enumerate(NAMES))
)


def _decimal(color: str) -> str:
    return ",".join(str(int(color[at : at + 2], 16)) for at in (1, 3, 5))


KONSOLE = (
    "[General]\nDescription=My Konsole\n[Background]\nColor=16,16,16\n[Foreground]\nColor=238,238,238\n"
    + "".join(
        f"[Color{index % 8}{'Intense' if index > 7 else ''}]\nColor={_decimal(color)}\n"
        for index, color in enumerate(COLORS)
    )
)


@pytest.mark.parametrize(
    ("name", "text", "identifier"),
    [
        ("theme.conf", KITTY, "my-kitty"),
        ("Green Ghost", GHOSTTY, "green-ghost"),
        ("alac_ritty.toml", ALACRITTY, "alac-ritty"),
        ("x.colorscheme", KONSOLE, "my-konsole"),
        ("own.toml", MINE, "own"),
    ],
)
def test_a_theme_of_another_terminal_is_imported(area, tmp_path: Path, name: str, text: str, identifier: str):
    source = tmp_path / name
    source.write_text(text)
    assert import_theme(source, own_themes(area.config)) == identifier
    imported = read_theme(own_themes(area.config) / f"{identifier}.toml").terminal
    assert (imported.foreground.name(), imported.background.name()) == ("#eeeeee", "#101010")
    assert [color.name() for color in imported.palette] == COLORS
    assert imported.dark
    # A second theme with this name gets another file.
    assert import_theme(source, own_themes(area.config)) == f"{identifier}-2"


def test_includes_and_imports_are_followed(area, tmp_path: Path):
    (tmp_path / "theme.conf").write_text(KITTY)
    (tmp_path / "kitty.conf").write_text("font_size 11\ninclude theme.conf\n")
    (tmp_path / "theme.toml").write_text(ALACRITTY)
    (tmp_path / "alacritty.toml").write_text('[general]\nimport = ["theme.toml"]\n')
    assert import_theme(tmp_path / "kitty.conf", own_themes(area.config)) == "my-kitty"
    assert import_theme(tmp_path / "alacritty.toml", own_themes(area.config)) == "alacritty"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("theme.conf", KITTY.replace(COLORS[2], "#12"), ":8: '#12' is not a colour"),
        ("ghost", GHOSTTY.replace(f"3={COLORS[3]}", "3=beige-ish"), ":9: 'beige-ish' is not a colour"),
        ("a.toml", ALACRITTY.replace(f'"{COLORS[1]}"', '"reddish"'), ":8: 'reddish' is not a colour"),
        ("a.toml", "font = 3\n", ": no colours found"),
        ("x.colorscheme", KONSOLE.replace("Color=16,16,16", "Color=16,16,999"), ":3: '16,16,999' is not a colour"),
        ("x.colorscheme", "no sections\n", ": this is not a colour scheme of Konsole"),
        ("theme.conf", "\n".join(KITTY.splitlines()[:-1]), ": colour 15 missing"),
        ("shopping list", "milk\n", ": no theme of kitty, Alacritty (.toml), Ghostty or Konsole"),
    ],
)
def test_a_file_that_is_no_theme_is_refused_with_its_line(area, tmp_path: Path, name: str, text: str, says: str):
    source = tmp_path / name
    source.write_text(text)
    with pytest.raises(ConfigError) as refused:
        import_theme(source, own_themes(area.config))
    assert says in str(refused.value)
    assert str(source) in str(refused.value)
    assert not own_themes(area.config).exists()


@pytest.mark.parametrize(
    ("written", "color"),
    [
        ("#abc", "#aabbcc"),
        ("#AABBCC", "#aabbcc"),
        ("0xaabbcc", "#aabbcc"),
        ("aabbcc", "#aabbcc"),
        ("red", "#ff0000"),
        ("170, 187,204", "#aabbcc"),
        ("", ""),
        ("none", ""),
        ("#12345", ""),
        ("256,0,0", ""),
        ("transparent", ""),
    ],
)
def test_colours_are_read_in_the_notations_of_other_terminals(written: str, color: str):
    assert color_of(written) == color


def test_files_of_other_terminals_are_found(tmp_path: Path):
    for place in ("config/kitty/current-theme.conf", "config/ghostty/themes/Green", "data/konsole/a.colorscheme"):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    found = find_foreign_themes(tmp_path / "config", tmp_path / "data")
    assert [path.name for path in found] == ["current-theme.conf", "Green", "a.colorscheme"]

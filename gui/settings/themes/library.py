"""Finds themes: the user's own before those of ``resources/themes``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gui.settings.themes.theme_file import read_theme
from gui.theme.scheme import Scheme, SchemePair
from session_host.errors import ConfigError

RESOURCES = Path(__file__).parents[3] / "resources" / "themes"
DEFAULT = "outlive-dark"


def own_themes(config_dir: Path) -> Path:
    """The directory of the user's own themes."""
    return config_dir / "themes"


@dataclass(frozen=True)
class Library:
    """The directories of themes; of two themes with the same id, the one in the earlier directory is used.

    Attributes:
        directories: the directories with theme files.
    """

    directories: tuple[Path, ...] = (RESOURCES,)

    @classmethod
    def of(cls, config_dir: Path) -> Library:
        """The user's own themes and Outlive's."""
        return cls((own_themes(config_dir), RESOURCES))

    def __contains__(self, identifier: str) -> bool:
        return self._find(identifier) is not None

    def path(self, identifier: str) -> Path:
        """The file of a theme.

        Raises:
            ConfigError: there is none.
        """
        path = self._find(identifier)
        if path is None:
            raise ConfigError(f"there is no theme '{identifier}' in {self.directories[0]}")
        return path

    def _find(self, identifier: str) -> Path | None:
        if not re.fullmatch(r"[^/\\\0]{1,100}", identifier):
            return None
        paths = (directory / f"{identifier}.toml" for directory in self.directories)
        return next((path for path in paths if path.exists()), None)

    def scheme(self, identifier: str) -> Scheme:
        """A theme by its id.

        Raises:
            ConfigError: there is none, or its file cannot be read.
        """
        return read_theme(self.path(identifier))

    def pair(self, identifier: str) -> SchemePair:
        """A theme with its counterpart.

        Raises:
            ConfigError: one of the two does not exist, or its file cannot be read.
        """
        return self._with_counterpart(self.scheme(identifier))

    def _with_counterpart(self, chosen: Scheme) -> SchemePair:
        if not chosen.pair:
            return SchemePair(chosen, chosen)
        if chosen.pair not in self:
            raise ConfigError(f"{self.path(chosen.id)}: its pair '{chosen.pair}' does not exist")
        other = self.scheme(chosen.pair)
        if other.dark == chosen.dark:
            kind = "dark" if chosen.dark else "light"
            raise ConfigError(f"{self.path(chosen.id)}: both '{chosen.id}' and its pair '{other.id}' are {kind}")
        return SchemePair(chosen, other) if chosen.dark else SchemePair(other, chosen)

    def pairs(self) -> tuple[list[SchemePair], list[str]]:
        """All themes, each with its counterpart: Outlive's own first, then by name.

        Returns:
            The themes, and one line for each file that cannot be read.
        """
        found: dict[str, SchemePair] = {}
        problems: list[str] = []
        for identifier in self.ids():
            try:
                scheme = self.scheme(identifier)
                pair = self._with_counterpart(scheme)
            except ConfigError as error:
                problems.append(str(error))
                continue
            # Two files that name each other are listed once; a user's file may name any theme as its counterpart.
            is_mutual = pair.dark.pair == pair.light.id and pair.light.pair == pair.dark.id
            found.setdefault(min(pair.dark.id, pair.light.id) if is_mutual else identifier, pair)
        ordered = sorted(found, key=lambda each: (each != DEFAULT, found[each].dark.name.casefold()))
        return [found[each] for each in ordered], problems

    def ids(self) -> list[str]:
        """The ids of all themes."""
        found: dict[str, None] = {}
        for directory in self.directories:
            try:
                names = sorted(path.stem for path in directory.iterdir() if path.suffix == ".toml")
            except OSError:
                continue  # The user has no themes of their own.
            found |= dict.fromkeys(names)
        return list(found)

"""Prints the package's copyright file: the licences of Outlive and of all packages in its environment.

``copyright.py CLONE SITE_PACKAGES``
"""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

_LINE = "-" * 79
_COMMON = {
    "TERMS AND CONDITIONS FOR USE, REPRODUCTION": "Apache-2.0",
    "GNU LESSER GENERAL PUBLIC LICENSE": "LGPL-3",
    "GNU GENERAL PUBLIC LICENSE": "GPL-3",
}
"""What a licence contains that each Debian has in ``/usr/share/common-licenses``."""


def main() -> None:
    """Print the texts."""
    root, packages = Path(sys.argv[1]), sys.argv[2]
    print("Outlive\n")
    print((root / "LICENSE").read_text("utf-8"))
    print((root / "NOTICES.md").read_text("utf-8"))
    print("The packages below /usr/lib/outlive, each with its licence:\n")
    found = sorted(distributions(path=[packages]), key=lambda each: each.name.lower())
    for each in found:
        if each.name == "outlive":
            continue
        print(f"{_LINE}\n{each.name} {each.version}: {_licence(each)}\n{_authors(each)}")
        for path in each.files or ():
            if "dist-info" in str(path) and any(word in path.name.upper() for word in ("LICEN", "COPYING", "NOTICE")):
                print(f"\n{_text(Path(str(each.locate_file(path))))}")


def _text(path: Path) -> str:
    text = path.read_text("utf-8", errors="replace")
    common = next((name for words, name in _COMMON.items() if words in text), "")
    return f"{path.name}: /usr/share/common-licenses/{common}\n" if common else text


def _licence(package: Distribution) -> str:
    data = package.metadata
    classified = [each.rpartition(" :: ")[2] for each in data.get_all("Classifier") or () if "License ::" in each]
    named = data["License-Expression"] or ", ".join(classified) or (data["License"] or "see NOTICES above")
    return " ".join(named.split())[:200]


def _authors(package: Distribution) -> str:
    data = package.metadata
    names = [" ".join(data[each].split()) for each in ("Author", "Author-email", "Home-page") if data[each]]
    addresses = [each for each in data.get_all("Project-URL") or () if "ource" in each or "ome" in each]
    return "; ".join(names + addresses[:1])


if __name__ == "__main__":
    main()

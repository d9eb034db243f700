"""Opens the installed window, each of its sheets and other pages, and closes it: ``every_sheet.py``, on a display.

Imports every module of the window before: a library of Qt that the package lacks ends it with a traceback.
"""

from __future__ import annotations

import asyncio
import pkgutil
import sys
from functools import cached_property
from importlib import import_module
from typing import Any

import gui
from gui import __main__ as window
from gui.window.sheets.sheet import Sheet
from session_host.system.installation import missing_modules


async def _try_all(app: Any, run: Any) -> int:
    """Run the window, and open what it has."""
    running = asyncio.ensure_future(run(app))
    while not app.windows.is_any_visible:  # noqa: ASYNC110 - the window says it in no other way
        await asyncio.sleep(0.05)
    sheets, tried = app.window.sheets, list[str]()
    for name, value in vars(type(sheets)).items():
        if isinstance(value, cached_property):
            made = getattr(sheets, name)
            for sheet in [made] if isinstance(made, Sheet) else [made.sheet, made.recorded]:
                sheet.open()
                await asyncio.sleep(0.1)
                sheet.dismiss()
            tried.append(name)
    for opener in (app.windows.tab_pages.settings, app.windows.tab_pages.guide):
        opened = opener.open()
        await asyncio.sleep(0.1)
        opened.close()
    print("opened", len(tried), "sheets:", ", ".join(tried), flush=True)
    app.quit()
    return int(await running)


def main() -> int:
    """Return the window's exit code."""
    assert not missing_modules("window") + missing_modules("web")
    for module in pkgutil.walk_packages(gui.__path__, "gui."):
        import_module(module.name)
    from gui.app import App

    run = App.run
    App.run = lambda app: _try_all(app, run)  # type: ignore[method-assign, assignment]
    return window.main([])


if __name__ == "__main__":
    sys.exit(main())

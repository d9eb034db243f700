"""Texts of the other sheets: status details, export, rename, search, send, error output."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

translate = QCoreApplication.translate


def status_details() -> str:
    return translate("sheet", "Status details")


def latest_reports() -> str:
    return translate("sheet", "Latest reports")


def history() -> str:
    return translate("sheet", "History")


def status_of(name: str) -> str:
    return translate("sheet", "Status of {name}").format(name=name)


def no_reports() -> str:
    return translate("sheet", "No reports yet")


def loading() -> str:
    return translate("sheet", "Loading…")


def no_changes() -> str:
    return translate("sheet", "No changes")


def no_changes_yet() -> str:
    return translate("sheet", "No changes yet")


def overridden() -> str:
    return translate("sheet", "Overridden by a more reliable source")


def cannot_load_status(error: object) -> str:
    return translate("sheet", "Can’t load the status: {error}").format(error=error)


def export_chat() -> str:
    return translate("sheet", "Export chat")


def choose_file() -> str:
    return translate("sheet", "Choose a file")


def file() -> str:
    return translate("sheet", "File")


def plays_in_asciinema() -> str:
    return translate("sheet", "plays in asciinema")


def export_() -> str:
    return translate("sheet", "Export")


def format_(kind: str) -> str:
    return translate("sheet", "Format: {kind}").format(kind=kind)


def format_label() -> str:
    return translate("sheet", "Format")


def replace() -> str:
    return translate("sheet", "Replace")


def enter_file_name() -> str:
    return translate("sheet", "Enter a file name")


def no_such_folder(folder: object) -> str:
    return translate("sheet", "The directory {folder} doesn’t exist").format(folder=folder)


def replace_file(path: object) -> str:
    return translate("sheet", "{path} already exists. Replace it?").format(path=path)


def rename_chat() -> str:
    return translate("sheet", "Rename chat")


def rename() -> str:
    return translate("sheet", "Rename")


def error_output_of(name: str) -> str:
    return translate("sheet", "Error output of {name}").format(name=name)


def last_kib(size: int) -> str:
    return translate("sheet", "Last {size} KiB").format(size=size)


def no_error_output() -> str:
    return translate("sheet", "No error output")


def cannot_read_errors(reason: object) -> str:
    return translate("sheet", "Can’t read the error output: {reason}").format(reason=reason)


def recorded_text() -> str:
    return translate("sheet", "Recorded text")


def recording_of(name: str) -> str:
    return translate("sheet", "Recording of {name}").format(name=name)


def recorded_hint() -> str:
    return translate("sheet", "This line is no longer in the terminal’s history. The recording around it:")


def search_all_chats() -> str:
    return translate("sheet", "Search all chats")


def search_hint() -> str:
    return translate("sheet", "Words, and where or when: an agent, a project, “last week”")


def results() -> str:
    return translate("sheet", "Results")


def newest_lines(count: int) -> str:
    return translate("sheet", "Newest {count} lines").format(count=count)


def send_text() -> str:
    return translate("sheet", "Send text")


def choose_chat() -> str:
    return translate("sheet", "Choose a chat")


def text() -> str:
    return translate("sheet", "Text")


def text_to_send() -> str:
    return translate("sheet", "Text to send")


def send_hint() -> str:
    return translate("sheet", "Ctrl+Enter sends the text followed by Enter")


def show_chat() -> str:
    return translate("sheet", "Show chat")


def send_anyway() -> str:
    return translate("sheet", "Send anyway")


def send() -> str:
    return translate("sheet", "Send")


def send_to_chat(name: str, mark: object) -> str:
    return translate("sheet", "Send to {name} ({mark}). Choose another chat").format(name=name, mark=mark)


def several_chats(count: int) -> str:
    return translate("sheet", "{count} chats").format(count=count)


def send_to_several(count: int, names: str) -> str:
    return translate("sheet", "Send to {count} chats ({names}). Choose the chats").format(count=count, names=names)


def choose_chats() -> str:
    return translate("sheet", "Choose the chats")


def choose_another_chat() -> str:
    return translate("sheet", "Choose another chat")


def send_to() -> str:
    return translate("sheet", "Send to")


def sending() -> str:
    return translate("sheet", "Sending…")


def text_might_answer(name: str, reason: object) -> str:
    return translate("sheet", "Not sent to {name}: {reason}. Your text might answer the question").format(
        name=name, reason=reason
    )


def cannot_send(name: str, reason: object) -> str:
    return translate("sheet", "Can’t send to {name}: {reason}").format(name=name, reason=reason)


def lines(count: int) -> str:
    return translate("sheet", "%n line(s)", "", count)


def indexed(done: int, total: int) -> str:
    return translate("sheet", "{done} of {total} chats are indexed").format(done=f"{done:,}", total=f"{total:,}")


def so_far(lines: str, indexed: str) -> str:
    return translate("sheet", "{lines} so far · {indexed}").format(lines=lines, indexed=indexed)


def more_in_this_chat(count: int, *, is_counted: bool) -> str:
    number = f"{count:,}" if is_counted else f"{count:,}+"
    return translate("sheet", "+{count} in this chat").format(count=number)


def in_chat(name: str, lines: str) -> str:
    return translate("sheet", "In {name}: {lines} · Esc: all chats").format(name=name, lines=lines)


def import_() -> str:
    return translate("sheet", "Import")


def kinds_of_themes() -> str:
    return translate("sheet", "A theme of kitty (.conf), Alacritty (.toml), Ghostty or Konsole (.colorscheme)")


def form(suffix: str) -> str:
    return translate("sheet", str(FORMS[suffix]))


FORMS = {
    ".html": QT_TRANSLATE_NOOP("sheet", "Page"),
    ".txt": QT_TRANSLATE_NOOP("sheet", "Text"),
    ".cast": QT_TRANSLATE_NOOP("sheet", "Recording"),
    ".md": QT_TRANSLATE_NOOP("sheet", "Markdown"),
    ".json": QT_TRANSLATE_NOOP("sheet", "JSON"),
}
"""The titles of the export formats, by the file name's ending."""

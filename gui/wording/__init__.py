"""The window's texts, and how it groups and orders chats. No widgets.

Each text is a ``Text`` in a ``…_texts`` module, whole and in English; a call returns it in the user's language:
``page_texts.COPY_LINK()``. Callers never join pieces of text; functions beside the texts choose among them.
``lupdate`` finds them all; both plural forms of a text with a number are in ``resources/translations/outlive_en.ts``.
Errors of ``session_host`` are always in English.
"""

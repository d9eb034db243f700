"""The window's texts, and how it groups and orders chats. No widgets.

Each text is a ``Text`` in a ``…_texts`` module, whole and in English; a call returns it with its fields filled in:
``page_texts.COPY_LINK()``. Callers never join pieces of text; functions beside the texts choose among them.
"""

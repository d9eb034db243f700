"""The window's texts, and how it groups and orders chats. No widgets.

Each text is a function in a ``…_texts`` module. The function returns the whole text in the user's language; callers
never join pieces of text. ``lupdate`` finds the English text in the call of ``translate``; both plural forms are in
``resources/translations/outlive_en.ts``. Errors of ``session_host`` are always in English.
"""

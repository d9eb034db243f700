"""The window's texts, and how it groups and orders chats. No widgets.

Each text is a function of the ``…_texts`` modules that returns it whole, in the user's language: callers never join
pieces. ``translate`` has the English text, which ``lupdate`` finds; plurals have both forms in
``resources/translations/outlive_en.ts``. Errors of ``session_host`` are English everywhere.

action_texts      key table, menus, command palette
common_texts      buttons and names of fields that recur
new_chat_texts    the sheet New chat
notice_texts      banners, desktop notifications, tray
page_texts        a chat's page: terminal, bars, questions
sheet_texts       the other sheets: status details, export, rename, search, send, error output
window_texts      sidebar, tabs, status line, the page without a chat
phrases           how long ago, where, how a chat ended
activity_phrases  what an agent does, and how that is known
explanation       an Explanation as rows of words
second_lines      what tells apart chats of the same name
groups            a chat's group in the sidebar, its mark, and the order
translation       loads the translation
"""

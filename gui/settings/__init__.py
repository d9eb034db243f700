"""The user's settings files, and the window's saved layout.

Two kinds, kept apart: the user's own files in the configuration directory, which are read and
never written (preferences), and the window's layout, which is written at each change and lives in
the store (layout). This room knows neither widgets nor chats; ids of chats are words to it.
"""

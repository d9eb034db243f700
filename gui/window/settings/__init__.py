"""The settings: pages made from the table of settings, and pages for keys and agents.

It must not know chats, tabs or the main window; ``context`` has values and functions of them.
"""

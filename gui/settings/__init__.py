"""The user's settings files, and the window's saved layout.

    preferences        reads the user's own files in the configuration directory
    saved_prompts      the user's saved prompts, in Markdown files
    text_keys          the user's keys that type a text
    live               the current settings: reads the files again when they change
    table              all settings, one entry each; the settings window is made from it
    kinds              the kinds of values in that table
    reading            single values of a file, each with its own problem
    live_agents        the agent catalog, read again when the user's files of agents change
    writing            writes the user's files, with comments and order kept
    autostart          the file that makes the desktop start Outlive at login
    themes/            themes in files, and the import of other terminals' themes
    endpoint_defaults  the defaults of New chat for a model server
    layout             the window's layout: saved in the store at each change
    saved_window       the saved form of windows and panes
    review_comment     the saved form of a comment on a change
    pane_tree          the arrangement of the panes in a window

This package must not know widgets or chats; ids of chats are only strings here.
"""

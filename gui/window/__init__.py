"""The main window and everything in it.

The window shows the state of ``gui.bridge``, and turns the user's actions into calls of it and of ``gui.terminal``.
It must not know hosts or the store, which the bridge hides.

    main_window      combines the parts below
    frame            the geometry, and the width of the sidebar
    announcing       announces questions and ends of the viewed chat to screen readers
    chat_notices     banners about chats: problems, notices
    all_sheets       all sheets of the window, each created when it is first used
    sidebar/         all chats by group
    windows          all windows: opened, closed, and tabs moved between them
    cascade          the position of a new window beside the others
    display_scale    draws all windows anew when a display's scale changes (Wayland)
    saving           saves a window's part of the layout
    other_windows    the interface to the other windows
    panes/           the panes of a window: split, arranged, maximised
    tabs/            the open chats of a pane, their order, and the visible one
    page/            one open chat: the terminal, with bars and banners for each state
    actions/         the user's actions: keys, menus, the palette, actions on chats
    sheets/          sheets over the window, at most one of them open
    settings/        the settings window
    guide/           the guide window
    changes/         the window with the changes of a chat's directory
    separate_windows  opens the windows without chats: settings, guide, changes
    new_chat/        the sheet that starts a chat
    search/          searches all chats
    remote_control/  the window's socket: commands, and a second start
    widgets/         small widgets that several parts use
"""

"""The main window and everything in it.

It shows what ``gui.bridge`` knows and turns what the user does into that room's verbs and the
terminal's. It must not know hosts or the store: those stay behind the bridge.

    main_window      puts the rooms below side by side
    all_sheets       all sheets of the window, each made once
    sidebar/         all chats by group
    tabs/            the open chats, their order, and the one that is shown
    page/            one open chat: the terminal, and what stands around it in each state
    actions/         what can be done: keys, menus, the palette, verbs on chats
    sheets/          sheets over the window, of which one at most is open
    new_chat/        the sheet that starts a chat
    search/          searching all chats
    remote_control/  the window's socket: commands, and a second start
    widgets/         small widgets that several rooms use
"""

"""The main window and everything in it.

It shows what ``gui.sessions`` knows and turns what the user does into that room's verbs and the
terminal's. It must not know sockets, messages or the record: those stay behind the bridge. It is
reached from outside by one socket of its own (``control``), by which commands talk to the open
window and a second start raises the first.

    main_window   puts the pieces below side by side
    tabs          which chats are open, in what order, which one is shown
    actions       what can be done, for keys, menus and the palette alike
    keys          the table of keys
    sidebar       all chats by group; its list's model and painting beside it
    tab_bar       the row of open chats
    chat_menu     what can be done with one chat
    page_wiring   what a page asks of the window
    chat_page     one open chat: the terminal and what stands around it in each state
    end_bar       what can be done with a chat that is over; resuming does it
    new_chat      the sheet that starts a chat; its fields and what is wanted beside it
    directory_browser  choosing a directory from lists
    export_sheet  the file and format that a chat is exported to
    output_sheet  what a chat wrote to its standard error
    explain_sheet what stands behind a chat's state
    chooser       the palette and the switcher
    sheets        all of them
    searching     text in all chats: its sheet, what was recorded, the way to the place
    question      what is asked over a page, or over the window
    banners       one quiet line over the page, with one action
    empty_state   what is shown while no tab is open
    status_line   one quiet line on the chat that is shown
    control       the socket's server
    instance      one window for each user
"""

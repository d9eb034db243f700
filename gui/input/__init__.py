"""Qt's input events as the protocol's typed values.

Its one reason: everything that depends on Qt's or a window system's way to report keys, buttons
and composed text is in here. It must not know of widgets, emulators or sessions.

    keys        QKeyEvent → a key's name, text, modifiers and action
    layouts     what a key types unshifted, and its Latin letter on any layout
    mouse       QMouseEvent's buttons and modifiers, and the wheel's deltas in steps
    composing   the text of an input method that is not committed yet
    shortcuts   which key combinations belong to the window, not to the program
"""

"""Converts Qt's input events to the protocol's typed values.

This package has everything that depends on how Qt or a window system reports keys, buttons and composed text. It must
not know widgets, emulators or sessions.

    keys          QKeyEvent → a key's name, text, modifiers and action
    layouts       a key's unshifted character, and its Latin letter on any layout
    latin_keys    shortcuts on keyboards without Latin letters
    mouse         the buttons of Qt's mouse events, and the wheel's deltas as whole steps
    activation    the desktop's permission to bring a window to the front (Wayland)
    answer_keys   the keys that answer an agent's request
    composing     the uncommitted text of an input method
    earlier_keys  keeps the order of keys and composed text
    input_methods lets Qt reach fcitx
    drag_formats  the format of dragged chats
    dropping      accepts drops
    copied_files  the names of copied or dragged files, quoted
    draft         an unsent prompt, and the text of its field
    shortcuts     the key combinations that belong to the window, not to the program
"""

"""Themes in files: those of ``resources/themes``, the user's own, and those of other terminals.

    theme_file   one theme: its format, read and written
    library      finds themes by name, and lists them
    foreign      reads a theme of another terminal: kitty, alacritty, ghostty, konsole
    formats/     their formats

It must not know widgets; the colours that a file leaves out come from ``gui.theme.derive``.
"""

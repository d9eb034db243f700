"""Colours, measures, marks, icons and small controls of the window, dark and light.

Every colour, size, mark and icon comes from here, so that each theme is consistent and keeps its contrast. It knows no
sessions, no parts of the window and no settings; ``gui.settings.theme_files`` reads the files of themes.
"""

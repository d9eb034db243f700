"""The formats in which other terminals keep their themes; each file reads one.

    found        the colours that were found, and the errors
    kitty        ``colour0 #…`` lines, with includes
    alacritty    TOML, with imports
    ghostty      ``palette = 0=#…`` lines
    konsole      INI with decimal colours

It must not know where Outlive's own themes are.
"""

"""The icon in the desktop's tray and its menu: each running chat one click away.

It shows what ``gui.sessions`` knows and says by signals what was chosen. It must not know the
window: the window may be hidden, or be gone, while the tray is there.
"""

"""The tray icon with its menu, and desktop notifications.

It shows what ``gui.bridge`` knows and says by signals what was chosen. It must not know the
window: the window may be hidden, or be gone, while the tray is there.

    tray                   the icon and its menu: each running chat one click away
    notifier               when the user is told that a chat needs them
    command_ends           when the user is told that a shell's long command has ended
    questions              questions that can be answered from a notification
    desktop_notifications  notifications over the desktop's own service
"""

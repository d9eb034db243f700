"""The tray icon with its menu, and desktop notifications.

It shows what ``gui.bridge`` knows and says by signals what was chosen. It must not know the
window: the window may be hidden, or be gone, while the tray is there.

    tray                   the icon and its menu: each running chat one click away
    events                 what happens in chats that a user may want to hear of
    notifier               shows notifications of events, and withdraws them
    bells                  what a program's bell does
    waiting                waits for the desktop's tray when Outlive starts at login
    questions              questions that can be answered from a notification
    desktop_notifications  notifications over the desktop's own service
"""

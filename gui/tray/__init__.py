"""The tray icon with its menu, and desktop notifications.

It shows the state of ``gui.bridge`` and emits signals for the user's choices. It must not know the
window: the tray exists also while the window is hidden.

    tray                   the icon and its menu: each running chat one click away
    changing_actions       the menu's entries that change; a click on one that was read before still works
    events                 events of chats that may need a notification
    notifier               shows notifications of events, and withdraws them
    notify_command         runs the user's command for each notification
    bells                  effects of a program's bell
    waiting                waits for the desktop's tray when Outlive starts at login
    questions              questions that can be answered from a notification
    desktop_notifications  notifications over the desktop's own service
    shown_notifications    the file by which the next window withdraws those of a killed one
"""

"""The operating system: time, event loop, logs, locks, processes, systemd.

This package does not know emulators or windows. Of sessions it knows what marks their processes: variables of their
environment (``processes.process_tree``), which chats an agent may control, and the setting for that in ``chats.toml``
(``processes.permission``).
"""

"""Places and removes files in users' working trees; the only code that does.

This package knows files, directories and mounts. It must not know git, restore points, chats or their processes: the
caller says what is to be placed or removed, and what else must be looked at before.
"""

"""The page with the changes of a chat's directory: what changed since when, comments on it, and its restore.

This package must not know git; ``ChangesReader`` of the bridge asks it. It must not know chats' pages either; a
``CommentReceiver`` gets the comments.
"""

"""Find in a chat: the query, its matches in a line, and the interface between the find bar and the pages.

``query`` finds a query in a text, ``finder`` is the interface that each kind of page implements. This package must not
know terminals, transcripts or widgets.
"""

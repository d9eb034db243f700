"""Search: the find bar's query, its matches, its interface to the pages; and fuzzy matching.

``query`` finds a query in a text, ``finder`` is the interface that each kind of page implements, ``fuzzy_match``
matches a text with a few typed letters as fzf does, and ``ranking`` finds the best of many texts. This package must not
know terminals, transcripts or widgets.
"""

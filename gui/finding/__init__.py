"""Search: the find bar's query, its matches, its interface to the pages; and fuzzy matching.

``query`` finds a query in a text, ``finder`` is the interface that each kind of page implements, ``fuzzy_match`` ranks
texts by a few typed letters as fzf does. This package must not know terminals, transcripts or widgets.
"""

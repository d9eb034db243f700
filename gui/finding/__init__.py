"""Search in texts: a query and its matches, fuzzy matching, and the interface that each kind of page implements.

This package must not know terminals, transcripts or widgets.
"""

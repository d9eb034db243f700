"""The page of a transcript: finds what is visible among any number of items, paints it and scrolls."""

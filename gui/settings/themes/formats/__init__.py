"""The formats in which other terminals keep their themes; each file reads one.

It must not know where Outlive's own themes are.
"""

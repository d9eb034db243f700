"""Segments laid out in Qt's text layouts, and painted. Knows no items and no scrolling.

style       fonts, formats and colours
segment_layout  the layout of a segment: boxes of text, controls, positions
lay_out     lays out a segment of any kind; guesses heights
prose       paragraphs, lists, rules, tables
code_block  code and output
diffs       diffs in one or two columns
lines       tool calls, quiet lines, plans; pictures with their limits
"""

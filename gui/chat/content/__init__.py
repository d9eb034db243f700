"""Items of a transcript as segments: values that are laid out, searched and copied one by one. No widgets.

segments      the kinds of segments
items         an item as segments: folded or unfolded, shortened or complete
summary       the plan and the changed files of a transcript
markdown      markdown as segments; a growing text is parsed again only at its end
blocks        the blocks of a markdown text as segments
tables        the columns of a table in several segments
ansi          output with colours; misleading characters made visible
diff_files    reads unified diffs: files, hunks, lines with numbers
patches       changes of files as segments; lines in pairs
highlighting  the colours of code
file_names    the names of files in a segment's text
copying       segments as plain text and as markdown
"""

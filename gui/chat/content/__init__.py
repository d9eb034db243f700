"""Items of a transcript as segments: values that are laid out, searched and copied one by one. No widgets.

segments      the kinds of segments
items         an item as segments: folded or not, cut or whole
markdown      markdown as segments, read again only at its end
ansi          output with colours; characters that mislead made visible
diff_files    unified diffs read: files, hunks, lines with numbers
patches       changes of files as segments; lines in pairs
highlighting  the colours of code
copying       segments as plain text and as markdown
"""

"""Small widgets that several rooms of the window use.

parts            labels, buttons, icons, lines
flow_layout      a row of controls that wraps
plain_lines      lines to be read and copied
result_list      the results below a field, of which one is marked
fuzzy_match      fuzzy matching as fzf does it
accessibility    accessible roles for screen readers
prompt_field     a field for a text of several lines
directory_field  a field for a directory, with completion
"""

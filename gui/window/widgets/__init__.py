"""Small widgets that several parts of the window use.

parts            labels, buttons, icons, lines
plain_lines      lines for reading and copying
result_list      the results below a field, one of them marked
page_list        a search field above a list of pages
paged_window     a window with a list of pages on the left
text_window      such a window with a page of text on the right
accessibility    accessible roles for screen readers
raising          a window comes to the front, also from another desktop
activating_clicks  the click that activates a window or a pane has no other effect
composed_text    composed text stays in the field in which it was begun
prompt_field     a field for several lines of text
picture_view     a picture that fits into its area, or is zoomed and moved
directory_field  a field for a directory, with completion
choice_box       a box with choices
keys_ahead       keys that are typed into a chat that is being started
"""

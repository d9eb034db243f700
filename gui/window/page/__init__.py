"""One open chat: its view, and the parts around it in each state.

chat_page    a tab's content: a view, and the parts around it
terminal_page  the page of a chat in a terminal
structured_page  the page of a structured chat
page_view    the methods of a page's parts that the window's actions call
find_bar     the bar that finds a text in the chat
waiting      starting, reconnecting, no answer
state_bars   the lines and texts of these, and of a problem
broadcast_mark  marks a page that gets what is typed in other panes
end_bar      the bar under the last screen of an ended chat
banners      one quiet line over the page, with one action
typed_area_watcher  moves notices away from the text that the user types
empty_state  the page without an open tab
status_line  one quiet line about the shown chat
"""

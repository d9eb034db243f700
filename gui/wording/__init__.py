"""How chats are worded, grouped and ordered in the window. Pure.

phrases           how long ago, where, how a chat ended
activity_phrases  what an agent does, and how that is known
explanation       an Explanation as rows of words
second_lines      what tells apart chats of the same name
groups            a chat's group in the sidebar, its mark, and the order
"""

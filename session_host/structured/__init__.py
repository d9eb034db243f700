"""Chats without a terminal: the agent's protocol has JSON lines, and a transcript takes the place of the screen. Pure.

A step has one cause, such as a line of the agent, a prompt, an answer or a timer. It leads to changes of the transcript
and to bytes for the agent. The same causes lead to the same steps, so a new host repeats the causes after the last
checkpoint, and has the state of the previous one.
"""

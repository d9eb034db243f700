"""Chats without a terminal: an agent speaks a protocol of JSON lines, and a transcript takes the screen's place. Pure.

    items        the vocabulary: items of a transcript, requests of the agent, and their changes
    engine       a transcript in the place of an emulator
    transcript   the transcript: built from changes, by the host and by each viewer alike
    log          the transcript log: the session's output, a record for each step
    former_items the items with which a chat begins that goes on from another one
    rules        what prompts, answers and the agent's lines lead to, whatever the agent speaks
    digest       the digest of a request, to which an answer is bound
    first_answer which answer to a request counts
    acts         work outside of the chat that a dialect asks its host for
    pending_acts  acts without a result yet
    step         all that one cause leads to
    state        the state of ``rules`` that survives the host
    lines        the agent's output as lines of bounded length
    text         a transcript as lines of text: peek, search, attach, text files
    text_line    one line of text: cleaned, wrapped
    markdown     a transcript as Markdown
    screen       a transcript in the place of a terminal's screen
    dialects/    one translator for each agent's protocol

A step has one cause, such as a line of the agent, a prompt, an answer or a timer. It leads to changes of the transcript
and to bytes for the agent. The same causes lead to the same steps, so a new host repeats the causes after the last
checkpoint, and has the state of the former one.
"""

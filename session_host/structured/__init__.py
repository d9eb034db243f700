"""Chats without a terminal: the agent's protocol has JSON lines, and a transcript takes the place of the screen. Pure.

    items        the vocabulary: items of a transcript, requests of the agent, and their changes
    engine       a transcript in the place of an emulator
    transcript   the transcript: the host and each viewer build it from changes
    log          the transcript log: the session's output, a record for each step
    copied_items the first items of a resumed or forked chat
    rules        the rules of prompts, answers and turns, the same for all protocols
    digest       the digest of a request, to which an answer is bound
    first_answer accepts the first answer to a request, refuses later ones
    operations   work outside of the chat that a dialect asks its host for
    pending_operations  operations without a result yet
    step         the result of one cause
    step_collector  collects it while a dialect and the rules handle the cause
    state        the state of ``rules`` that survives the host
    lines        splits the agent's output into lines of limited length
    text         a transcript as lines of text: peek, search, attach, text files
    text_line    one line of text: cleaned, wrapped
    shortening   commands and rules in the form that people read
    markdown     a transcript as Markdown
    formulas     rules for reading Markdown that leave formulas as they were written
    line_breaks  a rule for reading Markdown that takes <br> for a line break
    mentions     the files that a prompt mentions
    screen       a transcript in the place of a terminal's screen
    dialects/    one translator for each agent's protocol

A step has one cause, such as a line of the agent, a prompt, an answer or a timer. It leads to changes of the transcript
and to bytes for the agent. The same causes lead to the same steps, so a new host repeats the causes after the last
checkpoint, and has the state of the previous one.
"""

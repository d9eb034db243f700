"""The view of a structured chat: shows a transcript and takes prompts, answers and settings.

This package knows a ``Transcript`` (`session_host.structured`) and no hosts, sockets, tabs or settings files. It
reports by Qt signals what the user wants. Nothing that an agent sends is loaded from the network or the file system.

    view           the transcript and the prompt box together
    finder         finds text in the transcript
    turns          going from prompt to prompt, and the answer to a prompt
    prompt_heading  shows the prompt above its answer, once it is out of view
    summary_strip  the plan and the changed files, above the prompt
    announcing     announces finished messages to screen readers
    limits         the limits of the subscription that count at present
    content/       items as segments: markdown, code, diffs, output; no widgets
    drawing/       segments laid out and painted
    page/          the page that scrolls: which segments are visible, selection, requests, search
    prompt/        the prompt box: field, history, completion, images, settings
"""

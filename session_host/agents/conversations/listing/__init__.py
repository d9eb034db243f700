"""Lists the conversations that agents keep on the disk, also those that were begun outside of Outlive.

One module for each agent, under the name that the catalog gives as ``store``. They only read, and only a part of each
file: an agent may have thousands of transcripts, each of many megabytes.

    base      a listed conversation, and the protocol of listers
    files     lists agents with a file for each conversation, the newest first
    ends      the first and the last records of a file
    registry  the table of listers, by the names in the catalog
    claude    Claude Code
    codex     Codex
    copilot   Copilot CLI
    gemini    Gemini CLI
    opencode  opencode: all conversations in one SQLite file
    qwen      Qwen Code
"""

"""The conversations in agents' own files: whether one can be resumed, and which processes have it open.

One module for each agent, under the name that the catalog gives as ``store``. They read the agents' own files, and only
``gemini_guard`` writes to them. This package must not know sessions or hosts.

    base           base types for looking up an agent's conversations
    transcript_files finds files of conversations by the ends of their names, and texts in them
    turns          prompts and answers, put together from texts; pure
    backwards      reads an agent's record from its end
    registry       the table of conversation stores, by the names in the catalog
    claude         Claude Code: a transcript for each conversation, a file for each running process
    codex          Codex: a rollout for each thread, with a lock while a process has it open
    copilot        Copilot CLI: a directory for each conversation, with a file for each process that has it open
    gemini         Gemini CLI: transcripts by project, which it may delete by itself
    gemini_answers reads the texts of Gemini CLI's transcripts
    gemini_guard   keeps a running chat's transcript from being deleted by another Gemini CLI
    gemini_turns   finds Gemini CLI's current conversation by the transcripts written in its turns; pure
    opencode       opencode: all conversations in one SQLite file
    qwen           Qwen Code: a transcript for each conversation, a file for each process
    own_files      conversations in Outlive's own files: aider's, and those with model servers
    earlier_items  messages of an earlier conversation for a structured chat whose agent does not repeat them
    fork_points    the last message or turn that a fork before a prompt keeps
    listing        lists all conversations of an agent, the newest first
    process_files  files of running processes, left behind by killed ones
"""

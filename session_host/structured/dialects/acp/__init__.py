"""The dialect of the Agent Client Protocol, version 1 (https://agentclientprotocol.com). Pure."""

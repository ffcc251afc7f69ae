"""The command line: the same verbs as in the chat, and everything that an operator needs besides."""

"""The VOS command line of a node: SSH server, terminal and commands."""

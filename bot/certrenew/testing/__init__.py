"""The test kit for plugin authors: a cluster and an authority in memory, a whole bot, and contract classes."""

"""The Slack adapter: cards, threads, buttons and the socket they come through."""

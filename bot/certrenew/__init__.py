"""A chat bot that renews CA-signed certificates on Cisco Unified Communications Manager clusters."""

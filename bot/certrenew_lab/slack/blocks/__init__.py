"""The checker of everything the app shows: blocks, messages and views, as strict as Slack."""

"""Names that are stored with workflows in flight: changing one strands them."""

APPLICATION = "certrenew"
VERSION = "interpreter-1"  # a constant: a library upgrade must not strand what waits
WORKFLOW = "renew"
QUEUE = "renewals"
TOPIC = "wake"

"""A Cisco cluster, a certificate authority and a Slack workspace on loopback, for demonstrations and tests."""

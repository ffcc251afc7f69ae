"""Durable execution on DBOS Transact; what must never be wrong is in the store."""

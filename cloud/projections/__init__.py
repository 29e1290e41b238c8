"""Runs what is derived from the event log: incrementally, idempotently, rebuildably."""

"""Tells other systems of changes: signed HTTP requests, sent until they are taken."""

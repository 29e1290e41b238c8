"""Brings a member base in: checks it, makes identifiers pseudonyms, tells what would happen, and sends it."""

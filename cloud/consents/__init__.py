"""Consent per identifier and purpose, append-only."""

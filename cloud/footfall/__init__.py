"""Crossings, coverage and occupancy."""

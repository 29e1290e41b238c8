"""Merges anonymous visits and member touches into unified profiles and serves headquarters."""

"""Headquarters' figures: one catalogue of metrics, rollups that follow every correction, and the API over both."""

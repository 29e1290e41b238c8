"""Visits as the gateways know them, highest revision first."""

"""Stores, their devices and their reconciliation."""

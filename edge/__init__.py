"""Agents on store devices: cameras, scan-code terminals and POS taps."""

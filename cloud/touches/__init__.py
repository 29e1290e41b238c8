"""Scans and receipts at terminals."""

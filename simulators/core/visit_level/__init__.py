"""Whole visits, drawn at once instead of walked step by step: years of many stores in seconds."""

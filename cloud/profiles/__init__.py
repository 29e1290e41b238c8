"""Unified profiles behind a One ID."""

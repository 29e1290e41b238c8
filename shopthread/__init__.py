"""The command line and the demo's process supervisor."""

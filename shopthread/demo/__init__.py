"""The demo: a whole shop as processes on this machine, watched and reconciled."""

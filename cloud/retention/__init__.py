"""Takes events out of the log when they are older than they are to be kept."""

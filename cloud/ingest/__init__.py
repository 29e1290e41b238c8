"""Takes events in: decompress, judge, append, answer."""

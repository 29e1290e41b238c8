"""Pure parts of the edge: no clock, randomness or I/O."""

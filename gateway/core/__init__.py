"""Pure parts of the gateway: no clock, randomness or I/O."""

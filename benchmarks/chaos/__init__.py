"""The chaos suite: real processes under a seeded list of faults; afterwards every hop must hold the same events."""

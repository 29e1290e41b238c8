"""Pure, seeded parts of the simulators."""

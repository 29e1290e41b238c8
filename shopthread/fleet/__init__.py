"""A fleet of virtual devices: simulated stores whose real agents publish to a real broker, all from one process."""

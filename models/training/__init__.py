"""Trains an embedder of people on rendered pictures, and puts it into a file that the project can run."""

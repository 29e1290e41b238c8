"""The web page of a shop."""

"""Profiles that may be of one person, proposed to people who decide. Nothing here joins profiles by itself."""

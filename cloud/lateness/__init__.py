"""How late events come in: an event that comes late changes figures that somebody may have read already."""

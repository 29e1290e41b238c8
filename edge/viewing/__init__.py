"""A local page that shows what a camera's agent sees, heads hidden; nothing of it is kept."""

"""Which visit made which touch."""

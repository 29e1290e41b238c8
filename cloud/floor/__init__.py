"""The floor of a store: its plan, and where people stood."""

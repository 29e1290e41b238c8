"""What can keep a fleet from publishing."""


class FleetError(Exception):
    """A fleet cannot publish; `str(error)` is one line that says what was expected, what came and what to do."""

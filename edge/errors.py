"""The edge's typed errors. Each says what was expected, what came, and what to do."""


class EdgeError(Exception):
    """Base of the edge's errors; `str(error)` is one line fit for an operator."""


class ConfigurationError(EdgeError):
    """A device's configuration cannot be used."""


class OutboxError(EdgeError):
    """The device's outbox cannot be opened or written."""


class FeedError(EdgeError):
    """An input (file, standard input, serial line, TCP port) cannot be opened."""


class BadInputError(EdgeError):
    """One line of input is unusable. It is kept, counted and reported; the agent goes on."""

"""A scorecard as one page."""

from simulators.core.scoring.scorecard import Scorecard


def render(card: Scorecard) -> str:
    """Return the page."""
    return card.scenario

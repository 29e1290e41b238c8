"""Events that were refused: kept, shown, replayed."""

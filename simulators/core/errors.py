"""What can be wrong with a scenario."""


class ScenarioError(Exception):
    """A scenario cannot be simulated.

    Attributes:
        key: Where in the scenario, for example `kiosk[0].zone_id`.
        value: What stands there.
        allowed: What may stand there.
    """

    def __init__(self, key: str, value: object, allowed: str) -> None:
        super().__init__(f"{key}: got {value!r}; allowed: {allowed}")
        self.key = key
        self.value = value
        self.allowed = allowed

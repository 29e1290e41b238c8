"""What a request works with, made once by the composition root."""

from fastapi import Request

from cloud.codes.judge import CodeRules
from cloud.config import Settings
from cloud.db import Database
from cloud.identity.statements import Rules
from cloud.ingest.intake import Intake
from cloud.keys.service import KeyService
from cloud.linking.decide import Gate, Linker
from cloud.profiles.lifecycle import MS_PER_DAY
from cloud.runtime import Clock, FailureReport, Wake


class Context:
    """The application's parts."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, keys: KeyService, linker: Linker) -> None:
        self.settings = settings
        self.database = database
        self.clock = clock
        self.keys = keys
        self.linker = linker
        self.intake = Intake(database, clock)
        self.wake: Wake = lambda: None
        self.projection_failure: FailureReport = lambda: None

    @property
    def gate(self) -> Gate:
        """Return which stays a touch is compared with."""
        return gate_of(self.settings)

    @property
    def rules(self) -> Rules:
        """Return what keeps strangers apart."""
        return rules_of(self.settings)


def rules_of(settings: Settings) -> Rules:
    """Return the rules of identity that the settings describe."""
    days = settings.quarantine_days_of_identity
    return Rules(
        limits=settings.limits_of_identity,
        hub_neighbours=settings.identity_hub_neighbours,
        quarantine_ms={namespace: count * MS_PER_DAY for namespace, count in days.items()},
    )


def code_rules_of(settings: Settings) -> CodeRules:
    """Return what nobody can do with a code, as the settings describe it."""
    return CodeRules(
        max_speed_m_s=settings.code_max_speed_m_s,
        other_store_ms=round(settings.code_other_store_s * 1000),
        clock_tolerance_ms=round(settings.code_clock_tolerance_s * 1000),
        clone_persons=settings.code_clone_persons,
    )


def gate_of(settings: Settings) -> Gate:
    """Return the gate that the settings describe."""
    return Gate(
        tolerance_ms=round(settings.link_tolerance_s * 1000),
        max_stay_ms=round(settings.link_max_stay_s * 1000),
        staff_score=settings.staff_score_threshold,
        clock_error_ms=round(settings.link_clock_error_s * 1000) if settings.linker == "joint" else 0,
    )


async def get_context(request: Request) -> Context:
    """Return the application's parts, for FastAPI's `Depends`; a coroutine, so that it costs no hop to a thread."""
    context: Context = request.app.state.context
    return context

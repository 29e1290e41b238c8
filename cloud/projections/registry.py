"""Every projection, in the order in which they run."""

from cloud.analytics.projection import AnalyticsProjection
from cloud.floor.projection import FloorProjection
from cloud.footfall.projection import FootfallProjection
from cloud.lateness.projection import LatenessProjection
from cloud.projections.base import Projection
from cloud.projections.corrections import CorrectionsProjection
from cloud.stores.projection import DeviceHealthProjection, StoresProjection
from cloud.touches.projection import TouchesProjection
from cloud.visits.projection import VisitsProjection

PROJECTIONS: tuple[Projection, ...] = (
    CorrectionsProjection(),
    TouchesProjection(),
    StoresProjection(),
    DeviceHealthProjection(),
    FootfallProjection(),
    FloorProjection(),
    VisitsProjection(),
    AnalyticsProjection(),
    LatenessProjection(),
)
"""Corrections first: the others read which events were corrected, and never run ahead of it.

Then touches: they lock the map of identities, which must be had before any row that a change of identities also wants.
"""

PROJECTION_NAMES = tuple(projection.name for projection in PROJECTIONS)

"""From segments to visits: one anonymous visit out of many cameras. Pure; docs/stitching.md says how."""

from gateway.core.stitching.returning import RULE_VERSION as REENTRY_RULE_VERSION
from gateway.core.stitching.returning import Returning
from gateway.core.stitching.revisions import Visits
from gateway.core.stitching.rules import RULE_VERSION as STITCH_RULE_VERSION
from gateway.core.stitching.rules import StitchRules
from gateway.core.stitching.single import RULE_VERSION, revise
from gateway.core.stitching.staff_cards import StaffCards
from gateway.core.stitching.stitcher import Stitcher

__all__ = [
    "REENTRY_RULE_VERSION",
    "RULE_VERSION",
    "STITCH_RULE_VERSION",
    "Returning",
    "StaffCards",
    "StitchRules",
    "Stitcher",
    "Visits",
    "revise",
]

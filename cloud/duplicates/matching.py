"""How probable it is that two profiles are one person's, from match codes alone. No clock, no randomness.

The model is that of Fellegi and Sunter (1969, Journal of the American Statistical Association 64(328)): each comparison
of two codes adds a weight, the log to base 2 of how much more often it comes out so of one person than of two. Splink
learns from the records themselves, without any example, how comparisons come out of one person, by expectation
maximization, and takes frequent values for weaker evidence (term frequencies). How they come out of two is counted over
all records.
"""

import logging
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from contracts.traits import TRAITS, Trait

if TYPE_CHECKING:
    from splink import Linker, SettingsCreator

Level = Literal["equal", "slip", "different", "unknown"]
Step = Literal["learning", "comparing"]
MODEL = "fellegi-sunter-1"
_LEVELS: Mapping[int, Level] = {-1: "unknown", 0: "different", 1: "slip", 2: "equal"}
_BLOCKS: tuple[tuple[Trait, ...], ...] = (
    ("phone",),
    ("email",),
    ("birthday", "family_name"),
    ("birthday", "given_name"),
    ("birthday", "postcode"),
    ("given_name", "family_name", "postcode"),
    ("given_name", "family_name"),
)
"""Pairs that agree in none of these are not compared."""
_SURE: tuple[tuple[Trait, ...], ...] = (("given_name", "family_name", "birthday"), ("email", "birthday"))
"""Who agrees in one of these is one person nearly always; they find about this share of all duplicates:"""
_SURE_RECALL = 0.6
_MOST_PRIOR = 0.1
_TRAINING: tuple[tuple[Trait, ...], ...] = (
    ("birthday", "family_name"),
    ("given_name", "postcode"),
    ("email",),
    ("phone",),
)
_USUAL_M: Mapping[Level, float] = {"equal": 0.85, "slip": 0.07, "different": 0.08}
"""Where too few records tell: how often a trait of one person comes out so."""
_USUAL_U: Mapping[Level, float] = {"equal": 0.005, "slip": 0.005, "different": 0.99}
"""And how often one of two persons does."""
_FEWEST_TO_LEARN = 200
_MOST_TRAINING_PAIRS = 1_000_000
EXTRA = "finding duplicates needs the extra dedupe; install it with: pip install 'shopthread[dedupe]'"


class MissingSplinkError(Exception):
    """Splink is not installed; the message says how to get it."""


class Record(Struct, frozen=True, kw_only=True):
    """A profile with its match codes."""

    one_id: str
    codes: Mapping[Trait, str]


class Evidence(Struct, frozen=True, kw_only=True):
    """What one comparison says.

    Attributes:
        weight: In bits; above zero it speaks for one person, below for two.
        frequency_weight: What is added since the common value is rare, or taken off since it is frequent.
    """

    trait: Trait
    level: Level
    weight: float
    frequency_weight: float = 0.0


class Pair(Struct, frozen=True, kw_only=True):
    """Two profiles that may be one person's; `left` sorts before `right`.

    Attributes:
        probability: That they are.
        prior_weight: The weight with which two profiles drawn at random begin, in bits; the evidence is added to it.
    """

    left: str
    right: str
    probability: float
    prior_weight: float
    evidence: tuple[Evidence, ...]


def find_pairs(
    records: Sequence[Record], least_probability: float, on_step: Callable[[Step], None] = lambda _: None
) -> list[Pair]:
    """Return pairs that are at least so probably one person's, the most probable first.

    The same records give the same pairs: nothing is drawn, one thread works, and records stand in order of their names.

    Raises:
        MissingSplinkError: Splink is not installed.
    """
    try:
        import splink  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingSplinkError(EXTRA) from error
    if len(records) < 2:  # noqa: PLR2004 - a pair
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        on_step("learning")
        linker = _linker(sorted(records, key=lambda record: record.one_id))
        _learn(linker, len(records))
        on_step("comparing")
        found = linker.inference.predict(threshold_match_probability=least_probability, warning_mode="never")
        rows = found.as_record_list()
    pairs = [_pair(row) for row in rows]
    return sorted(pairs, key=lambda pair: (-pair.probability, pair.left, pair.right))


def _linker(records: Sequence[Record]) -> "Linker":
    import duckdb  # noqa: PLC0415
    import pyarrow  # noqa: PLC0415
    from splink import DuckDBAPI, Linker  # noqa: PLC0415

    columns: dict[str, list[Any]] = {"unique_id": []}
    for trait in TRAITS:
        columns |= {trait: [], f"{trait}_slips": []}
    for record in records:
        columns["unique_id"].append(record.one_id)
        for trait in TRAITS:
            hashes = record.codes.get(trait, "").split()
            columns[trait].append(hashes[0] if hashes else None)
            columns[f"{trait}_slips"].append(hashes[1:])
    types = {name: pyarrow.list_(pyarrow.string()) if name.endswith("_slips") else pyarrow.string() for name in columns}
    table = pyarrow.table(columns, schema=pyarrow.schema(list(types.items())))
    connection = duckdb.connect(":memory:", config={"threads": 1})
    return Linker(DuckDBAPI(connection).register(table), _settings(records), log_level=logging.ERROR)


def _settings(records: Sequence[Record]) -> "SettingsCreator":
    import splink.comparison_level_library as levels  # noqa: PLC0415
    from splink import SettingsCreator, block_on  # noqa: PLC0415
    from splink.comparison_library import CustomComparison  # noqa: PLC0415

    is_enough = len(records) >= _FEWEST_TO_LEARN
    by_chance = {
        trait: chances(record.codes.get(trait) for record in records) if is_enough else _USUAL_U for trait in TRAITS
    }
    return SettingsCreator(
        link_type="dedupe_only",
        probability_two_random_records_match=prior(records),
        comparisons=[
            CustomComparison(
                output_column_name=trait,
                comparison_levels=[
                    levels.NullLevel(trait),
                    levels.ExactMatchLevel(trait, term_frequency_adjustments=is_enough).configure(
                        m_probability=_USUAL_M["equal"], u_probability=by_chance[trait]["equal"]
                    ),
                    levels.ArrayIntersectLevel(f"{trait}_slips").configure(
                        m_probability=_USUAL_M["slip"], u_probability=by_chance[trait]["slip"]
                    ),
                    levels.ElseLevel().configure(
                        m_probability=_USUAL_M["different"], u_probability=by_chance[trait]["different"]
                    ),
                ],
            )
            for trait in TRAITS
        ],
        blocking_rules_to_generate_predictions=[block_on(*block) for block in _BLOCKS],
        retain_intermediate_calculation_columns=True,
        retain_matching_columns=True,
    )


def chances(codes: Iterable[str | None]) -> dict[Level, float]:
    """Return how a comparison of two records comes out by chance, as shares: counted over every pair of records.

    Equal values are counted together; values that differ by a slip find each other by the hashes that they share.
    """
    counts = Counter(code for code in codes if code)
    sharing: defaultdict[str, list[str]] = defaultdict(list)
    for code in counts:
        for slip in code.split()[1:]:
            sharing[slip].append(code)
    close = {pair for others in sharing.values() for pair in combinations(others, 2)}
    known = sum(counts.values())
    pairs = known * (known - 1) / 2 + 1
    equal = sum(count * (count - 1) for count in counts.values()) / 2
    slips = sum(counts[one] * counts[other] for one, other in close)
    shares: dict[Level, float] = {"equal": (equal + 0.5) / pairs, "slip": (slips + 0.5) / pairs}
    return {**shares, "different": max(1.0 - sum(shares.values()), 0.5 / pairs)}


def prior(records: Sequence[Record]) -> float:
    """Return how probable it is that two records drawn at random are one person's: from those that surely are."""
    sure: set[tuple[int, int]] = set()
    for rule in _SURE:
        agreeing: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, record in enumerate(records):
            if all(trait in record.codes for trait in rule):
                agreeing[tuple(record.codes[trait] for trait in rule)].append(number)
        sure |= {pair for numbers in agreeing.values() for pair in combinations(numbers, 2)}
    pairs = len(records) * (len(records) - 1) / 2
    return min((len(sure) + 0.5) / _SURE_RECALL / pairs, _MOST_PRIOR)


def _learn(linker: "Linker", count: int) -> None:
    """Estimate how often comparisons come out how of one person."""
    from splink import block_on  # noqa: PLC0415

    training = linker.training
    if count < _FEWEST_TO_LEARN:
        return
    for block in _TRAINING:
        training.estimate_parameters_using_expectation_maximisation(block_on(*block), max_pairs=_MOST_TRAINING_PAIRS)


def _pair(row: Mapping[str, Any]) -> Pair:
    evidence = tuple(_evidence(row, trait) for trait in TRAITS)
    total = sum(each.weight + each.frequency_weight for each in evidence)
    return Pair(
        left=min(row["unique_id_l"], row["unique_id_r"]),
        right=max(row["unique_id_l"], row["unique_id_r"]),
        probability=round(float(row["match_probability"]), 6),
        prior_weight=round(float(row["match_weight"]) - total, 3),
        evidence=evidence,
    )


def _evidence(row: Mapping[str, Any], trait: Trait) -> Evidence:
    return Evidence(
        trait=trait,
        level=_LEVELS[int(row[f"gamma_{trait}"])],
        weight=round(float(row[f"mw_{trait}"]), 3),
        frequency_weight=round(float(row.get(f"mw_tf_adj_{trait}") or 0.0), 3),
    )

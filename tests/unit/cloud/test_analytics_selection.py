"""Which names ask for the same shops."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.analytics.selection import shortest

NAMES = ("a", "b", "c", "d")
REGIONS = ("North", "South")


def shops_of(names: tuple[str, ...], region: str | None, regions: dict[str, str | None]) -> set[str]:
    return {name for name in names or regions if region is None or regions[name] == region}


@given(
    regions=st.fixed_dictionaries(dict.fromkeys(NAMES, st.sampled_from([*REGIONS, None]))),
    names=st.sets(st.sampled_from(NAMES)).map(lambda found: tuple(sorted(found))),
    region=st.sampled_from([*REGIONS, None]),
)
def test_the_shortest_way_to_ask_finds_the_same_shops(
    regions: dict[str, str | None], names: tuple[str, ...], region: str | None
):
    wanted = shops_of(names, region, regions)
    short, place = shortest(names, region, regions)
    assert shops_of(tuple(short), place, regions) == wanted
    whole = [set(regions), *(shops_of((), one, regions) for one in REGIONS)]
    if len(wanted) > 1 and wanted in whole:
        assert not short


def test_shops_without_a_region_have_no_sums_of_their_own():
    regions = {"a": None, "b": None, "c": "North"}
    assert shortest(("a", "b"), None, regions) == (("a", "b"), None)

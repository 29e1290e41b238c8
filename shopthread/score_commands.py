"""`shopthread simulate score`: what a system says, against the ground truth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from shopthread.console import err, one_line_errors, out

if TYPE_CHECKING:
    from simulators.core.scoring import MeasuredCrossings, Observation, Options, Scorecard
    from simulators.core.truth import Truth

Files = list[Path] | None
Texts = list[str] | None
T = TypeVar("T")


def score(  # noqa: PLR0913, PLR0917 - one argument per option
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="The truth.json of a run that has ended.")],
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CloudEvents of the store, one a line: .ndjson, .ndjson.gz, .ndjson.zst."),
    ] = None,
    links: Annotated[
        Files,
        typer.Option(
            metavar="FILE",
            help='JSON lines: {"device_id", "t_ms", "visit_id" or "visit": [{"camera_id", "track_id"}], "posterior", '
            '"party", "decision"}; no visit: an abstention. Repeatable: one linker per file, told apart by its name.',
        ),
    ] = None,
    profiles: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='JSON lines: {"profile_id", "identifiers": [{"namespace", "value"}]}.'),
    ] = None,
    codes: Annotated[
        Path | None, typer.Option(metavar="FILE", help='JSON lines: {"code", "t_ms", "first", "genuine"}.')
    ] = None,
    counts: Annotated[
        Texts,
        typer.Option("--count", metavar="TRIPWIRE=IN,OUT", help="What was counted, such as door=39,38. Repeatable."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write every figure there as JSON.")
    ] = None,
    html_file: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with plots there; it needs nothing else."),
    ] = None,
    perfect: Annotated[
        bool, typer.Option("--perfect", help="Score an observer who misses nothing, in place of a system.")
    ] = False,
    damage: Annotated[
        Texts,
        typer.Option(metavar="NAME=SHARE", help="Harm the perfect observer, such as lost_crossings=0.1. Repeatable."),
    ] = None,
    reentry_s: Annotated[
        float, typer.Option(min=0, metavar="S", help="Who comes back within this time is still on the same visit.")
    ] = 300.0,
    seed: Annotated[int, typer.Option(min=0, help="For the intervals' bootstrap and for what is damaged.")] = 0,
) -> None:
    """Score what a system says against the truth: counts, occupancy, visits, dwell, links, profiles, codes.

    Without anything to score it tells what happened.
    docs/scoring.md defines each measure. Every figure comes with an interval at 95%.
    """
    import msgspec

    from simulators.adapters.feed_files import read_truth
    from simulators.adapters.score_text import tables, totals_table
    from simulators.core.scoring import Observation, Options
    from simulators.core.scoring import score as score_all

    with one_line_errors(OSError, msgspec.MsgspecError, ValueError):
        true, options = read_truth(truth), Options(reentry_s=reentry_s, seed=seed)
        if perfect:
            _refuse_beside_perfect(events=events, links=links, profiles=profiles, codes=codes, count=counts)
            seen, notes = _perfect(true, options, damage or [])
        elif damage:
            msg = "--damage harms the perfect observer; add --perfect"
            raise ValueError(msg)
        else:
            seen, notes = _measured(true, events, links or [], profiles, codes, counts or [])
        if seen == Observation():
            out.print(totals_table(true, truth.parent))
            if not (json_file or html_file):
                return
            msg = "nothing to score; give --events, --links, --profiles, --codes or --count, or try --perfect"
            raise ValueError(msg)
        card = score_all(seen, true, options, notes)
        _write(card, json_file, html_file)
    for table in (table for part in tables(card).values() for table in part):
        out.print(table)
    for note in notes:
        err.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)


def _write(card: "Scorecard", json_file: Path | None, html_file: Path | None) -> None:
    import msgspec

    from simulators.adapters.feed_files import replace_file

    if json_file is not None:
        replace_file(json_file, msgspec.json.format(msgspec.json.encode(card)) + b"\n")
    if html_file is not None:
        from simulators.adapters.score_report import render

        replace_file(html_file, render(card).encode())


def _refuse_beside_perfect(**given: object) -> None:
    if names := [f"--{name}" for name, value in given.items() if value]:
        msg = f"--perfect takes the place of a system; leave out {', '.join(names)}"
        raise ValueError(msg)


def _perfect(truth: "Truth", options: "Options", damages: list[str]) -> "tuple[Observation, tuple[str, ...]]":
    from simulators.core.damage import damaged
    from simulators.core.observer import perfect_observation

    shares = dict(_share(text) for text in damages)
    seen = damaged(perfect_observation(truth, options), truth, shares, options.seed)
    told = ", ".join(f"{name} {share:g}" for name, share in shares.items())
    return seen, (f"no system was scored, but an observer who knows the truth{', damaged: ' if told else ''}{told}",)


def _measured(
    truth: "Truth",
    events: Path | None,
    links: list[Path],
    profiles: Path | None,
    codes: Path | None,
    counts: list[str],
) -> "tuple[Observation, tuple[str, ...]]":
    from msgspec.structs import replace

    from simulators.adapters.event_log import read_events, read_structs
    from simulators.core.scoring import MeasuredCodeScan, MeasuredLink, MeasuredProfile, Observation

    seen, notes = read_events(events, truth) if events else (Observation(), ())
    names = _names(links)
    return replace(
        seen,
        counts=dict(_count(text) for text in counts) or None,
        links={name: read_structs(path, MeasuredLink) for name, path in zip(names, links, strict=True)} or None,
        profiles=read_structs(profiles, MeasuredProfile) if profiles else None,
        code_scans=read_structs(codes, MeasuredCodeScan) if codes else None,
    ), notes


def _names(paths: list[Path]) -> list[str]:
    """Return what each file of links is called: its name without endings, or its path where names repeat."""
    names = [path.name.partition(".")[0] for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def _count(text: str) -> "tuple[str, MeasuredCrossings]":
    from simulators.core.scoring import MeasuredCrossings

    name, _, both = text.partition("=")
    crossed_in, _, crossed_out = both.partition(",")
    if not (name and crossed_in.isdecimal() and crossed_out.isdecimal()):
        msg = f"--count must be TRIPWIRE=IN,OUT such as door=39,38, got {text!r}"
        raise ValueError(msg)
    return name, MeasuredCrossings(crossed_in=int(crossed_in), crossed_out=int(crossed_out))


def _share(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        return name, float(share)
    except ValueError as error:
        msg = f"--damage must be NAME=SHARE such as lost_crossings=0.1, got {text!r}"
        raise ValueError(msg) from error

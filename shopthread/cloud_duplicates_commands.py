"""`shopthread cloud duplicates`: who may stand twice among the members."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shopthread.cloud_setup import DatabaseUrl, DataDir, current_database, settings_of, told_in_one_line
from shopthread.console import one_line_errors, out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloud.duplicates.service import Candidate

app = typer.Typer(no_args_is_help=True, help="Find members who may stand twice, for people to decide.")
_STEPS = {"learning": "learning from the records", "comparing": "comparing pairs"}


@app.callback()
def _group() -> None:
    """Keep `find` a subcommand, though it is the only one."""


@app.command()
def find(
    *,
    tenant: Annotated[str, typer.Option(help="Whose members.")],
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The least probability that two profiles are one person's.")
    ] = 0.9,
    limit: Annotated[int, typer.Option(min=1, help="How many pairs at most, the most probable first.")] = 1000,
    out_file: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Only look: write pairs to FILE.csv or FILE.parquet, propose nothing."
        ),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Compare members by their match codes and propose pairs that may be one person's. Needs the extra dedupe.

    Nothing is joined: somebody accepts or declines each proposal, on the page of customers or by /v1/duplicates. The
    proposals that nobody has decided are replaced by those of this run; what was declined, or accepted and undone, is
    not proposed again. Members who refuse a consent are not compared. Match codes come from 'shopthread members import'
    with columns such as family_name and birthday.
    """
    with told_in_one_line():
        from rich.progress import Progress, SpinnerColumn, TextColumn

        from cloud.app import system_clock
        from cloud.duplicates.matching import MissingSplinkError
        from cloud.duplicates.service import find_candidates, propose, undecided

        settings = settings_of(data_dir, database_url)
        with (
            one_line_errors(MissingSplinkError, OSError, ValueError),
            current_database(settings) as database,
            Progress(SpinnerColumn(), TextColumn("{task.description}"), console=out, transient=True) as progress,
        ):
            if out_file is not None and out_file.suffix not in {".csv", ".parquet"}:
                msg = f"--out must end in .csv or .parquet, got {str(out_file)!r}"
                raise ValueError(msg)
            task = progress.add_task("reading match codes")
            found = find_candidates(
                database, tenant, threshold, lambda step: progress.update(task, description=_STEPS[step])
            )
            if out_file is None:
                proposed = propose(database, tenant, found, limit, system_clock())
                told = f"{proposed} pairs of {tenant} are proposed, of {len(found)} found; none is joined"
            else:
                with database.read() as session:
                    kept = undecided(session, tenant, found, system_clock())[:limit]
                _write(out_file, kept)
                told = f"{len(kept)} pairs of {tenant} in {out_file}; none is proposed"
    typer.echo(told)


def _write(path: Path, found: "Sequence[Candidate]") -> None:
    rows = [_row(each) for each in found]
    if path.suffix == ".parquet":
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(rows, schema=_schema()), path)
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=_columns())
        writer.writeheader()
        writer.writerows(rows)


def _columns() -> list[str]:
    from contracts.traits import TRAITS

    return ["probability", "left", "right", *TRAITS]


def _schema() -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow

    return pyarrow.schema(
        [(name, pyarrow.float64() if name == "probability" else pyarrow.string()) for name in _columns()]
    )


def _row(candidate: "Candidate") -> dict[str, object]:
    """Return a pair as a row: both One IDs, and how each comparison came out."""
    row: dict[str, object] = {each.trait: each.level for each in candidate.evidence}
    return {
        "probability": candidate.probability,
        "left": candidate.left_one_id,
        "right": candidate.right_one_id,
        **row,
    }

"""`shopthread simulate crops`: pictures of single people who do not exist, to train models on."""

from math import ceil
from pathlib import Path
from typing import Annotated

import typer

from shopthread.console import one_line_errors, out

_SHOPS = ("corner_shop", "fashion_store", "supermarket")
_PLACE = Path(__file__).resolve().parent.parent / "simulators" / "footage" / "entrance.toml"
_FIRST_PARTS = 1024


def crops(  # noqa: PLR0913, PLR0917 - one argument per option
    out_dir: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Gets the pictures; a folder that was begun goes on.")
    ] = Path("build/reid/data"),
    people: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="How many people; rounded up to whole files.")
    ] = 3000,
    cameras: Annotated[int, typer.Option(min=2, max=100, help="How many cameras take each of them.")] = 8,
    pictures: Annotated[int, typer.Option(min=1, max=100, help="How many pictures each camera takes.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Same seed and options, same bytes.")] = 1,
    wardrobes: Annotated[
        int, typer.Option(min=0, max=100, help="Example asset folders (36 fabrics, 12 prints each) to dress from.")
    ] = 4,
    assets: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR|FILE.npz", help="More clothes, hair, skins, fabrics of your own; repeatable."),
    ] = None,
    assets_licence: Annotated[
        str | None, typer.Option(metavar="NAME", help="Licence of npz files that name none.")
    ] = None,
    people_per_file: Annotated[int, typer.Option(min=4, max=4096, help="How many people are in a file.")] = 128,
    views: Annotated[int, typer.Option(min=1, help="Among how many places and lenses the cameras of a file are.")] = 24,
    daylight: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of cameras that are level, sharp and outdoors, under sun or clouds."),
    ] = 0.0,
    part: Annotated[
        str, typer.Option(metavar="K/N", help="Make the k-th of n parts, so that n processes share the work.")
    ] = "1/1",
) -> None:
    """Render pictures of people as many cameras' detectors would cut them out, to train a re-identification model.

    Each person is taken by several cameras: other heights, lenses, light, places, colours, blur, noise; walking,
    standing, half hidden, among others. One in three wears what neighbours wear. Files are complete or absent: run the
    command again, or with more --people, and it goes on where it stopped. `shopthread models train-reid` learns from
    them; nobody on them exists.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from simulators.adapters.scenario_files import load_scenario

    with one_line_errors(ImportError):
        from simulators.rendering.crops.shards import CropMaker, CropSettings, fill_folder, open_folder, read_assets
    with one_line_errors(ValueError, OSError):
        chosen, described = read_assets(assets or [], assets_licence)
        settings = CropSettings(
            seed=seed,
            cameras=cameras,
            pictures=pictures,
            people_per_file=people_per_file,
            views=views,
            wardrobes=wardrobes,
            assets=described,
            daylight=daylight,
        )
        files = _files(ceil(people / people_per_file), part)
        open_folder(out_dir, settings)
        maker = CropMaker(settings, [load_scenario(name) for name in (*_SHOPS, str(_PLACE))], chosen)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=out, transient=True) as progress:
            task = progress.add_task("people", total=len(files) * people_per_file)
            made = fill_folder(out_dir, maker, files, lambda done: progress.advance(task, done), people_per_file)
    count = len(files) * people_per_file
    out.print(f"{out_dir}: {count} people in {len(files)} files, {made} of them new", highlight=False, soft_wrap=True)


def _files(count: int, part: str) -> list[int]:
    """Return the numbers of the files that one of several processes makes."""
    try:
        which, parts = (int(number) for number in part.split("/"))
    except ValueError as error:
        msg = f"--part must be K/N such as 2/4, got {part!r}"
        raise ValueError(msg) from error
    if not 1 <= which <= parts <= _FIRST_PARTS:
        msg = f"--part K/N needs K from 1 to N, and N up to {_FIRST_PARTS}, got {part!r}"
        raise ValueError(msg)
    return list(range(which - 1, count, parts))

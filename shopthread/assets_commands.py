"""`shopthread simulate assets`: folders of clothes, hair, skins and fabrics for rendered people."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopthread.console import one_line_errors, out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.rendering.clothing.pieces import AssetSet, HasPiece, Piece

app = typer.Typer(no_args_is_help=True, help="Clothes, hair, skins and fabrics that rendered people wear.")

_PLACE = Path(__file__).resolve().parent.parent / "simulators" / "footage" / "entrance.toml"
_COLUMNS = 12
_WHO = "anybody"

SourceArgument = Annotated[
    Path, typer.Argument(metavar="DIR|FILE.npz", help="A folder with assets.toml, or an npz bundle.")
]
LicenceOption = Annotated[
    str | None, typer.Option("--assets-licence", metavar="NAME", help="Licence of an npz file that names none.")
]
SeedOption = Annotated[int, typer.Option(min=0, help="Same seed, same people.")]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Gets assets.toml, pictures and meshes.")],
    seed: Annotated[int, typer.Option(min=0, help="What colours and patterns are drawn from.")] = 1,
) -> None:
    """Make an example of an asset folder: fabrics, prints, skins, a hat and a scarf, to render with and to change.

    All is drawn by rules from the seed and free of other people's rights. `shopthread simulate render ... --assets DIR`
    dresses people from it.
    """
    with one_line_errors(ImportError):
        from simulators.rendering.clothing.pieces import AssetError
        from simulators.rendering.clothing.sample import make_sample
    with one_line_errors(AssetError, OSError):
        count = make_sample(folder, seed)
    out.print(f"{folder}: {count} pieces; look at them: shopthread simulate assets check {folder}", soft_wrap=True)


@app.command()
def check(
    source: SourceArgument,
    picture: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Gets a picture of people dressed from it, PNG.")
    ] = Path("assets-preview.png"),
    people: Annotated[int, typer.Option(min=1, max=240, help="How many people the picture shows.")] = 24,
    assets_licence: LicenceOption = None,
    seed: SeedOption = 1,
) -> None:
    """Check an asset folder as a whole, say what is in it, and show people who are dressed from it.

    Each person is shown from the front and from behind. What is wrong is one line that names the file and the value.
    """
    from rich.table import Table

    with one_line_errors(ImportError):
        import cv2

        from simulators.rendering.clothing.booth import sheet
        from simulators.rendering.clothing.folder import load_assets
        from simulators.rendering.clothing.preview import parade
    from simulators.adapters.scenario_files import load_scenario

    with one_line_errors(ValueError, OSError):
        assets = load_assets(source, assets_licence)
        table = Table("Kind", "Pieces", "Covers", "Who may wear it", "Licence")
        for kind, pieces in _kinds(assets):
            for covers, piece in pieces:
                table.add_row(kind, piece.id, ", ".join(covers), _who(piece), piece.licence)
        out.print(table)
        out.print(_summary(assets), soft_wrap=True)
        pictures = parade(load_scenario(str(_PLACE)), assets, people, seed)
        if not cv2.imwrite(str(picture), sheet(pictures, _COLUMNS)):
            msg = f"--out {picture} cannot be written; its name ends in .png, and its folder is there"
            raise ValueError(msg)
    out.print(f"{picture}", highlight=False, soft_wrap=True)


def _kinds(assets: "AssetSet") -> "list[tuple[str, list[tuple[Sequence[str], Piece]]]]":
    def bare(pieces: "Sequence[HasPiece]", covers: "Sequence[str]") -> "list[tuple[Sequence[str], Piece]]":
        return [(covers, each.piece) for each in pieces]

    return [
        ("fabric", [(each.covers, each.piece) for each in assets.fabrics]),
        ("print", bare(assets.prints, ["top"])),
        ("skin", bare(assets.skins, ["skin"])),
        ("garment", [(each.covers, each.piece) for each in assets.garments]),
    ]


def _who(piece: "Piece") -> str:
    wearers = piece.wearers
    named = [" or ".join(words) for words in (wearers.genders, wearers.ages, wearers.roles) if words]
    return ", ".join(named) or _WHO


def _summary(assets: "AssetSet") -> str:
    counts = ", ".join(f"{len(pieces)} {kind}s" for kind, pieces in _kinds(assets) if pieces)
    body = "; with a body of its own" if assets.body else ""
    return f"{assets.name}: {counts}{body}; licences: {', '.join(assets.licences)}"


@app.command()
def variety(
    sources: Annotated[
        list[Path] | None, typer.Argument(metavar="[DIR|FILE.npz]...", help="Asset folders or npz bundles.")
    ] = None,
    people: Annotated[int, typer.Option(min=2, max=2000, help="How many people are looked at.")] = 200,
    assets_licence: LicenceOption = None,
    model: Annotated[str, typer.Option(metavar="NAME", help="The model that tells people apart.")] = "reid-synth-mnv2",
    seed: SeedOption = 1,
) -> None:
    """Measure how different people look, without assets and with each of the folders: similarity of their signatures.

    Lower similarity among different people and a higher rank 1 are better. Rank 1 is the share of people whose picture
    in other light, pose and direction is most like their own first picture.
    """
    from rich.table import Table

    with one_line_errors(ImportError):
        from models.embedding import PersonEmbedder
        from models.loader import load_model
        from models.registry import ModelRegistry
        from models.video import opencv_resize
        from simulators.rendering.clothing.folder import load_assets
        from simulators.rendering.clothing.variety import compare, photograph
    from rich.progress import Progress

    from models.errors import ModelError
    from simulators.adapters.scenario_files import load_scenario

    table = Table("Assets", "People", "Kinds", "Others, mean", "Others, p95", "Nearest other", "Same person", "Rank 1")
    with one_line_errors(ModelError, ValueError, OSError):
        embedder = PersonEmbedder(load_model(ModelRegistry().get(model)), opencv_resize)
        scenario = load_scenario(str(_PLACE))
        sets = [("none", None), *((str(each), load_assets(each, assets_licence)) for each in sources or [])]
        with Progress(console=out, transient=True) as progress:
            for name, assets in sets:
                task = progress.add_task(name, total=people)
                step = partial(progress.advance, task)
                first, second, kinds = photograph(scenario, assets, people, seed, step)
                found = compare(embedder.embed(first), embedder.embed(second), kinds)
                figures = (found.others_mean, found.others_p95, found.nearest_mean, found.same_mean, found.rank1)
                table.add_row(name, str(people), str(kinds), *(f"{figure:.3f}" for figure in figures))
    out.print(table)

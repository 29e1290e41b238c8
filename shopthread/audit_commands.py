"""`shopthread audit`: how well a camera counts, by an operator's recording and labels."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from shopthread.audit_upload_commands import upload
from shopthread.console import err, log_to_stderr, one_line_errors, out, stop_on_signal
from shopthread.models_commands import default_models_dir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.auditing.log import AuditLog
    from edge.auditing.report import Audited, Report

app = typer.Typer(
    no_args_is_help=True,
    help="Audit a camera's counts: record it for a limited time, label who crossed, report with confidence intervals.",
)
app.command()(upload)

_LOOK_S = 0.5

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="An audit's folder, as `record` makes it.")]


def _log() -> "AuditLog":
    from edge.auditing.log import AuditLog

    return AuditLog(default_models_dir().parent)


def _purge_expired() -> None:
    """Delete recordings whose time is up: every command of this group begins with it."""
    from edge.main import clock_ms

    for entry in _log().purge(clock_ms()):
        err.print(f"Deleted the video in {entry.folder}: its time was up.", highlight=False, soft_wrap=True)


@app.command()
def record(
    config: Annotated[Path, typer.Argument(help="The camera's configuration file (TOML).", show_default=False)],
    minutes: Annotated[float, typer.Option(help="How long, at most 60.", show_default=False)],
    operator: Annotated[str, typer.Option(metavar="NAME", help="Who records.", show_default=False)],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.", show_default=False)],
    out_dir: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder.", show_default=False)],
    keep_days: Annotated[float, typer.Option(help="After how many days the video is deleted, at most 30.")] = 7.0,
) -> None:
    """Record a camera for an audit. This writes video of people: say so where they see it, and only do it with reason.

    It ends by itself, and Ctrl-C ends it sooner; what was recorded is kept. Privacy masks of the configuration are in
    the video. DIR gets video.mp4, manifest.json (who, why, when, until when) and config.json, for their owner alone.
    An entry goes into the audit log. The video is deleted after --keep-days, by the first `audit` command after it.
    """
    from rich.live import Live

    from edge.auditing.folder import AuditFolder
    from edge.auditing.recording import Order, Progress
    from edge.auditing.recording import record as make
    from edge.camera_building import frame_source
    from edge.camera_config import load_camera_config
    from edge.errors import EdgeError
    from edge.main import CAMERA_CLOCK

    with one_line_errors(EdgeError, OSError), stop_on_signal() as stop:
        _purge_expired()
        order = Order(operator, reason, minutes, keep_days)
        settings = load_camera_config(config)
        out.print(
            f"[bold white on red] REC [/] {settings.device.source} is being recorded for {minutes:g} minutes at most, "
            f"by {operator}: {reason}. Ctrl-C ends it.",
            highlight=False,
            soft_wrap=True,
        )
        with Live(console=out, refresh_per_second=2, transient=True) as live:

            def show(progress: Progress) -> None:
                gone_s, left_s = progress.now_ms - progress.started_ms, progress.until_ms - progress.now_ms
                text = f"[bold red]● recording[/] {gone_s / 1000:.0f} s, {progress.frames} frames, "
                live.update(f"{text}ends by itself in {max(0, left_s) / 1000:.0f} s")

            manifest = make(
                settings,
                order,
                frame_source(settings, CAMERA_CLOCK),
                AuditFolder(out_dir),
                _log(),
                clock=CAMERA_CLOCK,
                stopped=stop.is_set,
                on_progress=show,
            )
    out.print(
        f"Recorded {len(manifest.frame_times_ms)} frames in {out_dir}; the video is deleted after {keep_days:g} days. "
        f"Next: shopthread audit label {out_dir}",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def label(
    path: Folder,
    labeller: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who labels: a file of its own for each person.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of 127.0.0.1; 0: any free one.")] = 0,
) -> None:
    """Label who crossed, on a page in your browser: play, and press i or o. Ctrl-C ends it.

    Every label is saved at once, and the next start goes on there. The page is served on 127.0.0.1 alone, to whoever
    has the address that is printed.
    """
    from edge.adapters.local_page import LocalPage, new_token
    from edge.auditing.folder import AuditFolder
    from edge.auditing.labelling import LabelSession
    from edge.errors import EdgeError

    log_to_stderr()
    with one_line_errors(EdgeError, OSError), stop_on_signal() as stop:
        _purge_expired()
        session = LabelSession(AuditFolder(path), labeller)
        try:
            with LocalPage(session.handlers(), port=port, token=new_token()) as page:
                out.print(f"Open {page.url}\nCtrl-C ends it.", highlight=False, soft_wrap=True)
                while not stop.wait(_LOOK_S):
                    pass
        finally:
            session.close()
    out.print(f"Next: shopthread audit report {path} --out report.html", highlight=False, soft_wrap=True)


@app.command("import-truth")
def import_truth(
    footage: Annotated[
        Path, typer.Argument(help="A folder that `simulate render` made, or a video.", show_default=False)
    ],
    out_dir: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder.", show_default=False)],
    config: Annotated[Path | None, typer.Option(help="The camera's configuration; of a folder: camera.toml.")] = None,
    boxes: Annotated[Path | None, typer.Option(help="True boxes, MOTChallenge text; of a folder: gt.txt.")] = None,
    crossings: Annotated[
        Path | None,
        typer.Option(help="True crossings, CSV: event (in, out), frame (from 0), if need be clip and tripwire."),
    ] = None,
) -> None:
    """Make an audit of footage whose truth is known, so that nobody needs to label it.

    DIR refers to the video where it lies, and gets labels.json. The footage is never deleted.
    """
    from edge.auditing.folder import AuditError, AuditFolder
    from edge.auditing.truth_import import labels_from_boxes, labels_from_table, refer_to_footage
    from edge.camera_config import load_camera_config
    from edge.errors import EdgeError

    with one_line_errors(EdgeError, OSError):
        _purge_expired()
        if footage.is_dir():
            config, boxes = config or footage / "camera.toml", boxes or (None if crossings else footage / "gt.txt")
            footage = footage / "video.mp4"
        if config is None or (boxes is None) == (crossings is None):
            msg = "a video needs --config and one of --boxes and --crossings; a folder of `simulate render` needs none"
            raise AuditError(msg)
        settings = load_camera_config(config)
        folder = AuditFolder(out_dir)
        times_ms = refer_to_footage(settings, footage, folder)
        if boxes is not None:
            labels = labels_from_boxes(settings, boxes, times_ms)
        elif crossings is not None:
            labels = labels_from_table(settings, crossings, footage.name)
        folder.save_labels(labels)
    out.print(
        f"{len(labels.crossings)} true crossings in {len(times_ms)} frames. Next: shopthread audit report {out_dir} "
        "--out report.html",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def report(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Audits' folders, labelled.", show_default=False)
    ],
    html_file: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The page; the figures go beside it as .json.")
    ] = Path("report.html"),
    pictures: Annotated[
        bool,
        typer.Option(
            "--pictures", help="Small pictures of mistakes, heads hidden. The page is deleted with its recordings."
        ),
    ] = False,
    tolerance_s: Annotated[
        float | None, typer.Option(min=0, help="Farther apart is not the same crossing; else 15 frames.")
    ] = None,
    labeller: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose labels count; else labels.json, or the first by name.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Count with this configuration, not with the one that was recorded.")
    ] = None,
) -> None:
    """Run recordings through the camera's agent again and compare its crossings with the labels.

    Accuracy, precision, recall and net error with 95 % intervals, by line, direction, hour and people in view; what was
    missed and invented; and a statement of what is certified. docs/audit.md says what each figure means. The same
    recordings, labels and configuration give the same bytes.
    """
    import msgspec
    from rich.progress import Progress

    from edge.auditing.folder import AuditError, AuditFolder, write_private
    from edge.auditing.report import ReportOptions, audit_folder, build_report
    from edge.auditing.report_page import render
    from edge.camera_config import load_camera_config
    from edge.errors import EdgeError
    from edge.main import CAMERA_CLOCK
    from models.errors import ModelError
    from models.registry import ModelRegistry

    with one_line_errors(EdgeError, ModelError, OSError), Progress(console=err, transient=True) as progress:
        _purge_expired()
        if html_file.suffix == ".json":
            msg = f"--out names the page, such as report.html, and the figures go beside it as .json; got {html_file}"
            raise AuditError(msg)
        settings = None if config is None else load_camera_config(config)
        registry = ModelRegistry(default_models_dir())
        audited = []
        for path in folders:
            folder = AuditFolder(path)
            task = progress.add_task(str(path), total=len(folder.manifest().frame_times_ms))
            options = ReportOptions(
                tolerance_s,
                labeller,
                settings,
                on_frame=lambda task=task: progress.advance(task),  # type: ignore[misc]
            )
            audited.append(audit_folder(folder, options, CAMERA_CLOCK, registry))
        found = build_report(audited)
        shown = _pictures(found, audited, html_file) if pictures else {}
        write_private(html_file, render(found, shown).encode())
        figures = msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"
        write_private(html_file.with_suffix(".json"), figures)
    out.print(_figures(found))
    out.print(found.statement, highlight=False, soft_wrap=True)


def _pictures(found: "Report", audited: "Sequence[Audited]", page: Path) -> dict[tuple[int, int], str]:
    """Return pictures for a page, which is deleted with its recordings from now on."""
    from edge.adapters.onnx_detector import OnnxDetector
    from edge.adapters.tiled_detector import tiled
    from edge.auditing.log import LogEntry
    from edge.auditing.report_pictures import crossing_pictures
    from edge.core.tracker_rules import TrackerRules
    from edge.main import clock_ms
    from models.loader import load_model
    from models.registry import ModelRegistry

    registry = ModelRegistry(default_models_dir())
    very_doubtful = 0.1
    detectors = []
    for each in audited:
        camera = each.config.camera
        whole = OnnxDetector(load_model(registry.get(camera.model)), camera.input_size, very_doubtful)
        detectors.append(tiled(whole, camera.tiles, TrackerRules().detector_nms_iou))
    for each in audited:
        if each.manifest.kind == "recording":
            entry = LogEntry(
                time_ms=clock_ms(),
                action="report",
                operator=each.manifest.operator,
                folder=str(each.folder.path.resolve()),
                note=str(page.resolve()),
            )
            _log().add(entry)
    return crossing_pictures(found, audited, detectors)


def _figures(found: "Report") -> Table:
    columns = ("", "labelled", "counted", "right", "missed", "invented", "accuracy", "95 % interval", "net error")
    table = Table(*columns)
    names = {"hour (UTC)": "{} (UTC)", "people in view": "{} in view"}
    rows = [("", "all", found.scores)]
    rows += [(each.by, names.get(each.by, "{}").format(each.value), each.scores) for each in found.slices]
    for before, (kind, name, scores) in zip([rows[0], *rows], rows, strict=False):
        if kind != before[0]:
            table.add_section()
        share, net = scores.accuracy, scores.net_error
        table.add_row(
            name,
            *(str(n) for n in (scores.labelled, scores.counted, scores.matched, scores.missed, scores.invented)),
            "-" if share.value is None else f"{share.value:.1%}",
            "-" if share.low is None or share.high is None else f"{share.low:.1%} to {share.high:.1%}",
            "-" if net.value is None else f"{net.value:+.1%}",
        )
    return table


@app.command("list")
def list_recordings() -> None:
    """Show the recordings that were not deleted yet, who made them, why, and when they are deleted."""
    from contracts.timestamps import format_time
    from edge.errors import EdgeError

    table = Table("folder", "operator", "reason", "recorded", "deleted after")
    with one_line_errors(EdgeError, OSError):
        _purge_expired()
        for entry in _log().recordings():
            after = "-" if entry.delete_after_ms is None else format_time(entry.delete_after_ms)
            table.add_row(entry.folder, entry.operator, entry.note, format_time(entry.time_ms), after)
    out.print(table)


@app.command()
def purge(
    everything: Annotated[bool, typer.Option("--all", help="Those whose time is not up, too.")] = False,
    operator: Annotated[str, typer.Option(metavar="NAME", help="Who deletes, for the log.")] = "",
) -> None:
    """Delete the videos of recordings whose time is up, and reports with pictures of them.

    Who recorded what and why, the labels, and reports without pictures stay.
    """
    from edge.errors import EdgeError
    from edge.main import clock_ms

    with one_line_errors(EdgeError, OSError):
        deleted = _log().purge(clock_ms(), everything=everything, operator=operator)
    for entry in deleted:
        out.print(f"Deleted the video in {entry.folder}", highlight=False, soft_wrap=True)
    out.print(f"{len(deleted)} deleted, {len(_log().recordings())} left", highlight=False)

"""An audit's report as one page of HTML: it needs no other file, no script and no network. Pure."""

from collections.abc import Mapping, Sequence
from html import escape

from edge.auditing.report import AuditedRecording, ListedCrossing, Report
from edge.auditing.report_plots import accuracy_plot, mistakes_plot, slice_rows
from edge.core.audit_scores import Scores, Share

Pictures = Mapping[tuple[int, int], str]
"""Addresses of pictures (`data:`) by recording and frame."""

_STYLE = """
:root { color-scheme: light dark; --page: #f6f6f3; --paper: #fff; --ink: #1d2328; --quiet: #626c74; --line: #dcdedb;
  --good: #1a7f46; --bad: #b3261e; --warn: #b86a00; --open: #4a6fa5; }
@media (prefers-color-scheme: dark) { :root { --page: #15181b; --paper: #1e2327; --ink: #e8ecee; --quiet: #a0aab1;
  --line: #353c42; --good: #6fd39b; --bad: #ff9a90; --warn: #f0b460; --open: #8fb3e6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 58rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 0 0 .4rem; }
h3 { font-size: .95rem; margin: 1rem 0 .2rem; }
p { margin: .3rem 0 .7rem; } .quiet, small { color: var(--quiet); }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.3rem;
  margin-top: 1rem; }
.statement { border-left: 6px solid var(--warn); font-size: 1.1rem; font-weight: 600; }
.statement.good { border-left-color: var(--good); }
.tiles { display: grid; gap: .7rem; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); margin-top: 1rem; }
.tile { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: .7rem .9rem; }
.tile b { display: block; font-size: 1.45rem; font-variant-numeric: tabular-nums; }
.tile span { color: var(--quiet); font-size: .85rem; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .5rem; border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-weight: 500; vertical-align: bottom; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
td.name { overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.group th { text-align: left; color: var(--ink); font-weight: 600; padding-top: .8rem; }
svg { display: block; width: 100%; height: auto; margin: .4rem 0; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); } svg text.tick { fill: var(--quiet); font-size: 12px; }
svg .grid { stroke: var(--line); } svg .target { stroke: var(--warn); stroke-width: 2; stroke-dasharray: 5 4; }
svg .interval { stroke-width: 5; stroke-linecap: round; } svg .interval.good { stroke: var(--good); }
svg .interval.open { stroke: var(--open); opacity: .75; } svg .value.good { fill: var(--good); }
svg .value.open { fill: var(--open); } svg .missed { fill: var(--bad); } svg .invented { fill: var(--warn); }
ul.mistakes { list-style: none; margin: 0; padding: 0; display: grid; gap: .6rem;
  grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); }
ul.mistakes li { border: 1px solid var(--line); border-radius: 8px; padding: .5rem .7rem; break-inside: avoid; }
ul.mistakes img { display: block; width: 100%; height: auto; border-radius: 4px; margin-top: .4rem; }
.mark { font-weight: 600; } .mark.missed { color: var(--bad); } .mark.invented { color: var(--warn); }
@media print { body { background: #fff; } section, .tile { break-inside: avoid; border-color: #bbb; } }
"""

_METHOD = """
<p><b>Accuracy</b> = right / (right + missed + invented): a crossing that was missed and one that was invented are both
wrong. <b>Precision</b> = right / counted. <b>Recall</b> = right / labelled. <b>Net error</b> = (counted - labelled) /
labelled; in it a missed and an invented crossing cancel.</p>
<p>A counted crossing is right where a labelled one of the same line and direction lies within the tolerance; each is
used once, as many pairs are made as can be, and of those the nearest in time.</p>
<p>Intervals are Wilson's score intervals at 95 % (JASA 22, 1927); the net error's is Newcombe's for paired shares
(Statistics in Medicine 17, 1998, method 10). They take crossings as independent of each other; people who come in
groups make them a little too narrow. <b>Certified</b> is the best of the levels that the lower bound reaches.</p>
"""


def render(report: Report, pictures: Pictures) -> str:
    """Return the page.

    Args:
        report: The figures.
        pictures: Of missed and invented crossings, heads hidden; may be empty.
    """
    grade = "good" if report.certified_level is not None else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Audit of counts</title><style>{_STYLE}</style></head><body><main>"
        f"<header><h1>Audit of counts: {escape(_devices(report))}</h1>"
        f'<section class="statement {grade}">{escape(report.statement)}</section>{_tiles(report.scores)}</header>'
        f"{_accuracy(report)}{_table(report)}{_mistakes(report, pictures)}{_recordings(report)}"
        f'<section><h2>What the figures mean</h2>{_METHOD}<p class="quiet">Rule {escape(report.crossing_rule)}, '
        f"detector {escape(report.model)}.</p></section></main></body></html>\n"
    )


def _devices(report: Report) -> str:
    return ", ".join(dict.fromkeys(recording.device for recording in report.recordings))


def _tiles(scores: Scores) -> str:
    tiles = [
        ("accuracy", _value(scores.accuracy), _interval(scores.accuracy)),
        ("precision", _value(scores.precision), _interval(scores.precision)),
        ("recall", _value(scores.recall), _interval(scores.recall)),
        ("net error", _value(scores.net_error, "+.1%"), _interval(scores.net_error, "+.1%")),
        ("labelled / counted", f"{scores.labelled} / {scores.counted}", f"{scores.matched} right"),
        ("missed / invented", f"{scores.missed} / {scores.invented}", f"of {scores.accuracy.trials} crossings"),
    ]
    shown = (
        f'<div class="tile"><span>{name}</span><b>{value}</b><span>{small}</span></div>' for name, value, small in tiles
    )
    return f'<div class="tiles">{"".join(shown)}</div>'


def _value(share: Share, form: str = ".1%") -> str:
    return "-" if share.value is None else format(share.value, form)


def _interval(share: Share, form: str = ".1%") -> str:
    return "none" if share.low is None or share.high is None else f"{share.low:{form}} to {share.high:{form}}"


def _accuracy(report: Report) -> str:
    rows = [("all", report.scores.accuracy), *slice_rows(report.slices, "line and direction")]
    rows += [(f"{name} (UTC)", share) for name, share in slice_rows(report.slices, "hour (UTC)")]
    rows += [(f"{name} in view", share) for name, share in slice_rows(report.slices, "people in view")]
    return (
        "<section><h2>Accuracy and how sure it is</h2>"
        '<p class="quiet">A dot is what was measured, a bar the 95 % interval; green where all of it reaches 90 %.</p>'
        f"{accuracy_plot(rows)}</section>"
    )


def _table(report: Report) -> str:
    head = "".join(
        f"<th>{name}</th>"
        for name in ("", "labelled", "counted", "right", "missed", "invented", "accuracy", "precision", "recall", "net")
    )
    rows, before = [_row("all", report.scores)], ""
    for each in report.slices:
        if each.by != before:
            rows.append(f'<tr class="group"><th colspan="10">by {escape(each.by)}</th></tr>')
            before = each.by
        rows.append(_row(each.value, each.scores))
    return (
        f'<section><h2>Figures</h2><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _row(name: str, scores: Scores) -> str:
    counts = (scores.labelled, scores.counted, scores.matched, scores.missed, scores.invented)
    shares = [(scores.accuracy, ".1%"), (scores.precision, ".1%"), (scores.recall, ".1%"), (scores.net_error, "+.1%")]
    cells = "".join(f"<td>{count}</td>" for count in counts)
    cells += "".join(
        f"<td>{_value(share, form)}<br><small>{_interval(share, form.replace('1', '0'))}</small></td>"
        for share, form in shares
    )
    return f"<tr><td>{escape(name)}</td>{cells}</tr>"


def _mistakes(report: Report, pictures: Pictures) -> str:
    if not (report.missed or report.invented):
        return "<section><h2>Missed and invented crossings</h2><p>There are none.</p></section>"
    plots = []
    for index, recording in enumerate(report.recordings):
        missed, invented = (
            [each for each in some if each.recording == index] for some in (report.missed, report.invented)
        )
        if missed or invented:
            plots.append(f"<h3>{escape(recording.name)}</h3>{mistakes_plot(recording, missed, invented)}")
    listed = "".join(
        _mistake(report, kind, each, pictures)
        for kind, some in (("missed", report.missed), ("invented", report.invented))
        for each in some
    )
    note = ""
    if pictures:
        note = '<p class="quiet">Pictures are small and heads are hidden. This page is deleted with its recordings.</p>'
    return (
        f"<section><h2>Missed and invented crossings</h2>{''.join(plots)}{note}"
        f'<ul class="mistakes">{listed}</ul></section>'
    )


def _mistake(report: Report, kind: str, each: ListedCrossing, pictures: Pictures) -> str:
    picture = pictures.get((each.recording, each.frame))
    about = f"{each.tripwire_id} {each.direction}"
    image = f'<img src="{picture}" alt="Frame {each.frame}: {kind} {escape(about)}">' if picture else ""
    return (
        f'<li><span class="mark {kind}">{kind}</span> {escape(about)}<br><small>{each.time}, frame {each.frame} of '
        f"{escape(report.recordings[each.recording].name)}, {each.people} in view</small>{image}</li>"
    )


def _recordings(report: Report) -> str:
    rows = "".join(_recording(each) for each in report.recordings)
    head = "".join(
        f'<th class="text">{name}</th>'
        for name in ("recording", "start", "length", "tolerance", "labels of", "people in view told by", "made by, why")
    )
    return (
        f'<section><h2>Recordings</h2><div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>'
        f"</table></div>{_agreements(report.recordings)}</section>"
    )


def _recording(each: AuditedRecording) -> str:
    made = escape(", ".join(text for text in (each.operator, each.reason) if text))
    cells = (
        (
            f"{escape(each.name)}<br><small>video {each.video_sha256[:12]}, "
            f"configuration {each.config_sha256[:12]}</small>"
        ),
        each.start,
        f"{each.seconds:.0f} s, {each.frames} frames",
        f"{each.tolerance_s:.2f} s",
        escape(each.labeller),
        "labels" if each.density == "labels" else "the camera",
        made,
    )
    return "".join(["<tr>", *(f'<td class="text name">{cell}</td>' for cell in cells), "</tr>"])


def _agreements(recordings: Sequence[AuditedRecording]) -> str:
    lines = []
    for recording in recordings:
        for each in recording.agreements:
            found = each.figures
            kappa = "not defined" if found.kappa is None else f"{found.kappa:.2f}"
            lines.append(
                f"<li>{escape(recording.name)}: {escape(each.first)} and {escape(each.second)} agree on {found.both} "
                f"crossings, {found.first_only} were seen by the first alone and {found.second_only} by the second; "
                f"Cohen's kappa {kappa}</li>"
            )
    return f"<h3>Agreement of labellers</h3><ul>{''.join(lines)}</ul>" if lines else ""

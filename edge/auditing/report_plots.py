"""The plots of an audit's report, as inline SVG. Pure."""

from collections.abc import Sequence
from html import escape

from edge.auditing.report import AuditedRecording, ListedCrossing, Slice
from edge.core.audit_scores import Share

_WIDTH = 760
_LABEL_WIDTH = 210
_ROW = 26
_RIGHT = 24
_TARGET = 0.9


def _x(share: float) -> float:
    return round(_LABEL_WIDTH + share * (_WIDTH - _LABEL_WIDTH - _RIGHT), 1)


def accuracy_plot(rows: Sequence[tuple[str, Share]]) -> str:
    """Return accuracies with their intervals, one below the other, and the line of 90 %.

    Args:
        rows: Name and share of each.
    """
    height = _ROW * len(rows) + 44
    told = "; ".join(f"{name} {_percent(share)}" for name, share in rows)
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Accuracy with 95 % intervals: {escape(told)}">'
    ]
    for percent in range(0, 101, 10):
        x = _x(percent / 100)
        parts.append(f'<line class="grid" x1="{x}" y1="8" x2="{x}" y2="{height - 30}"/>')
        if percent % 20 == 0:
            parts.append(f'<text class="tick" x="{x}" y="{height - 12}" text-anchor="middle">{percent} %</text>')
    target = _x(_TARGET)
    parts.append(f'<line class="target" x1="{target}" y1="8" x2="{target}" y2="{height - 30}"/>')
    parts.append(f'<text class="tick" x="{target}" y="{height - 12}" text-anchor="middle">90 %</text>')
    parts += [_whisker(name, share, 8 + _ROW * (row + 0.5)) for row, (name, share) in enumerate(rows)]
    return "".join([*parts, "</svg>"])


def _whisker(name: str, share: Share, y: float) -> str:
    text = f'<text class="name" x="{_LABEL_WIDTH - 12}" y="{y + 4}" text-anchor="end">{escape(name)}</text>'
    if share.value is None or share.low is None or share.high is None:
        return f'{text}<text class="tick" x="{_x(0) + 6}" y="{y + 4}">no crossing</text>'
    kind = "good" if share.low >= _TARGET else "open"
    return (
        f"{text}<g><title>{escape(name)}: {_percent(share)}</title>"
        f'<line class="interval {kind}" x1="{_x(share.low)}" y1="{y}" x2="{_x(share.high)}" y2="{y}"/>'
        f'<circle class="value {kind}" cx="{_x(share.value)}" cy="{y}" r="5"/></g>'
    )


def _percent(share: Share) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "no crossing"
    return f"{share.value:.1%}, {share.low:.1%} to {share.high:.1%} of {share.trials}"


def slice_rows(slices: Sequence[Slice], kind: str) -> list[tuple[str, Share]]:
    """Return what `accuracy_plot` shows of the slices of one kind."""
    return [(each.value, each.scores.accuracy) for each in slices if each.by == kind]


def mistakes_plot(
    recording: AuditedRecording, missed: Sequence[ListedCrossing], invented: Sequence[ListedCrossing]
) -> str:
    """Return when in a recording crossings were missed or invented."""
    long_s = max(recording.seconds, 1.0)
    height = 84
    told = f"{len(missed)} missed and {len(invented)} invented in {long_s:.0f} seconds"
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{told}">']
    for row, (name, kind, some) in enumerate((("missed", "missed", missed), ("invented", "invented", invented))):
        y = 18 + row * 24
        parts.append(f'<text class="name" x="{_LABEL_WIDTH - 12}" y="{y + 4}" text-anchor="end">{name}</text>')
        parts.append(f'<line class="grid" x1="{_x(0)}" y1="{y}" x2="{_x(1)}" y2="{y}"/>')
        for each in some:
            x = _x(min(1.0, each.seconds / long_s))
            about = f"{each.time}, {each.tripwire_id} {each.direction}"
            parts.append(
                f'<circle class="{kind}" cx="{x}" cy="{y}" r="6"><title>{name}: {escape(about)}</title></circle>'
            )
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        text = f"{share * long_s / 60:.1f} min"
        parts.append(f'<text class="tick" x="{_x(share)}" y="{height - 8}" text-anchor="middle">{text}</text>')
    return "".join([*parts, "</svg>"])

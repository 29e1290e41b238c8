"""A scan-code terminal's logic. Pure: lines in, scan events out.

A line is either what a scanner typed, or a JSON object `{"t_ms", "code", "member": {"namespace", "value"}}` from a
terminal that knows its own time and who stands before it. A scanned member code (see `member_prefixes`) stays in force
for the item scans of the next seconds; it is sent as a pseudonym alone. Of a staff card (see `staff_prefixes`, or
`{"t_ms", "staff": true}`) nothing is sent but that one was shown; it ends the time of the member before.
"""

from collections.abc import Iterable, Mapping
from typing import get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from contracts.decoding import decode_json
from contracts.events import EventDraft, Source, draft_event
from contracts.fields import TimeMs
from contracts.ids import deterministic_id
from contracts.payloads import CodeScanned, StaffShown
from contracts.pseudonym import NAMESPACES, MemberPseudonym, Namespace, pseudonymize
from edge.core.codes import parse_item_code
from edge.errors import BadInputError, ConfigurationError

_MAX_CODE_CHARS = 2048


class ShownMember(Struct, frozen=True, kw_only=True):
    """A member as shown at a terminal or a till, before it becomes a pseudonym."""

    namespace: Namespace
    value: str


class _ScanLine(Struct, frozen=True, kw_only=True):
    code: str | None = None
    t_ms: TimeMs | None = None
    member: ShownMember | None = None
    staff: bool = False


_DECODER = msgspec.json.Decoder(_ScanLine)


class ScanRules(Struct, frozen=True, kw_only=True):
    """How a terminal reads its lines."""

    source: Source
    pseudonym_key: bytes
    member_prefixes: tuple[tuple[str, Namespace], ...] = ()
    staff_prefixes: tuple[str, ...] = ()
    member_hold_ms: int = 30_000
    zone_id: str | None = None


class ScanState(Struct, frozen=True, kw_only=True):
    """The member code that is in force, and how many scans fell on the newest millisecond."""

    member: MemberPseudonym | None = None
    member_until_ms: int = 0
    last_ms: int = -1
    ordinal: int = 0


def scan_rules(
    source: Source,
    key: bytes,
    prefixes: dict[str, str],
    member_hold_s: float,
    zone_id: str | None,
    *,
    staff_prefixes: tuple[str, ...] = (),
) -> ScanRules:
    """Return checked rules.

    Raises:
        ConfigurationError: As `check_prefixes`.
    """
    return ScanRules(
        source=source,
        pseudonym_key=key,
        member_prefixes=check_prefixes(prefixes, staff_prefixes),
        staff_prefixes=staff_prefixes,
        member_hold_ms=round(member_hold_s * 1000),
        zone_id=zone_id,
    )


def check_prefixes(prefixes: Mapping[str, str], staff_prefixes: Iterable[str]) -> tuple[tuple[str, Namespace], ...]:
    """Return what member codes begin with, and the namespaces of the rest.

    Raises:
        ConfigurationError: A prefix names a namespace that does not exist, is empty, or is that of members and staff.
    """
    for prefix in staff_prefixes:
        if not prefix or prefix in prefixes:
            msg = f"terminal.staff_prefixes: expected text that no member code begins with, got {prefix!r}"
            raise ConfigurationError(msg)
    checked: list[tuple[str, Namespace]] = []
    for prefix, namespace in prefixes.items():
        known = next((each for each in NAMESPACES if each == namespace), None)
        if known is None or not prefix:
            msg = (
                f"terminal.member_prefixes: expected a prefix and one of {', '.join(get_args(Namespace))}, "
                f"got {prefix!r} = {namespace!r}"
            )
            raise ConfigurationError(msg)
        checked.append((prefix, known))
    return tuple(checked)


def scan_line(
    state: ScanState, line: bytes, now_ms: int, rules: ScanRules
) -> tuple[ScanState, EventDraft[CodeScanned] | EventDraft[StaffShown] | None]:
    """Return the state after one line, and the event that it makes (None for an empty line).

    Args:
        state: The terminal's state.
        line: What came from the scanner, without its line end.
        now_ms: The terminal's clock, Unix milliseconds; used where the line has no time of its own.
        rules: How lines are read.

    Raises:
        BadInputError: The line is no text, too long, or malformed JSON.
    """
    if not line.strip():
        return state, None
    scan = _read(line, rules)
    time_ms = now_ms if scan.t_ms is None else scan.t_ms
    state = replace(state, last_ms=time_ms, ordinal=state.ordinal + 1 if time_ms == state.last_ms else 0)
    if scan.staff:
        shown = draft_event(rules.source, StaffShown(zone_id=rules.zone_id), time_ms, "staff", state.ordinal)
        return replace(state, member=None, member_until_ms=0), shown
    held = state.member if time_ms < state.member_until_ms else None
    member = held if scan.member is None else _pseudonym(scan.member, rules)
    if scan.code is None:
        state = replace(state, member=member, member_until_ms=time_ms + rules.member_hold_ms)
    return state, _draft(state, scan.code, member, time_ms, rules)


def _read(line: bytes, rules: ScanRules) -> _ScanLine:
    try:
        text = line.decode().strip()
    except UnicodeDecodeError as error:
        msg = f"expected UTF-8 text from the scanner, got {line[:40]!r}"
        raise BadInputError(msg) from error
    if len(text) > _MAX_CODE_CHARS:
        msg = f"expected a code of at most {_MAX_CODE_CHARS} characters, got {len(text)}"
        raise BadInputError(msg)
    if text.startswith("{"):
        return _read_json(text)
    if any(text.startswith(prefix) for prefix in rules.staff_prefixes):
        return _ScanLine(staff=True)
    for prefix, namespace in rules.member_prefixes:
        if text.startswith(prefix) and len(text) > len(prefix):
            return _ScanLine(member=ShownMember(namespace=namespace, value=text.removeprefix(prefix)))
    return _ScanLine(code=text)


def _read_json(text: str) -> _ScanLine:
    try:
        scan = decode_json(_DECODER, text)
    except msgspec.MsgspecError as error:
        msg = f"expected a scan such as {{'t_ms': 1700000000000, 'code': '4006381333931'}}: {error}"
        raise BadInputError(msg) from error
    if scan.code is None and scan.member is None and not scan.staff:
        msg = f"expected a scan with a code, a member or both, or a staff card, got {text[:80]}"
        raise BadInputError(msg)
    return scan


def _pseudonym(member: ShownMember, rules: ScanRules) -> MemberPseudonym:
    try:
        return pseudonymize(member.namespace, member.value, rules.pseudonym_key)
    except ValueError as error:
        raise BadInputError(str(error)) from error


def _draft(
    state: ScanState, code: str | None, member: MemberPseudonym | None, time_ms: int, rules: ScanRules
) -> EventDraft[CodeScanned]:
    item = parse_item_code(code) if code is not None else None
    data = CodeScanned(
        scan_id=deterministic_id(time_ms, str(rules.source), state.ordinal, code or ""),
        code=code or "",
        gtin=item.gtin if item else None,
        serial=item.serial if item else None,
        lot=item.lot if item else None,
        member=member,
        result="member" if code is None else "item" if item else "unreadable",
        zone_id=rules.zone_id,
    )
    return draft_event(rules.source, data, time_ms, state.ordinal, data.code)

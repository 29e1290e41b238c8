"""What the gateway wants of a terminal or a till is laid over its own file; what cannot be is named."""

from pathlib import Path

import pytest

from contracts.device_configuration import DesiredConfiguration
from contracts.events import Source
from contracts.payloads import CodeScanned, PosSale
from edge.config import PosConfig, ScanTerminalConfig, load_toml
from edge.core.receipts import PosRules
from edge.core.scanning import scan_rules
from edge.desired_terminal import POS_KEYS, TERMINAL_KEYS, pos_with, terminal_with
from edge.errors import ConfigurationError
from edge.line_agent import ReceiptReader, ScanReader
from edge.reconfiguration import differences

DEVICE = '[device]\ntenant = "a"\nstore = "s"\nid = "kiosk"\ndata_dir = "."\n[pseudonyms]\nkey_file = "key"\n'
TERMINAL = '[terminal]\nzone_id = "own"\nmember_prefixes = { "M:" = "member_number" }\nstaff_prefixes = ["S:"]\n'
SOURCE = Source("a", "s", "kiosk")
SALE = b'{"receipt_id":"r1","lines":[],"total_minor":0,"currency":"EUR"}'


def _terminal(folder: Path) -> ScanTerminalConfig:
    (folder / "kiosk.toml").write_text(DEVICE + TERMINAL)
    return load_toml(folder / "kiosk.toml", ScanTerminalConfig)


def _till(folder: Path) -> PosConfig:
    (folder / "till.toml").write_text(DEVICE + '[pos]\nzone_id = "checkout"\n')
    return load_toml(folder / "till.toml", PosConfig)


def _desired(document: str) -> DesiredConfiguration:
    return DesiredConfiguration(version=3, document=document)


def test_keys_that_are_not_there_stay_as_they_are(tmp_path: Path):
    own = _terminal(tmp_path)
    found = terminal_with(own, _desired('[terminal]\nzone_id = "new"\nmember_hold_s = 5\n'))
    assert (found.terminal.zone_id, found.terminal.member_hold_s) == ("new", 5.0)
    assert found.terminal.member_prefixes == own.terminal.member_prefixes
    assert set(differences("", own, found)) <= TERMINAL_KEYS
    assert terminal_with(own, _desired("")) == own
    till = _till(tmp_path)
    assert set(differences("", till, pos_with(till, _desired('[pos]\nzone_id = "till-2"\n')))) == POS_KEYS


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ('[terminal]\ninput = "file:/etc/passwd"\n', "version 3: Object contains unknown field `input`"),
        ('[terminal]\nzone_id = "a b"\n', r"zone_id"),
        ("[terminal]\nmember_hold_s = -1\n", "member_hold_s"),
        ('[terminal]\nmember_prefixes = { "M:" = "shoe" }\n', "terminal.member_prefixes: .* got 'M:' = 'shoe'"),
        ('[terminal]\nstaff_prefixes = ["M:"]\n', "terminal.staff_prefixes: .* got 'M:'"),
        ("[broker]\nport = 1\n", "unknown field `broker`"),
        ("[", "version 3: "),
    ],
)
def test_what_a_terminal_cannot_use_is_named(tmp_path: Path, document: str, reason: str):
    with pytest.raises(ConfigurationError, match=reason):
        terminal_with(_terminal(tmp_path), _desired(document))


def test_what_a_till_cannot_use_is_named(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="unknown field `terminal`"):
        pos_with(_till(tmp_path), _desired(TERMINAL))


def test_other_rules_hold_from_the_next_line_on_and_the_member_stays():
    rules = scan_rules(SOURCE, b"k" * 16, {"M:": "member_number"}, 30.0, "one")
    reader = ScanReader(rules)
    reader.read(b"M:4711", 1000)
    reader.change(scan_rules(SOURCE, b"k" * 16, {}, 30.0, "two"))
    draft = reader.read(b"4006381333931", 2000)
    assert draft is not None
    assert isinstance(draft.data, CodeScanned)
    assert (draft.data.zone_id, draft.data.member is not None) == ("two", True)
    till = ReceiptReader(PosRules(source=SOURCE, pseudonym_key=b"k" * 16, zone_id="one"))
    till.change(PosRules(source=SOURCE, pseudonym_key=b"k" * 16, zone_id="two"))
    sale = till.read(SALE, 1000)
    assert sale is not None
    assert isinstance(sale.data, PosSale)
    assert sale.data.zone_id == "two"


def test_a_zone_that_events_cannot_name_is_refused_in_the_own_file_too(tmp_path: Path):
    (tmp_path / "kiosk.toml").write_text(DEVICE + '[terminal]\nzone_id = "a b"\n')
    with pytest.raises(ConfigurationError, match=r"terminal\.zone_id"):
        load_toml(tmp_path / "kiosk.toml", ScanTerminalConfig)

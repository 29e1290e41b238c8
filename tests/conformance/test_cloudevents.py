"""What we emit is CloudEvents 1.0, by the specification's own JSON Schema, and what our schemas say it is."""

import json
from pathlib import Path

import jsonschema
import pytest

from contracts import generate
from contracts.events import encode_event
from contracts.generate import ROOT, documents
from contracts.privacy import Payload
from contracts.schemas import event_schema
from tests.unit.contracts.samples import SAMPLES, sample_event

SPECIFICATION = ROOT.parent / "shared" / "data" / "cloudevents" / "cloudevents.json"


@pytest.mark.parametrize("payload", SAMPLES, ids=lambda payload: type(payload).__name__)
def test_events_are_valid_cloudevents(payload: Payload):
    if not SPECIFICATION.exists():
        pytest.skip(f"the CloudEvents JSON Schema is not beside this checkout: {SPECIFICATION}")
    validator = jsonschema.Draft7Validator(
        json.loads(SPECIFICATION.read_text()), format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
    )
    validator.validate(json.loads(encode_event(sample_event(payload))))


@pytest.mark.parametrize("payload", SAMPLES, ids=lambda payload: type(payload).__name__)
def test_events_are_valid_by_our_own_schemas(payload: Payload):
    schema = event_schema(type(payload))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    document = json.loads(encode_event(sample_event(payload)))
    validator.validate(document)
    assert list(validator.iter_errors({**document, "data": {}})), "an empty payload must not pass"


@pytest.mark.parametrize(("path", "text"), documents().items(), ids=lambda value: getattr(value, "name", ""))
def test_generated_documents_are_up_to_date(path: Path, text: str):
    assert (ROOT / path).read_text() == text, "run `make schemas` and commit the result"


def test_generating_writes_every_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    generate.main()
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*.*")} == set(documents())

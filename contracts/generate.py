"""Writes the documents that are made from the types: `python -m contracts.generate`, or `make schemas`."""

from importlib.metadata import version
from pathlib import Path

from contracts.schemas import PAYLOADS, asyncapi_document, event_catalogue, event_schema, to_json_text

ROOT = Path(__file__).resolve().parent.parent


def documents() -> dict[Path, str]:
    """Return each generated file's path, from the repository's root, and its text."""
    schemas = Path("contracts/documents")
    texts = {schemas / f"{payload.TYPE}.json": to_json_text(event_schema(payload)) for payload in PAYLOADS}
    texts[schemas / "asyncapi.json"] = to_json_text(asyncapi_document(version("shopthread")))
    texts[Path("docs/events.md")] = event_catalogue()
    return texts


def main() -> None:
    """Write every generated file."""
    for path, text in documents().items():
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

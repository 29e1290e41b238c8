"""JSON Schemas, the AsyncAPI document and the event catalogue, made from the types. Pure: returns text."""

import json
from typing import Any

import msgspec

from contracts.clock import ClockAnswer, ClockRequest, clock_answer_topic, clock_request_topic
from contracts.delivery import EVENT_MEDIA_TYPE, Acknowledgement, Presence
from contracts.device_configuration import (
    DesiredConfiguration,
    ReportedConfiguration,
    config_desired_topic,
    config_reported_topic,
)
from contracts.device_model import (
    MODEL_CHUNK_NAME,
    MODEL_DESIRED_NAME,
    MODEL_REPORTED_NAME,
    MODEL_REQUEST_NAME,
    DesiredModel,
    ModelChunk,
    ModelRequest,
    ReportedModel,
)
from contracts.device_restart import Restarted, RestartRequest, restart_topic, restarted_topic
from contracts.events import Event, Source
from contracts.payloads import STORE_LOCAL_PAYLOADS, UPLINK_PAYLOADS
from contracts.privacy import Payload, PrivacyClass
from contracts.signature_keys import SignatureKey, SignatureKeyRequest, key_request_topic, key_topic
from contracts.topics import ack_topic, build_topic, event_topic, presence_topic

JSON_SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI_VERSION = "3.0.0"
PAYLOADS: tuple[type[Payload], ...] = (*UPLINK_PAYLOADS, *STORE_LOCAL_PAYLOADS)

_ANY = Source("tenant", "store", "device")
_CONTROLS: tuple[tuple[type[msgspec.Struct], str, str, str, PrivacyClass], ...] = (
    (
        Acknowledgement,
        ack_topic(_ANY),
        "receive",
        "The gateway holds events durably up to a number.",
        PrivacyClass.OPERATIONAL,
    ),
    (
        Presence,
        presence_topic(_ANY),
        "send",
        "A device is connected, or (its last will) is not.",
        PrivacyClass.OPERATIONAL,
    ),
    (
        SignatureKeyRequest,
        key_request_topic(_ANY),
        "send",
        "A device asks for the day's key.",
        PrivacyClass.STORE_LOCAL,
    ),
    (ClockRequest, clock_request_topic(_ANY), "receive", "The gateway asks what time it is.", PrivacyClass.OPERATIONAL),
    (ClockAnswer, clock_answer_topic(_ANY), "send", "A device says what time it is.", PrivacyClass.OPERATIONAL),
    (
        DesiredConfiguration,
        config_desired_topic(_ANY),
        "receive",
        "What the gateway wants a device to be configured like, retained.",
        PrivacyClass.OPERATIONAL,
    ),
    (
        ReportedConfiguration,
        config_reported_topic(_ANY),
        "send",
        "The configuration that a device has in force, or why it has not, retained.",
        PrivacyClass.OPERATIONAL,
    ),
    (RestartRequest, restart_topic(_ANY), "receive", "A device is to start again.", PrivacyClass.OPERATIONAL),
    (
        Restarted,
        restarted_topic(_ANY),
        "send",
        "A device has started, and after which request, retained.",
        PrivacyClass.OPERATIONAL,
    ),
    (
        DesiredModel,
        build_topic(_ANY, "cmd", MODEL_DESIRED_NAME),
        "receive",
        "The model that the gateway wants a device to use, retained.",
        PrivacyClass.OPERATIONAL,
    ),
    (
        ReportedModel,
        build_topic(_ANY, "state", MODEL_REPORTED_NAME),
        "send",
        "What the device did about it, retained.",
        PrivacyClass.OPERATIONAL,
    ),
    (
        ModelRequest,
        build_topic(_ANY, "state", MODEL_REQUEST_NAME),
        "send",
        "A device asks for a piece of a model.",
        PrivacyClass.OPERATIONAL,
    ),
    (ModelChunk, build_topic(_ANY, "cmd", MODEL_CHUNK_NAME), "receive", "The piece.", PrivacyClass.OPERATIONAL),
    (SignatureKey, key_topic(_ANY), "receive", "The day's key, never retained.", PrivacyClass.STORE_LOCAL),
)
_UNCONFIRMED = frozenset({ClockRequest.__name__, ClockAnswer.__name__})
"""What is sent with QoS 0, since it is worth nothing later; and so is all that must lie on no disk."""
_PARAMETERS = {
    name: {"description": f"The {name}'s name: 1 to 64 of a-z, 0-9 and the hyphen."}
    for name in ("tenant", "store", "device")
}


def event_schema(payload: type[Payload]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of one type's whole event."""
    (root,), components = msgspec.json.schema_components([Event[payload]], ref_template="#/$defs/{name}")  # type: ignore[valid-type]  # a type made at run time
    event = dict(components.pop(root["$ref"].rpartition("/")[2]))
    event["properties"] = {**event["properties"], "type": {"const": payload.TYPE}}
    event["required"] = ["specversion", *event["required"]]
    return {
        "$schema": JSON_SCHEMA_DIALECT,
        "$id": f"{payload.TYPE}.json",
        **event,
        "title": payload.TYPE,
        "description": payload.SUMMARY,
        "x-privacy-class": payload.PRIVACY.value,
        "$defs": dict(sorted(components.items())),
    }


def asyncapi_document(version: str) -> dict[str, Any]:
    """Return the AsyncAPI 3 document of everything that travels over MQTT."""
    refs, schemas = msgspec.json.schema_components(
        [*(Event[payload] for payload in PAYLOADS), *(control for control, *_ in _CONTROLS)],  # type: ignore[valid-type]  # types made at run time
        ref_template="#/components/schemas/{name}",
    )
    parts = [
        (payload.TYPE, payload.SUMMARY, "send", event_topic(_ANY, payload), EVENT_MEDIA_TYPE, payload.PRIVACY.value)
        for payload in PAYLOADS
    ] + [
        (control.__name__, summary, action, topic, "application/json", privacy.value)
        for control, topic, action, summary, privacy in _CONTROLS
    ]
    channels: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for (name, summary, action, topic, media_type, privacy), ref in zip(parts, refs, strict=True):
        messages[name] = {
            "name": name,
            "summary": summary,
            "contentType": media_type,
            "payload": ref,
            "x-privacy-class": privacy,
        }
        channels[name] = _channel(topic, name)
        qos = 0 if privacy == PrivacyClass.STORE_LOCAL or name in _UNCONFIRMED else 1
        operations[f"{action}-{name}"] = _operation(action, name, summary, qos)
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": "Shopthread store bus",
            "version": version,
            "description": "What devices and the gateway of one store say to each other over MQTT 5. "
            "`send` and `receive` are a device's.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
    }


def event_catalogue() -> str:
    """Return the event catalogue as Markdown."""
    lines = [
        "# Event catalogue",
        "",
        "Made from the types of payloads in `contracts/` by `make schemas`; a test fails when it is out of date.",
        "Each event is a CloudEvents 1.0 envelope in JSON; its JSON Schema lies in `contracts/documents/`.",
        "",
        "| type | privacy class | topic | what it says |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{payload.TYPE}` | {payload.PRIVACY.value} | `{_with_placeholders(event_topic(_ANY, payload))}` "
        f"| {payload.SUMMARY} |"
        for payload in PAYLOADS
    ]
    for payload in PAYLOADS:
        lines += ["", f"## {payload.TYPE}", "", payload.__doc__ or "", "", "| field | type | needed |", "|---|---|---|"]
        schema = msgspec.json.schema_components([payload], ref_template="{name}")[1][payload.__name__]
        required = set(schema["required"])
        lines += [
            f"| `{name}` | {_type_words(field)} | {'yes' if name in required else 'no'} |"
            for name, field in schema["properties"].items()
        ]
    return "\n".join(lines) + "\n"


def to_json_text(document: dict[str, Any]) -> str:
    """Return a document as the text that is committed."""
    return json.dumps(document, indent=2) + "\n"


def _channel(topic: str, message: str) -> dict[str, Any]:
    return {
        "address": _with_placeholders(topic),
        "parameters": _PARAMETERS,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
    }


def _operation(action: str, channel: str, summary: str, qos: int) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "bindings": {"mqtt": {"qos": qos, "bindingVersion": "0.2.0"}},
    }


def _with_placeholders(topic: str) -> str:
    return topic.replace("/tenant/store/device/", "/{tenant}/{store}/{device}/")


def _type_words(schema: dict[str, Any]) -> str:
    """Return a field's JSON Schema in a few words for a table cell."""
    if "$ref" in schema:
        return f"`{schema['$ref']}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type_words(option) for option in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type_words(schema.get('items', {}))}"
    words = str(schema.get("type", "any"))
    return f"{words} ({schema['description']})" if "description" in schema else words

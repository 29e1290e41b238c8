"""The gateway's thin adapters: MQTT consumer, event store, uploader, embedded broker."""

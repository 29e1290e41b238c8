"""The edge's thin adapters: cameras, ONNX models, terminals, outbox, MQTT."""

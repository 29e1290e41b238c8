"""The ONNX model registry: manifests, weights and a loader that verifies both."""

"""Rendered cameras: pictures of a simulated store, with exact truth beside every frame. Needs the extra `render`."""

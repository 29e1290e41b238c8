"""Other systems' formats, as the gateway speaks and understands them. Pure."""

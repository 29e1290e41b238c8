"""The simulators' thin adapters: writing device feeds and ground truth."""

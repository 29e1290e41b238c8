"""An audit of a camera's counts: an explicit recording, labels by people, a report with intervals."""

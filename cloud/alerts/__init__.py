"""Alerts: rules on figures, judged again and again; each opens once, is told, acknowledged and resolved."""

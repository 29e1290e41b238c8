"""What every test runs with: a wide terminal, and properties that do not mind a busy machine."""

import os

# Tables are made for the width of the terminal that a process begins with.
os.environ["COLUMNS"] = "200"

try:
    from hypothesis import settings
except ImportError:  # an extra that is tested alone, without the packages of development
    pass
else:
    settings.register_profile("busy", deadline=None)
    settings.register_profile("busy-ci", settings.get_profile("ci"), deadline=None)
    settings.register_profile("brief", settings.get_profile("ci"), deadline=None, max_examples=20)
    settings.load_profile("busy-ci" if os.environ.get("CI") else "busy")

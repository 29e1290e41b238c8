"""A first configuration for a camera whose picture nobody has drawn in yet. Pure."""

from contracts.events import Source

_TEMPLATE = """\
# A first configuration. Points are pixels of the {width} x {height} picture, x to the right and y down.

[device]
tenant = "{tenant}"
store = "{store}"
id = "{device}"
data_dir = "data/{device}"

[camera]
source = "{source}"
realtime = true

[broker]
host = "127.0.0.1"
port = 1883

# Who goes from the left to the right of the line as it runs goes in: here, from the picture's left half to its right.
[[tripwire]]
id = "middle"
kind = "entrance"
points = [[{middle}, {bottom}], [{middle}, {top}]]

[[zone]]
id = "left-half"
kind = "floor"
points = [[0.0, 0.0], [{middle}, 0.0], [{middle}, {height}.0], [0.0, {height}.0]]

[[zone]]
id = "right-half"
kind = "floor"
points = [[{middle}, 0.0], [{width}.0, 0.0], [{width}.0, {height}.0], [{middle}, {height}.0]]
"""
_MARGIN = 0.02


def starter_toml(device: Source, source: str, frame_wh_px: tuple[int, int]) -> str:
    """Return a configuration with a tripwire down the middle of the picture and a zone on each side.

    Args:
        device: The camera as events name it.
        source: What `camera.source` shall be.
        frame_wh_px: Width and height of the picture in pixels.
    """
    width, height = frame_wh_px
    return _TEMPLATE.format(
        tenant=device.tenant,
        store=device.store,
        device=device.device,
        source=source.replace("\\", "\\\\").replace('"', '\\"'),
        width=width,
        height=height,
        middle=width / 2,
        top=round(height * _MARGIN, 1),
        bottom=round(height * (1 - _MARGIN), 1),
    )

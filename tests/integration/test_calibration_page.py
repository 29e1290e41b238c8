"""The calibration page in a real browser, with the keyboard alone; skipped where there is no Chromium."""

import subprocess
from pathlib import Path

import numpy as np

from edge.adapters.local_page import LocalPage, Reply, Request, new_token
from edge.adapters.still import png
from edge.calibration.page import CalibrationPage
from edge.camera_config import load_camera_config
from tests.chromium import chromium_command

TEXT = """\
# Ask Ada.
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"

[camera]
source = "usb:0"
"""
DRIVE = """
"use strict";
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const stage = document.getElementById("stage");
const press = (key, times = 1, shiftKey = false) => {
  const event = () => new KeyboardEvent("keydown", { key, shiftKey, bubbles: true });
  for (let n = 0; n < times; n += 1) stage.dispatchEvent(event());
};
const go = (right, down) => {
  press(right < 0 ? "ArrowLeft" : "ArrowRight", Math.abs(right) / 10, true);
  press(down < 0 ? "ArrowUp" : "ArrowDown", Math.abs(down) / 10, true);
};
const type = (label, value) => {
  const input = document.querySelector(`[aria-label="${label}"]`);
  input.value = value;
  input.dispatchEvent(new Event("change"));
};
const pick = (tool) => document.querySelector(`button[data-tool="${tool}"]`).click();
async function drive() {
  while (!state || !report) await pause(20);
  // The cross begins in the middle of 320 x 240.
  const corners = [[-120, -60, 0, 0], [240, 0, 6, 0], [30, 160, 6, 4], [-300, 0, 0, 4]];
  for (const [index, [right, down, x, y]] of corners.entries()) {
    go(right, down);
    press("Enter");
    type(`x of point ${index + 1} in metres`, x);
    type(`y of point ${index + 1} in metres`, y);
  }
  pick("tripwires");
  go(100, -100);
  press("Enter");
  go(100, 0);
  press("Enter");
  press("f");
  type("name of tripwire tripwire-1", "door");
  pick("masks");
  for (const [right, down] of [[0, -100], [50, 0], [0, 40], [-40, 0]]) { go(right, down); press("Enter"); }
  press("z");
  press("f");
  await pause(600);
  while (document.getElementById("save").disabled) await pause(20);
  document.getElementById("save").click();
  while (!document.getElementById("message").textContent) await pause(20);
  document.title = "driven";
}
drive().catch((error) => { document.title = `failed: ${error}`; });
"""


def test_a_camera_is_set_up_with_the_keyboard_alone(tmp_path: Path) -> None:
    chromium, environment = chromium_command()
    path = tmp_path / "camera.toml"
    path.write_text(TEXT, encoding="utf-8")
    still = np.full((240, 320, 3), 90, np.uint8)
    handlers = dict(CalibrationPage(path, lambda _config, _number: still, png).handlers())
    page_of = handlers["GET", "/"]

    def driven(request: Request) -> Reply:
        body = page_of(request).body
        assert isinstance(body, bytes)
        return Reply(body.replace(b"</body>", b'<script src="/drive.js"></script></body>'))

    handlers["GET", "/"] = driven
    handlers["GET", "/drive.js"] = lambda _: Reply(DRIVE.encode(), "text/javascript")
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom")
    with LocalPage(handlers, token=new_token()) as page:
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        ran = subprocess.run(
            [chromium, *flags, profile, page.url],
            env=environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert "<title>driven</title>" in ran.stdout, ran.stdout[-3000:]
    assert "Saved into" in ran.stdout
    config = load_camera_config(path)
    assert config.floor is not None
    assert config.floor.image_px == ((40.0, 60.0), (280.0, 60.0), (310.0, 220.0), (10.0, 220.0))
    assert config.floor.floor_m == ((0.0, 0.0), (6.0, 0.0), (6.0, 4.0), (0.0, 4.0))
    (line,) = config.tripwires
    assert (line.id, line.points) == ("door", ((110.0, 120.0), (210.0, 120.0)))
    assert [mask.points for mask in config.masks] == [((210.0, 20.0), (260.0, 20.0), (260.0, 60.0))]
    assert config.camera.picture_size == (320, 240)
    assert path.read_text(encoding="utf-8").startswith("# Ask Ada.")

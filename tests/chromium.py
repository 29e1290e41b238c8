"""Chromium, for tests that look at pages: the system's own, or the one under build/."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.servers import ROOT

COMMANDS = ("chromium", "chromium-browser", "google-chrome")
_FETCHED = ROOT / "build" / "chromium"


def chromium_command() -> tuple[str, dict[str, str]]:
    """Return Chromium's path and the environment that it needs; skip the test where there is none."""
    found = next(filter(None, map(shutil.which, COMMANDS)), None)
    if found is not None:
        return found, dict(os.environ)
    fetched = _FETCHED / "usr" / "lib" / "chromium" / "chromium"
    if not fetched.exists():
        pytest.skip("no Chromium is here: run deploy/fetch_chromium.sh, or install it (apt-get install chromium)")
    folders = [folder for top in ("lib", "usr/lib") for folder in (_FETCHED / top).glob("*-linux-gnu*")]
    libraries = ":".join(str(folder) for each in folders for folder in (each, each / "nss", each / "pulseaudio"))
    return str(fetched), {**os.environ, "LD_LIBRARY_PATH": libraries, "FONTCONFIG_FILE": str(_FETCHED / "fonts.conf")}


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Run it without a window; skip the test where there is none."""
    command, environment = chromium_command()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=["--no-sandbox"], env={**environment})
        yield browser
        browser.close()

#!/usr/bin/env bash
# Makes sure that the tests of pages find a Chromium: the system's own, or Debian's package unpacked under build/.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
[ -x build/chromium/usr/lib/chromium/chromium ] && exit 0
echo "Fetching Chromium for the tests ..."
deploy/fetch_debian.sh build/chromium chromium fonts-dejavu-core || {
  echo "warning: no Chromium: its tests will be skipped. Install it (Debian: apt-get install chromium) to run them." >&2
  exit 0; }
folder=$PWD/build/chromium
# What the system has is not fetched, fonts neither; without any font Chromium ends.
fonts="<dir>$folder/usr/share/fonts</dir><dir>/usr/share/fonts</dir>"
echo "<fontconfig>$fonts<cachedir>$folder/fonts</cachedir></fontconfig>" >"$folder/fonts.conf"

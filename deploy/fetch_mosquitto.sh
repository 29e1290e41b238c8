#!/usr/bin/env bash
# Makes sure that the tests find a Mosquitto broker: the system's own, or Debian's package unpacked under build/.
set -euo pipefail
cd "$(dirname "$0")/.."
for found in "$(command -v mosquitto || true)" /usr/sbin/mosquitto build/mosquitto/usr/sbin/mosquitto; do
  [ -n "$found" ] && [ -x "$found" ] && exit 0
done
echo "Fetching Mosquitto for the tests ..."
deploy/fetch_debian.sh build/mosquitto mosquitto || {
  echo "warning: no Mosquitto: its tests will be skipped. Install it (Debian: apt-get install mosquitto) to run them." >&2; }

#!/usr/bin/env bash
# Prints the path of the demo's video: $VIDEO where it is set, else a street scene that Debian's package opencv-doc
# carries (vtest.avi), fetched through apt once. Prints nothing, and says why, where there is neither.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -n "${VIDEO:-}" ]; then echo "$VIDEO"; exit 0; fi
kept=build/video/vtest.avi
system=/usr/share/doc/opencv-doc/examples/data/vtest.avi
if [ ! -f "$kept" ]; then
  mkdir -p build/video
  if [ -f "$system" ]; then
    cp "$system" "$kept"
  else
    echo "Fetching a street scene (Debian's opencv-doc, 96 MB, once) ..." >&2
    unpacked=$(mktemp -d); trap 'rm -rf "$unpacked"' EXIT
    if ! deploy/fetch_debian.sh "$unpacked" --no-depends opencv-doc >&2; then
      echo "No video: the demo shows the simulated store alone. Use your own: make demo VIDEO=file.mp4" >&2
      exit 0
    fi
    cp "$unpacked$system" "$kept.part" && mv "$kept.part" "$kept"
  fi
fi
echo "$PWD/$kept"

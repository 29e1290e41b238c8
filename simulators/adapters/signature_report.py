"""Prints how well appearance signatures of given spreads tell people apart.

`python -m simulators.adapters.signature_report` prints the presets; with two numbers, `signature_sd` and
`signature_camera_sd`, those.
"""

import sys

from simulators.core.signatures import PRESETS, SignatureNoise, separability


def report(arguments: list[str]) -> str:
    """Return a table of the presets, or of the two spreads that are given.

    Raises:
        ValueError: Something else is given.
    """
    rows = PRESETS
    if arguments:
        try:
            sd, camera_sd = map(float, arguments)
        except ValueError as error:
            msg = f"expected two numbers, signature_sd and signature_camera_sd, got {' '.join(arguments)!r}"
            raise ValueError(msg) from error
        rows = {"asked": SignatureNoise(sd=sd, camera_sd=camera_sd)}
    lines = ["preset    sd   camera_sd  same person     others          equal error rate  threshold"]
    for name, noise in rows.items():
        found = separability(noise, seed=1)
        same = f"{found.genuine_mean:.3f} ± {found.genuine_sd:.3f}"
        others = f"{found.impostor_mean:.3f} ± {found.impostor_sd:.3f}"
        lines.append(
            f"{name:8}  {noise.sd:.2f}  {noise.camera_sd:.2f}       {same}   {others}   "
            f"{found.equal_error_rate:16.2%}  {found.threshold:.3f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        sys.stdout.write(report(sys.argv[1:]) + "\n")
    except ValueError as error:
        sys.exit(str(error))

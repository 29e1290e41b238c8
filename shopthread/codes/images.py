"""QR codes (ISO/IEC 18004) of items: one image each, or one sheet to print. Drawing is `segno`'s."""

from collections.abc import Iterable, Iterator
from html import escape
from io import BytesIO, StringIO
from typing import Literal
from urllib.parse import quote

import segno

from shopthread.codes.table import CodeRow

ImageFormat = Literal["svg", "png"]

_ERROR_LEVEL = "m"
"""15 % of the code may be dirty or torn."""
_QUIET_MODULES = 4
_PNG_SCALE = 8
_CELL_MM, _MARGIN_MM, _CAPTION_MM = 30, 3, 7
_COLUMNS = 6


def address_of(code: CodeRow, resolver: str) -> str:
    """Return the GS1 Digital Link that a code carries."""
    return resolver.rstrip("/") + code.link.path


def image_of(text: str, image_format: ImageFormat) -> bytes:
    """Return a QR code as the bytes of an image."""
    out = BytesIO()
    made = segno.make(text, error=_ERROR_LEVEL, micro=False)
    made.save(out, kind=image_format, scale=_PNG_SCALE, border=_QUIET_MODULES)
    return out.getvalue()


def text_of(text: str) -> str:
    """Return a QR code as lines of block characters for a terminal."""
    out = StringIO()
    segno.make(text, error=_ERROR_LEVEL, micro=False).terminal(out, compact=True, border=_QUIET_MODULES)
    return out.getvalue()


def images(codes: Iterable[CodeRow], resolver: str, image_format: ImageFormat) -> Iterator[tuple[str, bytes]]:
    """Yield a file name and an image for each code. No serial leads out of the folder."""
    for code in codes:
        name = f"{code.gtin}-{code.kind}-{quote(code.serial, safe='')}.{image_format}"
        yield name, image_of(address_of(code, resolver), image_format)


def sheet(codes: Iterable[CodeRow], count: int, resolver: str) -> Iterator[str]:
    """Yield the parts of one SVG with so many codes in rows of six, 30 mm each, the serial beneath."""
    pitch_mm, row_mm = _CELL_MM + _MARGIN_MM, _CELL_MM + _CAPTION_MM
    width_mm = _MARGIN_MM + _COLUMNS * pitch_mm
    height_mm = _MARGIN_MM + -(-count // _COLUMNS) * row_mm
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_mm}mm" height="{height_mm}mm" '
        f'viewBox="0 0 {width_mm} {height_mm}" font-family="monospace" font-size="1.9" text-anchor="middle">'
        '<rect width="100%" height="100%" fill="#fff"/>'
    )
    for number, code in enumerate(codes):
        row, column = divmod(number, _COLUMNS)
        x_mm, y_mm = _MARGIN_MM + column * pitch_mm, _MARGIN_MM + row * row_mm
        made = segno.make(address_of(code, resolver), error=_ERROR_LEVEL, micro=False)
        drawn = made.svg_inline(border=_QUIET_MODULES, omitsize=True)
        yield (
            f'<svg x="{x_mm}" y="{y_mm}" width="{_CELL_MM}" height="{_CELL_MM}">{drawn}</svg>'
            f'<text x="{x_mm + _CELL_MM / 2}" y="{y_mm + _CELL_MM + 2}">{escape(code.serial)} {code.kind}</text>'
        )
    yield "</svg>"

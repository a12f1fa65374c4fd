"""Codes as SVG paths, which a strict CSP allows: QR for addresses and codes, Code 128 bars for scanner guns."""

import re
from functools import lru_cache
from typing import Any

import qrcode
import zxingcpp
from markupsafe import Markup
from qrcode.constants import ERROR_CORRECT_M

_QUIET_ZONE = 2
_BARS_QUIET_ZONE = 10
_WHITE = b"\xff"
_BLACK = re.compile(rb"\x00+")


@lru_cache(maxsize=4096)
def qr_svg(text: str) -> Markup:
    """A QR code that is shown repeatedly (a card, a poster) as one path; the page sets size and label."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=_QUIET_ZONE)
    code.add_data(text)
    code.make(fit=True)
    return _picture([bytes(not black for black in row) for row in code.get_matrix()])


def single_qr_svg(text: str) -> Markup:
    """The same for a code that is shown once (a receipt, a payer's code), rendered much faster."""
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image: Any = made.to_image(scale=1, add_quiet_zones=False)
    height, width = image.shape
    pixels, beside = bytes(memoryview(image)), _WHITE * _QUIET_ZONE
    rows = [beside + pixels[y * width : (y + 1) * width] + beside for y in range(height)]
    above = [_WHITE * (width + 2 * _QUIET_ZONE)] * _QUIET_ZONE
    return _picture([*above, *rows, *above])


def _picture(rows: list[bytes]) -> Markup:
    path = "".join(f"M{x} {y}h{length}v1h-{length}z" for y, row in enumerate(rows) for x, length in _runs(row))
    return Markup(  # noqa: S704 - digits and letters of our own
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(rows)} {len(rows)}"'
        f' shape-rendering="crispEdges" aria-hidden="true"><path d="{path}"/></svg>'
    )


def bars_svg(text: str) -> Markup:
    """The text as Code 128 bars, one unit per module wide and 30 high."""
    image: Any = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128).to_image(scale=1, add_quiet_zones=False)
    row = bytes(memoryview(image))[: image.shape[1]]
    path = "".join(f"M{x + _BARS_QUIET_ZONE} 0h{length}v30h-{length}z" for x, length in _runs(row))
    width = len(row) + 2 * _BARS_QUIET_ZONE
    return Markup(  # noqa: S704 - digits and letters of our own
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 30" preserveAspectRatio="none"'
        f' shape-rendering="crispEdges" aria-hidden="true"><path d="{path}"/></svg>'
    )


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Starts and lengths of runs of black modules (zeros)."""
    return [(run.start(), run.end() - run.start()) for run in _BLACK.finditer(row)]

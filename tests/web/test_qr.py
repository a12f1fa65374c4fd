"""Rendered codes read back as their content, whichever library renders them."""

import re
from collections.abc import Callable

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from ledger.web.qr import bars_svg, qr_svg, single_qr_svg

_SCALE = 4
_RUN = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z")


def read(svg: str) -> list[str]:
    """Read an SVG's path as a camera does, on white paper."""
    width, height = map(int, re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)[0])
    picture = Image.new("L", (width * _SCALE, height * _SCALE), 255)
    draw = ImageDraw.Draw(picture)
    for x, y, wide, high in (map(int, run) for run in _RUN.findall(svg)):
        draw.rectangle((x * _SCALE, y * _SCALE, (x + wide) * _SCALE - 1, (y + high) * _SCALE - 1), fill=0)
    return [found.text for found in zxingcpp.read_barcodes(picture)]


@pytest.mark.parametrize("draw", [qr_svg, single_qr_svg])
@pytest.mark.parametrize(
    "text", ["80123456789012345679", "HTTPS://JF.EXAMPLE.ORG/R/06ZKRT4P5YG00", "https://jf.example.org/积分"]
)
def test_a_code_is_read_back(draw: Callable[[str], str], text: str) -> None:
    assert read(draw(text)) == [text]


def test_bars_are_read_back() -> None:
    assert read(bars_svg("80123456789012345679")) == ["80123456789012345679"]


@pytest.mark.parametrize("draw", [qr_svg, single_qr_svg])
def test_a_code_has_its_quiet_zone(draw: Callable[[str], str]) -> None:
    """Without white around it, a scanner doesn't find it on a dark card."""
    svg = draw("80123456789012345679")
    side = int(re.findall(r'viewBox="0 0 (\d+)', svg)[0])
    runs = [tuple(map(int, run)) for run in _RUN.findall(svg)]
    assert min(x for x, *_ in runs) == min(y for _, y, *_ in runs) == 2
    assert max(x + wide for x, _, wide, _ in runs) == max(y + 1 for _, y, *_ in runs) == side - 2

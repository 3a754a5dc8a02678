"""One look for all figures, and small PNG files."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib
from matplotlib.figure import Figure
from PIL import Image

INK, FAINT = "#1f2933", "#d9dee4"


@contextmanager
def style() -> Iterator[None]:
    """Our look, whatever the user's matplotlibrc says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rc("font", family="DejaVu Sans", size=10)  # comes with matplotlib
        matplotlib.rc("text", color=INK)
        matplotlib.rc("axes", edgecolor=FAINT, labelcolor=INK)
        matplotlib.rc("xtick", color=INK)
        matplotlib.rc("ytick", color=INK)
        yield


def png(figure: Figure) -> bytes:
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    # So few colours fit a palette, in a third of the bytes.
    Image.open(drawn).convert("RGB").quantize(64).save(small, format="png", optimize=True)
    return small.getvalue()

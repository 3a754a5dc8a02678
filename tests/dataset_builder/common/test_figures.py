"""Figures have one style, and do not change the user's."""

import io

import matplotlib
from matplotlib.figure import Figure
from PIL import Image

from dataset_builder.common.figures import INK, png, style


def test_the_style_ends_with_its_block() -> None:
    before = dict(matplotlib.rcParams)
    with style():
        assert matplotlib.rcParams["text.color"] == INK
    assert dict(matplotlib.rcParams) == before


def test_pictures_are_small_and_the_same_each_time() -> None:
    def draw() -> bytes:
        with style():
            figure = Figure(figsize=(2, 1), dpi=50)
            figure.subplots().plot([1, 2, 3])
            return png(figure)

    assert draw() == draw()
    assert Image.open(io.BytesIO(draw())).size == (100, 50)

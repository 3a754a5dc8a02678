"""The training curve as figures and as a picture."""

import io
from pathlib import Path

from PIL import Image

from modeling.checkpoints.training_record import read_record
from modeling.training.evaluation.loss_curve import draw_curve, training_curve

HISTORY = [
    entry
    for step in range(1, 1001)
    for entry in ({"step": step, "loss": 5 / step}, {"step": step, "eval_loss": 6 / step, "epoch": 1.0})
]


def test_long_curves_are_thinned_to_their_end() -> None:
    curve = training_curve([*HISTORY, {"step": 1000, "train_runtime": 3.0}])
    assert set(curve) == {"loss", "validation_loss"}
    for name, first in (("loss", 5), ("validation_loss", 6)):
        steps, values = curve[name]["step"], curve[name]["value"]
        assert len(steps) == len(values) == 100
        assert (steps[-1], values[-1]) == (1000, first / 1000)
        assert values == sorted(values, reverse=True)


def test_the_picture_is_small_and_the_same_each_time() -> None:
    curve = training_curve(HISTORY)
    picture = draw_curve(curve, 1000, 0.006)
    assert picture == draw_curve(curve, 1000, 0.006)
    assert picture != draw_curve(curve, 500, 0.012)
    image = Image.open(io.BytesIO(picture))
    assert image.format == "PNG"
    assert image.width > 600
    assert not image.info.get("Software")
    assert len(picture) < 60_000


def test_a_curve_of_one_point_or_none_is_drawn() -> None:
    for history in (HISTORY[:2], HISTORY[1:2]):
        assert draw_curve(training_curve(history), 1, 6.0).startswith(b"\x89PNG")


def test_a_training_leaves_its_curve(checkpoints: dict[str, Path]) -> None:
    folder = checkpoints["controller"]
    result = read_record(folder)
    assert (folder / "curve.png").read_bytes() == draw_curve(
        result.curve, result.best_step, result.metrics["validation_loss"] or 0.0
    )
    points = result.curve["validation_loss"]
    assert points["step"] == [20, 40, 60]
    assert min(points["value"]) == round(result.metrics["validation_loss"] or 0.0, 5)
    assert len(result.curve["loss"]["step"]) == 3

"""The metric in a browser: runs as a Space, or with `python app.py` where gradio is installed."""

from pathlib import Path
from typing import Any

import evaluate
import gradio

FOLDER = Path(__file__).parent
metric = evaluate.load(str(FOLDER / "subgoal_match.py"))


def compare(predictions: str, references: str) -> dict[str, Any]:
    """The figures of two texts with a sub-goal in each line."""
    try:
        return metric.compute(predictions=predictions.splitlines(), references=references.splitlines())
    except ValueError as error:
        raise gradio.Error(str(error)) from error


demo = gradio.Interface(
    compare,
    inputs=[
        gradio.Textbox("fill(glass cup, water)\npick up the pot", label="predicted, one a line", lines=5),
        gradio.Textbox("fill(metal pot, water)\npick_up(metal pot)", label="true, one a line", lines=5),
    ],
    outputs=gradio.JSON(label="figures"),
    title="Sub-goal match",
    article=(FOLDER / "README.md").read_text(encoding="utf-8").split("---\n", 2)[2],
)

if __name__ == "__main__":
    demo.launch()

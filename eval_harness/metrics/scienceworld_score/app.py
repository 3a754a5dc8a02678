"""The metric in a browser: runs as a Space, or with `python app.py` where gradio is installed."""

import json
from pathlib import Path
from typing import Any

import evaluate
import gradio

FOLDER = Path(__file__).parent
EXAMPLE = json.dumps([["boil", [10, 50, -100]], ["find-plant", [25, 100]]])
metric = evaluate.load(str(FOLDER / "scienceworld_score.py"), "over_steps")


def score(episodes: str, scoring: str) -> dict[str, Any]:
    """The figures of episodes given as JSON: `[[task, [score, …]], …]`."""
    try:
        tasks, scores = zip(*json.loads(episodes), strict=True)
        return metric.compute(predictions=scores, tasks=tasks, scoring=scoring)
    except (ValueError, TypeError) as error:
        raise gradio.Error(f"Write [[task, [score, …]], …]: {error}") from error


demo = gradio.Interface(
    score,
    inputs=[
        gradio.Textbox(EXAMPLE, label="episodes: task, and the scores after each action", lines=5),
        gradio.Radio(["zero", "previous", "maximum"], value="zero", label="scoring"),
    ],
    outputs=gradio.JSON(label="figures"),
    title="ScienceWorld score",
    article=(FOLDER / "README.md").read_text(encoding="utf-8").split("---\n", 2)[2],
)

if __name__ == "__main__":
    demo.launch()

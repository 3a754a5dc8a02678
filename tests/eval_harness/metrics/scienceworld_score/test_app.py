from typing import Any

import gradio
import pytest


def test_the_page_passes_its_texts_to_the_metric(metric_page: Any) -> None:
    app, calls = metric_page("scienceworld_score")
    assert app.score('[["boil", [10, 50]]]', "zero") == {"figure": 1.0}
    assert len(calls[0]["predictions"]) == 1
    with pytest.raises(gradio.Error):
        app.score("{", "zero")

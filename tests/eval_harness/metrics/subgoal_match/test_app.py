from typing import Any

import gradio
import pytest


def test_the_page_passes_its_texts_to_the_metric(metric_page: Any) -> None:
    app, calls = metric_page("subgoal_match")
    assert app.compare("a(b)\nc()", "a(b)\nd()") == {"figure": 1.0}
    assert len(calls[0]["references"]) == 2
    with pytest.raises(gradio.Error):
        app.compare("a(b)", "go")

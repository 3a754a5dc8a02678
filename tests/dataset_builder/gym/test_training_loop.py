"""The training loop of docs/gym.md runs."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "gym.md"


@pytest.mark.usefixtures("shared")
def test_the_documented_loop_trains(capsys: pytest.CaptureFixture[str]) -> None:
    (loop,) = [code for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S) if "torch" in code]
    exec(compile(loop, str(PAGE), "exec"), {"__name__": "loop"})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    returns = re.findall(r"-?\d+\.\d", lines[-1].partition("returns")[2])
    assert len(returns) >= 4

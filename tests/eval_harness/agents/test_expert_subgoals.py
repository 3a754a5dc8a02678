"""Paths asked for by several threads at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from eval_harness.agents.expert_subgoals import ExpertSubgoals, SubgoalSpan


def test_a_path_is_looked_up_once_however_many_ask(monkeypatch: Any) -> None:
    asked = []

    def look_up(expert: ExpertSubgoals, task: str, variation: int) -> list[SubgoalSpan]:
        asked.append((task, variation))
        time.sleep(0.05)  # long enough for the others to come
        return [SubgoalSpan("wait()", (), "", False)]

    monkeypatch.setattr(ExpertSubgoals, "_look_up", look_up)
    expert = ExpertSubgoals()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: expert.stretches("boil", number % 2), range(8)))
    assert sorted(asked) == [("boil", 0), ("boil", 1)]
    assert found[0] is found[2]
    assert found[0] is not found[1]

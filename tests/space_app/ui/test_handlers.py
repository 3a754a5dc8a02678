"""The handlers without a browser: what they answer to one event after the other."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from space_app.session.backend import DemoBackend
from space_app.session.gallery import FIRST, GALLERY
from space_app.ui.components import Components
from space_app.ui.handlers import MAX_VALID_ACTIONS, PageHandlers, _short_ones_first


@pytest.fixture
def handlers(backend: DemoBackend) -> Iterator[PageHandlers]:
    with gr.Blocks():
        made = PageHandlers(backend, Components(backend))
    yield made
    made.unload(tab())


def tab(name: str = "tab", **query: str) -> Any:
    """What Gradio knows of a browser tab."""
    return SimpleNamespace(session_hash=name, query_params=query)


def values(handlers: PageHandlers, key: str = "", **changed: Any) -> dict[Any, Any]:
    page = handlers.page
    chosen = {"task": "find-animal", "variation": 159, "seed": 0, "kind": "hierarchical"} | changed
    return {getattr(page, name): value for name, value in chosen.items()} | {
        page.controller: "",
        page.executor: "",
        page.key: key,
    }


def test_a_link_chooses_its_episode(handlers: PageHandlers) -> None:
    page = handlers.page
    updates = handlers.load(tab(task="use-thermometer", variation="271", seed="7"))
    assert (updates[page.variation].value, updates[page.seed], updates[page.notice]) == (271, 7, "")
    updates = handlers.load(tab(task=GALLERY[1].task))
    assert updates[page.variation].value == GALLERY[1].variation


@pytest.mark.parametrize(
    "query", [{"variation": "-1"}, {"variation": "9999"}, {"task": "boyl"}, {"seed": "x" * 100_000}]
)
def test_a_wrong_link_leads_to_the_first_episode(handlers: PageHandlers, query: dict[str, str]) -> None:
    page = handlers.page
    updates = handlers.load(tab(**query))
    assert "The link does not name an episode" in updates[page.notice]
    assert len(updates[page.notice]) < 300
    assert (updates[page.task].value, updates[page.variation].value) == (FIRST.task, FIRST.variation)


def test_a_run_ends_with_the_episode(handlers: PageHandlers) -> None:
    page, key, ticks = handlers.page, "", 0
    while True:
        updates = handlers.tick(values(handlers, key), tab())
        key = updates[page.key]
        ticks += 1
        if page.clock in updates:
            break
    assert updates[page.clock].active is False
    assert ticks == 6  # the first one opens the episode
    assert "Task completed." in updates[page.board]


def test_a_second_press_of_step_uses_the_episode_of_the_first(handlers: PageHandlers) -> None:
    page = handlers.page
    opened = handlers.step(values(handlers), tab())
    again = handlers.step(values(handlers), tab())  # the key of the first has not arrived in the page yet
    assert again[page.key] == opened[page.key]
    assert "teleport to outside" in again[page.board]


def test_a_refused_text_stays_in_its_field(handlers: PageHandlers) -> None:
    page = handlers.page
    key = handlers.step(values(handlers), tab())[page.key]
    updates = handlers.use_subgoal("go to the kitchen", key)
    assert "Did you mean navigate_to(kitchen)?" in updates[page.notice]
    assert page.subgoal not in updates
    assert handlers.use_subgoal("navigate_to(kitchen)", key)[page.subgoal].value == "navigate_to(kitchen)"


def test_choosing_another_episode_closes_the_open_one(handlers: PageHandlers) -> None:
    page = handlers.page
    key = handlers.step(values(handlers), tab())[page.key]
    assert handlers.choose("boil", 3.0, key, tab())[page.key] == ""  # type: ignore[arg-type]
    assert "is closed" in handlers.use_subgoal("navigate_to(kitchen)", key)[page.notice]
    for task, variation in (("boil", 3.5), ("boil", float("nan")), ("boil", None), (None, 0)):
        assert handlers.choose(task, variation, "", tab())[page.notice]  # type: ignore[arg-type]


def test_short_valid_actions_come_first() -> None:
    actions = [f"put thing {i} in other thing" for i in range(2000)] + ["look around", "wait"]
    assert _short_ones_first(actions)[:2] == ["wait", "look around"]
    assert len(_short_ones_first(actions)) == MAX_VALID_ACTIONS

"""The page of the agent with tools: its handler, and what a visitor sees in Chromium."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import gradio as gr
import pytest

from dataset_builder.tool_agents.sandbox.limits import Isolation
from space_app.session.tools import EXAMPLES, ToolBackend
from space_app.ui.page import build
from space_app.ui.tools_tab import ToolsTab
from tests.space_app.conftest import make_backend, make_tools
from tests.space_app.ui.test_page import opened, press, shot

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUESTION = EXAMPLES[0].question


@pytest.fixture(scope="module")
def tools() -> Iterator[ToolBackend]:
    made = make_tools()
    yield made
    made.close()


@pytest.fixture
def controls(tools: ToolBackend) -> ToolsTab:
    with gr.Blocks():
        return ToolsTab(tools)


def tab(name: str = "tab") -> Any:
    """What Gradio knows of a browser tab."""
    return SimpleNamespace(session_hash=name)


def test_steps_are_shown_as_they_come_and_escaped(controls: ToolsTab) -> None:
    boards = [updates[controls.board] for updates in controls.answer(QUESTION, tab())]
    assert [board.count('class="sg-step') for board in boards] == [0, 1, 2, 2, 3]
    assert [board.count("sg-working") for board in boards] == [1, 1, 0, 1, 0]
    last = boards[-1]
    assert "A passage on &lt;i&gt;Benin&lt;/i&gt; names it." in last
    assert "Lomé &amp; &lt;b&gt;more&lt;/b&gt;." in last
    assert 'id="tool-reference">French<' in last
    *_, updates = controls.answer("An endless loop?", tab())
    assert "No answer after 5 steps." in updates[controls.board]
    assert "sg-output failed" in updates[controls.board]
    assert "tool-reference" not in updates[controls.board]


def test_what_is_refused_is_said_and_the_board_stays(controls: ToolsTab) -> None:
    (updates,) = controls.answer(" ", tab())
    assert "There is no question" in updates[controls.notice]
    assert controls.board not in updates
    first = controls.answer(QUESTION, tab("one"))
    next(first)
    (updates,) = controls.answer(QUESTION, tab("one"))
    assert "still being answered" in updates[controls.notice]
    first.close()


def test_missing_layers_of_isolation_are_named(tools: ToolBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    def notes() -> list[str]:
        with gr.Blocks() as app:
            ToolsTab(tools)
        return [block.value for block in app.blocks.values() if getattr(block, "elem_id", "") == "isolation"]

    monkeypatch.setattr(tools.sandbox, "isolation", Isolation(on=(), off=("seccomp", "Landlock")))
    (note,) = notes()
    assert "lacks these layers of isolation: seccomp, Landlock." in note
    monkeypatch.setattr(tools.sandbox, "isolation", Isolation(on=("seccomp",), off=()))
    assert notes() == []


def test_without_an_agent_with_tools_the_page_has_no_tabs() -> None:
    backend = make_backend()
    app = build(backend)
    backend.close()
    assert not [block for block in app.blocks.values() if isinstance(block, gr.Tabs)]
    assert "ask" not in {function.api_name for function in app.fns.values()}


@pytest.mark.timeout(600)
def test_a_visitor_asks_in_the_browser(browser: "Browser", page: str) -> None:
    visitor = opened(browser, page)
    visitor.click("[role=tab]:has-text('Agent with tools')")
    press(visitor, "example-0")
    visitor.wait_for_selector("#tool-cot .sg-answer")
    assert visitor.input_value("#question textarea") == QUESTION
    assert visitor.inner_text("#tool-answer") == visitor.inner_text("#tool-reference") == "French"
    assert visitor.locator("#tool-steps .sg-code").all_inner_texts() == [
        'print(search("language of Benin"))',
        'final_answer("French")',
    ]
    assert visitor.inner_text("#tool-cot .sg-answer") == "English"
    assert (
        visitor.locator("#tool-board :is(b, i):not(#tool-reference)").count() == 0
    )  # markup of models is text
    shot(visitor, "desktop-tools")
    visitor.fill("#question textarea", "x" * 1000)
    press(visitor, "ask")
    visitor.wait_for_selector("#tool-notice .sg-notice:has-text('1,000 characters')")
    visitor.close()

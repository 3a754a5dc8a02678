"""The demo with an agent that needs no models, on a free port; and a browser, if one is installed."""

import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from dataset_builder.llm.request_format import Message
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.tool_agents.conversation import COT_SYSTEM
from dataset_builder.tool_agents.retrieval.base import Passage
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from dataset_builder.trajectories.agent_state import AgentState
from modeling.agents.base import Decision, DecisionCost
from space_app.session.agents import AgentPool, SharedAgent
from space_app.session.backend import DemoBackend
from space_app.session.episode import DemoEpisode
from space_app.session.tools import ToolBackend
from space_app.settings import Settings
from tests.eval_harness.tool_agents.conftest import Scripted, code

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PLAN = (
    ("focus_on(animal, outside)", ("teleport to outside",)),
    ("focus_on(animal, outside)", ("focus on baby beaver",)),
    (
        "place(baby beaver, orange box, bathroom)",
        ("pick up baby beaver with both hands", "pick up baby beaver"),
    ),
    ("place(baby beaver, orange box, bathroom)", ("teleport to bathroom",)),
    ("place(baby beaver, orange box, bathroom)", ("move baby beaver to orange box",)),
)
"""An expert path of find-animal 159, with one candidate that the simulator rejects."""


class ScriptedAgent(SharedAgent):
    """Follows `PLAN` in any episode; under another sub-goal it goes where that says. It needs no models."""

    name = "hierarchical"
    names = ("scripted",)  # type: ignore[assignment]
    has_plan = True
    stops_early = True

    def __init__(self, has_plan: bool = True) -> None:
        self.has_plan = has_plan
        self.agent = self  # type: ignore[assignment]

    def begin(self, state: AgentState, episode: Any, seed: int) -> None:
        """Nothing to prepare."""

    def end(self, state: AgentState) -> None:
        """Nothing to free."""

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        return [self.decide(state) for state in states]

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "models": {}}

    def _next(self, state: AgentState) -> tuple[str, tuple[str, ...]]:
        done = [event.action for event in state.history]
        return next((entry for entry in PLAN if entry[1][-1] not in done), ("", ("look around",)))

    def plan(self, state: AgentState) -> tuple[str, DecisionCost]:
        return self._next(state)[0] if self.has_plan else "", DecisionCost(1, 10, 5)

    def decide(self, state: AgentState) -> Decision:
        if state.subgoal.startswith("navigate_to("):
            return Decision((f"teleport to {state.subgoal[12:-1]}",), state.subgoal, DecisionCost(1, 10, 5))
        subgoal = state.subgoal if self.has_plan else ""
        return Decision(self._next(state)[1], subgoal, DecisionCost(1, 10, 5))


def make_backend(tools: ToolBackend | None = None, **limits: Any) -> DemoBackend:
    """A backend whose agents are scripted."""
    agents = AgentPool({"hierarchical": ScriptedAgent(), "flat": ScriptedAgent(has_plan=False)})
    return DemoBackend(Settings("controller", "executor", **limits), agents, tools)


def answer_as_scripted(messages: list[Message]) -> list[str]:
    """Searches and answers with tools; without them, it guesses. Questions with "loop" get no answer."""
    question = messages[1]["content"]
    if messages[0]["content"] == COT_SYSTEM:
        return ["Lomé & <b>more</b>. The answer is English."]
    if "loop" in question:
        return [code("1 / 0")]
    if len(messages) == 2:
        return [code('print(search("language of Benin"))', "A passage on <i>Benin</i> names it.")]
    return [code('final_answer("French")', "The passage says French.")]


def make_tools(**limits: Any) -> ToolBackend:
    """A backend for questions whose models are scripted."""
    retriever = BM25Retriever([Passage("bj", "Benin", "The main language of Benin is French.")])
    model = Scripted(answer_as_scripted)
    return ToolBackend(model, model, retriever, **limits)


@pytest.fixture(scope="session")
def backend() -> Iterator[DemoBackend]:
    made = make_backend(make_tools(), max_wait_seconds=2.0)
    yield made
    made.close()


@pytest.fixture
def episode(simulator: Simulator) -> Iterator[DemoEpisode]:
    started = DemoEpisode(simulator, ScriptedAgent(), "4-4", 159)
    yield started
    started.close()


@pytest.fixture(scope="session")
def page(backend: DemoBackend) -> Iterator[str]:
    """Address of the running demo."""
    from space_app.ui.server import serve

    app = serve(backend, server_port=free_port(), prevent_thread_lock=True, quiet=True)
    yield str(app.local_url)
    app.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program() -> str | None:
    """Path of the browser: $CHROMIUM, or an installed Chromium or Chrome."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        # Containers have no sandbox and a small /dev/shm.
        browser = driver.chromium.launch(
            executable_path=program(), args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=300_000
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    if program() is None:
        pytest.skip("no chromium: apt-get install chromium, or set CHROMIUM to the path of a browser")
    with chromium() as browser:
        yield browser

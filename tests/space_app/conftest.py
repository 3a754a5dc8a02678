"""The demo with a player that needs no models, on a free port; and a browser, where there is one."""

import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState
from modeling.agents.base import Agent, Decision, DecisionCost
from space_app.session.backend import DemoBackend
from space_app.session.players import Decider
from space_app.settings import Settings

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
"""An expert's way through find-animal 159, with one candidate that the simulator rejects."""


class ScriptedPlayer:
    """Follows `PLAN` in any episode; under another sub-goal it goes where that says."""

    plans = True
    names = ("scripted",)
    name = "hierarchical"
    stops_early = True

    def __init__(self, plans: bool = True) -> None:
        self.plans = plans
        self.agent: Agent = self

    def begin(self, state: AgentState, episode: Any, seed: int) -> None:
        """Nothing to prepare."""

    def end(self, state: AgentState) -> None:
        """Nothing to put away."""

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        return [self.decide(state) for state in states]

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "models": {}}

    def _next(self, state: AgentState) -> tuple[str, tuple[str, ...]] | None:
        done = [event.action for event in state.history]
        left = [(subgoal, actions) for subgoal, actions in PLAN if actions[-1] not in done]
        return left[0] if left else None

    def plan(self, state: AgentState) -> tuple[str, DecisionCost]:
        found = self._next(state)
        return (found[0] if found and self.plans else ""), DecisionCost(1, 10, 5)

    def decide(self, state: AgentState) -> Decision:
        if state.subgoal.startswith("navigate_to("):
            return Decision((f"teleport to {state.subgoal[12:-1]}",), state.subgoal, DecisionCost(1, 10, 5))
        found = self._next(state)
        actions = found[1] if found else ("look around",)
        return Decision(actions, state.subgoal if self.plans else "", DecisionCost(1, 10, 5))


class ScriptedPairs:
    """Stands in for `space_app.session.players.Pairs`."""

    kinds = ("hierarchical", "flat")

    def own(self, kind: str = "hierarchical") -> Decider:
        if kind not in self.kinds:
            raise UsageError(f"There is no agent {kind!r} here: choose hierarchical or flat.")
        return ScriptedPlayer(plans=kind == "hierarchical")

    def named(self, controller: str, executor: str) -> Decider:
        from dataset_builder.common.hub_ids import check_hub_id

        for name in filter(None, (controller, executor)):
            check_hub_id(name)
        return self.own()


def make_table(**limits: Any) -> DemoBackend:
    """A table with the scripted player."""
    return DemoBackend(Settings("controller", "executor", **limits), pairs=ScriptedPairs())


@pytest.fixture(scope="session")
def table() -> Iterator[DemoBackend]:
    found = make_table(patience=2.0)
    yield found
    found.close()


@pytest.fixture(scope="session")
def page(table: DemoBackend) -> Iterator[str]:
    """Address of the running demo."""
    from space_app.ui.server import serve

    app = serve(table, server_port=free_port(), prevent_thread_lock=True, quiet=True)
    yield str(app.local_url)
    app.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program() -> str | None:
    """The browser of this machine: Debian's Chromium, or what CHROMIUM names."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        # In a container there is no sandbox to be had, and /dev/shm is small.
        found = driver.chromium.launch(
            executable_path=program(), args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=300_000
        )
        yield found
        found.close()


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    if program() is None:
        pytest.skip("no chromium: apt-get install chromium, or set CHROMIUM to a browser's program")
    with chromium() as found:
        yield found

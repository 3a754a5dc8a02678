"""Endpoints for programs: `gradio_client`, plain HTTP, and MCP. A secret key names each episode."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import gradio as gr

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.tasks import get_task
from space_app.messages import user_message
from space_app.session.backend import DemoBackend
from space_app.session.episode import DemoEpisode
from space_app.session.sessions import Session
from space_app.session.tools import ToolBackend

MAX_STEPS = 50
"""Steps of one call of `run`: a call stays shorter than the timeouts of clients and proxies."""

API_GUIDE = """Play from a program. Every answer contains task, score, room, plan and the last action.

```python
from gradio_client import Client

space = Client("NAMESPACE/NAME")  # or the address of this page
episode = space.predict("find-animal", 225, api_name="/start")["episode"]
print(space.predict(episode, api_name="/step")["last"])
space.predict(episode, "navigate_to(kitchen)", True, api_name="/set_subgoal")
space.predict(episode, "open door to kitchen", api_name="/act")
print(space.predict(episode, api_name="/run")["score"])
record = space.predict(episode, api_name="/stop")  # `subgoal eval replay` reads it
```

Endpoints: `start`, `step`, `run`, `set_subgoal`, `act`, `state`, `valid_actions`, `stop`. They are also MCP
tools under `/gradio_api/mcp/` where the `mcp` package is installed. Only the key that `start` returns gives
access to an episode. An episode without a move for ten minutes is closed."""


def add_endpoints(backend: DemoBackend) -> None:
    """Add the endpoints to the current `gr.Blocks`.

    Args:
        backend (`DemoBackend`): holds the sessions.
    """
    endpoints = Endpoints(backend)
    for name in ("start", "step", "run", "set_subgoal", "act", "state", "valid_actions", "stop"):
        gr.api(getattr(endpoints, name), api_name=name)
    if backend.tools is not None:
        gr.api(ToolEndpoints(backend.tools).ask, api_name="ask")


class Endpoints:
    """What programs can call. The docstrings are the descriptions of the MCP tools.

    Args:
        backend (`DemoBackend`): holds the sessions.

    Example:

    ```python
    endpoints = Endpoints(backend)
    key = endpoints.start("find-animal", 159)["episode"]
    print(endpoints.step(key)["last"]["action"])
    ```
    """

    def __init__(self, backend: DemoBackend) -> None:
        self._backend = backend

    def start(
        self,
        task: str,
        variation: int,
        seed: int = 0,
        agent: str = "hierarchical",
        controller: str = "",
        executor: str = "",
    ) -> dict[str, Any]:
        """Begin an episode. The answer's `episode` is the key that all other calls need.

        Args:
            task: name or number of a ScienceWorld task, such as find-animal or 4-4.
            variation: which of its variations, from 0.
            seed: kept in the record.
            agent: hierarchical or flat.
            controller: Hub id of another controller; empty for the default one.
            executor: Hub id of another executor; empty for the default one.
        """
        with _client_errors():
            session = self._backend.start(task, variation, seed, agent, controller, executor)
            return _answer(session)

    def step(self, episode: str) -> dict[str, Any]:
        """Let the agent take one step.

        Args:
            episode: key from start.
        """
        return self._after(episode, lambda session: session.main.step())

    def run(self, episode: str, steps: int = MAX_STEPS) -> dict[str, Any]:
        """Let the agent play until the episode is over, at most 50 steps.

        Args:
            episode: key from start.
            steps: how many steps, 1 to 50.
        """

        def play(session: Session) -> None:
            if not isinstance(steps, int) or not 1 <= steps <= MAX_STEPS:
                raise UsageError(f"steps must be 1 to {MAX_STEPS}: call again to continue.")
            for _ in range(steps):
                session.main.step()

        return self._after(episode, play)

    def set_subgoal(self, episode: str, subgoal: str, pin: bool = False) -> dict[str, Any]:
        """Replace the sub-goal of the next action. An empty text gives the plan back to the controller.

        Args:
            episode: key from start.
            subgoal: such as navigate_to(kitchen).
            pin: keep it until another is set.
        """

        def change(session: Session) -> None:
            if subgoal:
                session.main.set_subgoal(subgoal, pin)
            else:
                session.main.release()

        return self._after(episode, change)

    def act(self, episode: str, action: str) -> dict[str, Any]:
        """Play an action in place of the agent's.

        Args:
            episode: key from start.
            action: in the simulator's syntax, such as open door to kitchen.
        """
        return self._after(episode, lambda session: session.main.act(action))

    def state(self, episode: str) -> dict[str, Any]:
        """The current state of an episode.

        Args:
            episode: key from start.
        """
        return self._after(episode, lambda session: None)

    def valid_actions(self, episode: str) -> list[str]:
        """All actions that the simulator accepts now.

        Args:
            episode: key from start.
        """
        with _client_errors(), self._backend.sessions.use(episode) as session:
            return session.main.valid_actions()

    def stop(self, episode: str) -> dict[str, Any]:
        """End an episode. The answer is its record, which `subgoal eval replay` reads.

        Args:
            episode: key from start.
        """
        with _client_errors():
            with self._backend.sessions.use(episode) as session:
                record = session.main.record().to_dict()
            self._backend.sessions.close(episode)
            return record

    def _after(self, episode: str, work: Callable[[Session], None]) -> dict[str, Any]:
        with _client_errors(), self._backend.sessions.use(episode) as session:
            work(session)
            return _answer(session)


class ToolEndpoints:
    """What programs can ask the agent with tools. The docstring is the description of the MCP tool.

    Args:
        tools (`ToolBackend`): answers the questions.

    Example:

    ```python
    from gradio_client import Client

    Client("NAMESPACE/NAME").predict("What is 6766 * 5801?", api_name="/ask")["answer"]
    ```
    """

    def __init__(self, tools: ToolBackend) -> None:
        self._tools = tools

    def ask(self, question: str, request: gr.Request) -> dict[str, Any]:
        """Ask a small agent with a Python sandbox and a search; a model without tools answers beside it.

        Args:
            question: what to answer, such as "What is 6766 * 5801?".
        """
        with _client_errors():
            *_, progress = self._tools.answer(question, str(request.session_hash or ""))
        agent, cot = self._tools.names
        steps = [
            {
                "thought": step.thought,
                "code": step.code,
                "output": step.observation,
                "seconds": round(seconds, 2),
            }
            for step, seconds in zip(progress.steps, progress.seconds, strict=True)
        ]
        return {
            "question": progress.question,
            "answer": progress.answer,
            "steps": steps,
            "model": agent,
            "without_tools": {"answer": progress.cot_answer, "text": progress.cot, "model": cot},
            "isolation_off": list(self._tools.sandbox.isolation.off),
        }


@contextmanager
def _client_errors() -> Iterator[None]:
    """Send our errors to the client as they are; Gradio hides the text of all others."""
    try:
        yield
    except SubgoalError as error:
        raise gr.Error(user_message(error), print_exception=False) from error


def _answer(session: Session) -> dict[str, Any]:
    return {"episode": session.key, **describe(session.main)}


def describe(episode: DemoEpisode) -> dict[str, Any]:
    """The state of an episode, ready for JSON; `last` holds the fields of the last `Turn`."""
    state, (task, variation, seed) = episode.state, episode.key
    return {
        "task": task,
        "variation": variation,
        "seed": seed,
        "split": get_task(task).split_of(variation),
        "description": state.description,
        "score": max(0, state.score_points),
        "moves": state.moves,
        "moves_left": episode.moves_left,
        "over": episode.over,
        "stop_reason": episode.record().stop_reason if episode.over else None,
        "room": room_of(state.look),
        "look": state.look,
        "inventory": state.inventory,
        "subgoal": state.subgoal,
        "next_subgoal": None if episode.over else episode.next_subgoal,
        "pinned": episode.pinned,
        "finished": list(state.finished),
        "turns": len(episode.turns),
        "last": asdict(episode.turns[-1]) if episode.turns else None,
    }

"""Named endpoints for programs: `gradio_client`, plain HTTP, and MCP. An episode is named by its key."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from dataset_builder.common.errors import SubgoalError, UsageError
from space_app.messages import user_message
from space_app.session.backend import DemoBackend
from space_app.session.play import view
from space_app.session.sessions import Session

_RUN_AT_MOST = 50
"""Steps of one call of `run`, so that no call takes long."""


def add_endpoints(table: DemoBackend) -> None:
    """Add the endpoints to the app under construction.

    Args:
        table (`DemoBackend`): where the episodes are.
    """
    endpoints = Endpoints(table)
    for name in ("start", "step", "run", "set_subgoal", "act", "state", "valid_actions", "stop"):
        gr.api(getattr(endpoints, name), api_name=name)


class Endpoints:
    """What programs can call. Every answer tells how the episode stands.

    Args:
        table (`DemoBackend`): where the episodes are.
    """

    def __init__(self, table: DemoBackend) -> None:
        self._table = table

    def start(
        self,
        task: str,
        variation: int,
        seed: int = 0,
        agent: str = "hierarchical",
        controller: str = "",
        executor: str = "",
    ) -> dict[str, Any]:
        """Begin an episode; the answer's `episode` is the key that the other calls need.

        Args:
            task: name or number of a ScienceWorld task, such as find-animal or 4-4.
            variation: which of its variations, from 0.
            seed: kept in the record.
            agent: hierarchical or flat.
            controller: Hub id of another controller; empty for the one that is here.
            executor: Hub id of another executor; empty for the one that is here.
        """
        with _worded():
            session = self._table.start(task, variation, seed, agent, controller, executor)
            return {"episode": session.key, **view(session.main)}

    def step(self, episode: str) -> dict[str, Any]:
        """Let the agent take one step.

        Args:
            episode: key from start.
        """
        return self._after(episode, lambda session: session.main.step())

    def run(self, episode: str, steps: int = _RUN_AT_MOST) -> dict[str, Any]:
        """Let the agent play on until the episode is over, 50 steps at most.

        Args:
            episode: key from start.
            steps: how many steps, 1 to 50.
        """

        def play(session: Session) -> None:
            if not isinstance(steps, int) or not 1 <= steps <= _RUN_AT_MOST:
                raise UsageError(f"steps must be 1 to {_RUN_AT_MOST}: call again to play on.")
            for _ in range(steps):
                session.main.step()

        return self._after(episode, play)

    def set_subgoal(self, episode: str, subgoal: str, pin: bool = False) -> dict[str, Any]:
        """Replace the sub-goal of the next action; an empty one gives the plan back to the controller.

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
        """Play an action of your own in place of the agent's.

        Args:
            episode: key from start.
            action: in the simulator's words, such as open door to kitchen.
        """
        return self._after(episode, lambda session: session.main.act(action))

    def state(self, episode: str) -> dict[str, Any]:
        """How an episode stands.

        Args:
            episode: key from start.
        """
        return self._after(episode, lambda session: None)

    def valid_actions(self, episode: str) -> list[str]:
        """All actions that the simulator would accept now.

        Args:
            episode: key from start.
        """
        with _worded(), self._table.sessions.use(episode) as session:
            return session.main.valid_actions()

    def stop(self, episode: str) -> dict[str, Any]:
        """End an episode; the answer is its record, as `subgoal eval replay` reads it.

        Args:
            episode: key from start.
        """
        with _worded():
            with self._table.sessions.use(episode) as session:
                record = session.main.record().to_dict()
            self._table.sessions.close(episode)
            return record

    def _after(self, episode: str, work: Callable[[Session], None]) -> dict[str, Any]:
        with _worded(), self._table.sessions.use(episode) as session:
            work(session)
            return {"episode": session.key, **view(session.main)}


class _worded:
    """Turns our errors into those that a client is shown."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, SubgoalError):
            raise gr.Error(user_message(error), print_exception=False) from error


def documentation() -> str:
    """How to call the endpoints, for the page."""
    return """The same from a program. Every answer tells task, score, room, plan and the last action.

```python
from gradio_client import Client

space = Client("NAMESPACE/NAME")  # or the address of this page
episode = space.predict("find-animal", 225, api_name="/start")["episode"]
print(space.predict(episode, api_name="/step")["last"])
space.predict(episode, "navigate_to(kitchen)", True, api_name="/set_subgoal")
space.predict(episode, "open door to kitchen", api_name="/act")
print(space.predict(episode, api_name="/run")["score"])
record = space.predict(episode, api_name="/stop")  # what `subgoal eval replay` reads
```

Endpoints: `start`, `step`, `run`, `set_subgoal`, `act`, `state`, `valid_actions`, `stop`; also MCP tools
under `/gradio_api/mcp/` where the `mcp` package is installed. The key that `start` answers with is the only
way to an episode; left alone, an episode is closed after some minutes."""

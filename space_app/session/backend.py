"""`DemoBackend`: the simulator, the agents and the open sessions behind the page and the API."""

import threading
from contextlib import ExitStack, closing
from functools import lru_cache

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.retry import retrying
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import get_task
from space_app.session.agents import AgentPool
from space_app.session.episode import RULES, DemoEpisode
from space_app.session.sessions import Session, Sessions
from space_app.session.tools import ToolBackend, open_tools
from space_app.settings import Settings

BOTH = "side by side"
MAX_SEED = 2**31 - 1


class DemoBackend:
    """The server side of the demo. One instance serves all visitors.

    Args:
        settings (`Settings`): models and limits.
        agents (`AgentPool`, *optional*, defaults to the models of `settings`): who plays.
        tools (`ToolBackend`, *optional*, defaults to the models of `settings`): who answers questions.

    Attributes:
        tools: None if the demo has no agent with tools.

    Raises:
        UsageError: if a model cannot be loaded or does not fit its role.
        SubgoalError: if the Hub cannot be reached.

    Example:

    ```python
    backend = DemoBackend(find_settings())
    session = backend.start("find-animal", 159)
    session.main.step()
    backend.close()
    ```
    """

    def __init__(
        self, settings: Settings, agents: AgentPool | None = None, tools: ToolBackend | None = None
    ) -> None:
        self.settings = settings
        self.agents = agents or AgentPool.from_settings(settings)
        self.tools = tools or open_tools(settings)
        self.simulator = Simulator()
        self.sessions = Sessions(settings.max_episodes, settings.idle_seconds, settings.max_wait_seconds)
        # Visitors browse tasks without taking one of the limited places: one extra episode serves them all.
        self._preview = self.simulator.episode(step_limit=None)
        self._preview_lock = threading.Lock()
        self.introduction = lru_cache(maxsize=2048)(self._introduction)
        """`introduction(task, variation)`: the task description and the first look."""

    @property
    def kinds(self) -> list[str]:
        """What a visitor can choose from: the kinds of agents, and both side by side."""
        kinds = self.agents.kinds
        return [*kinds, BOTH] if len(kinds) > 1 else kinds

    def start(
        self,
        task: str,
        variation: int,
        seed: int = 0,
        kind: str = "hierarchical",
        controller: str = "",
        executor: str = "",
    ) -> Session:
        """Open a session with an episode at its beginning.

        Args:
            task (`str`): simulator name or paper id.
            variation (`int`): index over all splits.
            seed (`int`, *optional*, defaults to 0): kept in the record.
            kind (`str`, *optional*, defaults to `"hierarchical"`): one of `kinds`.
            controller, executor (`str`, *optional*): Hub ids; empty for the models of the settings.

        Raises:
            UsageError: for an unknown task, variation, agent or model.
            SubgoalError: if all places are taken, or the Hub cannot be reached.
        """
        name, variation = check_episode(task, variation)
        if not all(isinstance(text, str) for text in (kind, controller, executor)):
            raise UsageError("Agent and models are named by text: omit them to play with what is here.")
        if not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
            raise UsageError(f"A seed is a whole number, 0 to {MAX_SEED}.")
        pair = self.agents.from_hub(controller, executor)
        if kind == BOTH and BOTH in self.kinds:
            agents = [pair, self.agents.get("flat")]
        else:
            agents = [pair if kind == "hierarchical" else self.agents.get(kind)]

        def begin() -> list[DemoEpisode]:
            with ExitStack() as stack:  # if the second episode fails, the first is closed
                episodes = [
                    stack.enter_context(closing(DemoEpisode(self.simulator, agent, name, variation, seed)))
                    for agent in agents
                ]
                stack.pop_all()
                return episodes

        return self.sessions.open(begin)

    def _introduction(self, task: str, variation: int) -> tuple[str, str]:
        name, variation = check_episode(task, variation)
        with self._preview_lock:
            retrying(lambda: self._preview.load(name, variation, RULES.simplifications))
            return self._preview.task_description(), self._preview.look()

    def close(self) -> None:
        """End all sessions, the Java process and the sandbox."""
        if self.tools is not None:
            self.tools.close()
        self.sessions.close_all()
        self._preview.close()
        self.simulator.close()


def check_episode(task: object, variation: object) -> tuple[str, int]:
    """Name of the task and variation as a number, if they exist.

    Args:
        task (`object`): name or paper id.
        variation (`object`): a whole number; a slider may send 3.0 for 3.

    Raises:
        UsageError: if there is no such task or variation.
    """
    if not isinstance(task, str) or len(task) > 100 or not task.isprintable():
        raise UsageError("There is no such task: choose one of the list.")
    spec = get_task(task)
    if isinstance(variation, float) and variation.is_integer():
        variation = int(variation)
    # `True` is an int in Python, and JSON clients send it.
    if not isinstance(variation, int) or isinstance(variation, bool):
        raise UsageError(f"A variation is a whole number, 0 to {spec.n_variations - 1}.")
    spec.check_variation(variation)
    return spec.name, variation

"""`PageHandlers`: what the page's controls do. Each method handles one event; errors become notices."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from dataset_builder.common.errors import SubgoalError, UsageError, clip
from dataset_builder.simulator.tasks import SPLITS, TASKS, get_task
from eval_harness.agents.expert_subgoals import ExpertSubgoals
from space_app.messages import user_message
from space_app.session.backend import DemoBackend, checked
from space_app.session.downloads import json_text, markdown
from space_app.session.gallery import FIRST, GALLERY
from space_app.session.play import RULES, Play
from space_app.session.sessions import Session
from space_app.ui import html as boards

SPEEDS = {"slow": 2.0, "normal": 0.8, "fast": 0.15}
"""Seconds between the steps of a run."""

MOST_VALID = 1500  # valid actions that are offered; a room full of things has several thousand

log = logging.getLogger(__name__)


class PageHandlers:
    """Answers the page's events.

    Args:
        table (`DemoBackend`): where the episodes are.
    """

    def __init__(self, table: DemoBackend) -> None:
        self.table = table
        self._tabs: dict[str, str] = {}  # a browser tab's own name → its session
        # A tab opens one episode at a time, however fast its buttons are pressed.
        self._opening: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._experts: ExpertSubgoals | None = None
        self._searching = threading.Lock()

    # --- choosing ------------------------------------------------------------------------------------

    def arrive(self, request: gr.Request) -> list[Any]:
        """The page is loaded: the episode of the link, or the first of the gallery."""
        wanted = dict(request.query_params)
        try:
            task = checked(wanted.get("task", FIRST.task), _whole(wanted.get("variation")))
            first = FIRST.variation if task.name == FIRST.task else _first(task.name)
            variation, seed = int(wanted.get("variation") or first), _whole(wanted.get("seed"))
            return [*self._chosen(task.name, variation, ""), seed]
        except UsageError as error:
            return [
                *self._chosen(FIRST.task, FIRST.variation, f"The link does not fit: {user_message(error)}"),
                0,
            ]

    def choose(self, task: str, variation: int, key: str, request: gr.Request) -> list[Any]:
        """Another episode is chosen: the one that was open is closed."""
        self._leave(key, request)
        try:
            return self._chosen(checked(task, int(variation)).name, int(variation), "")
        except (SubgoalError, TypeError, ValueError) as error:
            return self._chosen(FIRST.task, FIRST.variation, user_message(error))

    def choose_task(self, task: str, split: str, key: str, request: gr.Request) -> list[Any]:
        """Another task or split: its first variation."""
        return self.choose(task, _first(task, split) if task in TASKS else -1, key, request)

    def choose_topic(self, topic: str, split: str, key: str, request: gr.Request) -> list[Any]:
        """Another topic: its first task."""
        tasks = [task.name for task in TASKS.values() if task.topic == topic] or [FIRST.task]
        return self.choose_task(tasks[0], split, key, request)

    def _chosen(self, task: str, variation: int, message: str) -> list[Any]:
        chosen = get_task(task)
        split = chosen.split_of(variation)
        numbers = chosen.variations(split)
        try:
            description, look = self.table.introduction(task, variation)
        except SubgoalError as error:
            description, look, message = "", "", user_message(error)
        names = [
            (f"{each.task_id}  {each.name}", each.name)
            for each in TASKS.values()
            if each.topic == chosen.topic
        ]
        return [
            gr.Dropdown(value=chosen.topic),
            gr.Dropdown(choices=names, value=task),
            gr.Dropdown(value=split),
            gr.Slider(minimum=numbers[0], maximum=numbers[-1], value=variation),
            boards.introduction(task, variation, description),
            boards.waiting(description, look),
            boards.notice(message),
            "",
            *self._paused(),
        ]

    def link(self, task: str, variation: int, seed: int | None) -> str:
        """The permanent link to an episode."""
        query = {"task": task, "variation": variation} | ({"seed": seed} if seed else {})
        text = escape(urlencode(query))
        return (
            f"<p class='sg-link'>Permanent link: <a href='?{text}' target='_blank'>?{text}</a> "
            "(the address bar has it, too)</p>"
        )

    # --- playing -------------------------------------------------------------------------------------

    def start(
        self, task: str, variation: int, seed: int, kind: str, controller: str, executor: str, key: str,
        request: gr.Request,
    ) -> list[Any]:  # fmt: skip
        """Begin the chosen episode anew."""
        try:
            with self._opening[str(request.session_hash)]:
                self._leave(key, request)
                session = self._open(task, variation, seed, kind, controller, executor, request)
        except SubgoalError as error:
            return [gr.skip(), boards.notice(user_message(error)), "", *self._paused(), *self._fields()]
        return [boards.boards(session), "", session.key, *self._paused(), *self._fields(session.main)]

    def _open(
        self, task: str, variation: int, seed: int, kind: str, controller: str, executor: str, tab: gr.Request
    ) -> Session:  # fmt: skip
        session = self.table.start(
            task, _integer(variation), int(seed or 0), kind, controller or "", executor or ""
        )
        self._tabs[str(tab.session_hash)] = session.key
        return session

    def step(
        self, task: str, variation: int, seed: int, kind: str, controller: str, executor: str, key: str,
        request: gr.Request,
    ) -> list[Any]:  # fmt: skip
        """One step; the first opens the episode and shows the first sub-goal."""
        if not key:
            with self._opening[str(request.session_hash)]:
                key = self._tabs.get(str(request.session_hash), "")  # opened by a press just before
                if not key:
                    return self.start(task, variation, seed, kind, controller, executor, key, request)
        return self._change(key, _step_all)

    def tick(
        self, task: str, variation: int, seed: int, kind: str, controller: str, executor: str, key: str,
        request: gr.Request,
    ) -> list[Any]:  # fmt: skip
        """One step of a run; the run goes on until the episode is over or something is wrong."""
        answer = self.step(task, variation, seed, kind, controller, executor, key, request)
        if not answer[1] and not self._over(answer[2]):
            # The clock goes on, and nobody's writing is overwritten.
            answer[3:] = _skips(6)
        return answer

    def _over(self, key: Any) -> bool:
        try:
            with self.table.sessions.use(key) as session:
                return session.over
        except UsageError:
            return True

    def run(self, speed: str) -> list[Any]:
        """The clock starts."""
        return [
            gr.Timer(SPEEDS.get(speed, 0.8), active=True),
            gr.Button(visible=False),
            gr.Button(visible=True),
        ]

    def pause(self, key: str) -> list[Any]:
        """The clock stops, and the fields show how things stand."""
        if not key:
            return [gr.skip(), gr.skip(), "", *self._paused(), *_skips(3)]
        return self._change(key, lambda session: None)

    def faster(self, speed: str) -> Any:
        """Another pace."""
        return gr.Timer(SPEEDS.get(speed, 0.8))

    # --- steering ------------------------------------------------------------------------------------

    def use_subgoal(self, text: str, key: str) -> list[Any]:
        """The visitor's sub-goal for the next action."""
        return self._change(key, lambda session: session.main.set_subgoal(text), stop=False)

    def pin_subgoal(self, text: str, key: str) -> list[Any]:
        """The visitor's sub-goal until it is released."""
        return self._change(key, lambda session: session.main.set_subgoal(text, pin=True), stop=False)

    def release(self, key: str) -> list[Any]:
        """The controller plans again."""
        return self._change(key, lambda session: session.main.release(), stop=False)

    def act(self, text: str, key: str) -> list[Any]:
        """The visitor's own action. A run stops: who takes over wants to look."""
        return self._change(key, lambda session: session.main.act(text))

    def valid_actions(self, key: str) -> Any:
        """What could be done now, for the box of the visitor's action."""
        try:
            with self.table.sessions.use(key) as session:
                return gr.Dropdown(choices=_handy(session.main.valid_actions()))
        except SubgoalError:
            return gr.skip()

    def _change(self, key: str, work: Callable[[Session], None], stop: bool = True) -> list[Any]:
        """Do something with a session and show it; a run ends unless `stop` is False."""
        if not key:
            return [gr.skip(), boards.notice("Press Step first: the episode has not begun."), "", *_skips(6)]
        try:
            with self.table.sessions.use(key) as session:
                message = ""
                try:
                    work(session)
                except SubgoalError as error:
                    message = user_message(error)
                shown, fields = boards.boards(session), self._fields(session.main)
        except SubgoalError as error:  # the session is gone
            return [gr.skip(), boards.notice(user_message(error)), "", *self._paused(), *_skips(3)]
        if message:  # what was refused stays in its field, to be set right
            fields = _skips(3)
        return [shown, boards.notice(message), key, *(self._paused() if stop else _skips(3)), *fields]

    # --- around an episode ---------------------------------------------------------------------------

    def compare(self, task: str, variation: int, key: str) -> str:
        """The expert's plan beside the agent's."""
        try:
            stretches = self._expert().stretches(checked(task, _integer(variation)).name, int(variation))
            play = None
            if key:
                with self.table.sessions.use(key) as session:
                    play = session.main
                    return boards.comparison(play, stretches)
            return boards.comparison(play, stretches)
        except SubgoalError as error:
            return boards.notice(user_message(error))

    def _expert(self) -> ExpertSubgoals:
        with self._searching:
            if self._experts is None:
                self._experts = ExpertSubgoals(
                    self.table.simulator, self.table.settings.dataset, RULES.simplifications
                )
            return self._experts

    def as_json(self, key: str) -> tuple[str, str, str]:
        """File name, content and a notice: the episode for `subgoal eval replay`."""
        return self._file(key, json_text, "json")

    def as_markdown(self, key: str) -> tuple[str, str, str]:
        """File name, content and a notice: the episode to read."""
        return self._file(key, markdown, "md")

    def _file(self, key: str, write: Callable[[Play], str], ending: str) -> tuple[str, str, str]:
        try:
            with self.table.sessions.use(key) as session:
                play = session.main
                return f"{play.unit.task}-{play.unit.variation}.{ending}", write(play), ""
        except SubgoalError:
            return "", "", boards.notice("There is no open episode to download: press Step first.")

    def leave(self, request: gr.Request) -> None:
        """The tab is closed: so is its episode, also one that is just being opened."""
        with self._opening[str(request.session_hash)]:
            self._leave("", request)
        self._opening.pop(str(request.session_hash), None)

    def _leave(self, key: str, request: gr.Request) -> None:
        for each in {key, self._tabs.pop(str(request.session_hash), "")} - {""}:
            self.table.sessions.close(each)

    def _paused(self) -> list[Any]:
        return [gr.Timer(active=False), gr.Button(visible=True), gr.Button(visible=False)]

    def _fields(self, play: Play | None = None) -> list[Any]:
        """The steering fields: sub-goal with suggestions, action, and which of them can be used."""
        if play is None:
            return _skips(3)
        can = play.player.plans and not play.over
        value = play.coming if can else ""
        return [
            gr.Dropdown(choices=play.suggestions(), value=value, interactive=can),
            gr.Dropdown(value="", choices=[], interactive=not play.over),
            gr.Button(interactive=play.steered),
        ]


def _step_all(session: Session) -> None:
    for play in session.plays:
        play.step()


def _skips(count: int) -> list[Any]:
    return [gr.skip() for _ in range(count)]


def _handy(actions: list[str]) -> list[str]:
    """At most `MOST_VALID` valid actions, short ones first: the long ones combine two things at random."""
    return sorted(actions, key=lambda action: (action.count(" "), action))[:MOST_VALID]


def _integer(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _whole(text: str | None) -> int:
    """A number of a link; 0 if there is none.

    Raises:
        UsageError: if it is no number.
    """
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise UsageError(f"{clip(text)!r} is no number: use 0 or more.")
    return int(text)


def _first(task: str, split: str = "test") -> int:
    """The variation of the gallery if it is of this split, else the first."""
    chosen = get_task(task)
    shown = [each.variation for each in GALLERY if each.task == task]
    if shown and chosen.split_of(shown[0]) == split:
        return shown[0]
    return chosen.variations(split if split in SPLITS else "test")[0]

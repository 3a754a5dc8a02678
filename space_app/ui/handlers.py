"""`PageHandlers`: one method for each event of the page. Errors become notices above the board.

A handler returns a dictionary of the components that change; Gradio leaves all others as they are.
"""

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
from space_app.session.backend import DemoBackend, check_episode
from space_app.session.downloads import to_json, to_markdown
from space_app.session.episode import RULES, DemoEpisode
from space_app.session.gallery import FIRST, GALLERY
from space_app.session.sessions import Session
from space_app.ui.components import SPEEDS, Components
from space_app.ui.render import (
    render_comparison,
    render_introduction,
    render_notice,
    render_session,
    render_waiting,
)

MAX_VALID_ACTIONS = 1500
"""Valid actions that the page offers; a room full of things has several thousand."""

Values = dict[Any, Any]
"""What the visitor has chosen and written, by component."""
Updates = dict[Any, Any]
"""New values or properties, by component."""


class PageHandlers:
    """Answers the page's events.

    Args:
        backend (`DemoBackend`): holds the sessions.
        components (`Components`): the controls of the page.

    Example:

    ```python
    handlers = PageHandlers(backend, components)
    inputs = [components.task, components.variation, components.key]
    components.compare.click(handlers.compare, inputs)
    ```
    """

    def __init__(self, backend: DemoBackend, components: Components) -> None:
        self.backend = backend
        self.page = components
        self._keys: dict[str, str] = {}  # session hash of a browser tab → key of its session
        # A tab opens one episode at a time, however fast its buttons are pressed.
        self._tab_locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._experts: ExpertSubgoals | None = None
        self._experts_lock = threading.Lock()

    # --- choosing an episode -------------------------------------------------------------------------

    def load(self, request: gr.Request) -> Updates:
        """The page was opened: show the episode of the link, or the first of the gallery."""
        query = dict(request.query_params)
        try:
            number, seed = _parse_number(query.get("variation")), _parse_number(query.get("seed"))
            task, variation = check_episode(query.get("task", FIRST.task), number)
            shown = variation if query.get("variation") else _first_variation(task)
            return self._show_choice(task, shown) | {self.page.seed: seed}
        except UsageError as error:
            message = f"The link does not name an episode: {user_message(error)}"
            return self._show_choice(FIRST.task, FIRST.variation, message) | {self.page.seed: 0}

    def choose(self, task: str, variation: int, key: str, request: gr.Request) -> Updates:
        """Another episode was chosen: close the open one."""
        self._close(key, request)
        try:
            return self._show_choice(*check_episode(task, variation))
        except SubgoalError as error:
            return self._show_choice(FIRST.task, FIRST.variation, user_message(error))

    def choose_task(self, task: str, split: str, key: str, request: gr.Request) -> Updates:
        """Another task or split was chosen: show its first variation."""
        return self.choose(task, _first_variation(task, split) if task in TASKS else -1, key, request)

    def choose_topic(self, topic: str, split: str, key: str, request: gr.Request) -> Updates:
        """Another topic was chosen: show its first task."""
        tasks = [task.name for task in TASKS.values() if task.topic == topic] or [FIRST.task]
        return self.choose_task(tasks[0], split, key, request)

    def _show_choice(self, task: str, variation: int, message: str = "") -> Updates:
        page, spec = self.page, get_task(task)
        split = spec.split_of(variation)
        variations = spec.variations(split)
        try:
            description, look = self.backend.introduction(task, variation)
        except SubgoalError as error:
            description, look, message = "", "", user_message(error)
        tasks = [(f"{t.task_id}  {t.name}", t.name) for t in TASKS.values() if t.topic == spec.topic]
        return {
            page.topic: gr.Dropdown(value=spec.topic),
            page.task: gr.Dropdown(choices=tasks, value=task),
            page.split: gr.Dropdown(value=split),
            page.variation: gr.Slider(minimum=variations[0], maximum=variations[-1], value=variation),
            page.introduction: render_introduction(task, variation, description),
            page.board: render_waiting(look),
            **self._stop(message),
        }

    def link(self, task: str, variation: int, seed: int | None) -> str:
        """The permanent link to an episode."""
        query = {"task": task, "variation": variation} | ({"seed": seed} if seed else {})
        text = escape(urlencode(query))
        return (
            f"<p class='sg-link'>Permanent link: <a href='?{text}' target='_blank'>?{text}</a> "
            "(also in the address bar)</p>"
        )

    # --- playing -------------------------------------------------------------------------------------

    def start(self, values: Values, request: gr.Request) -> Updates:
        """Begin the chosen episode from its beginning."""
        page = self.page
        try:
            with self._tab_locks[str(request.session_hash)]:
                self._close(values[page.key], request)
                session = self.backend.start(
                    values[page.task],
                    values[page.variation],
                    int(values[page.seed] or 0),
                    values[page.kind],
                    values[page.controller] or "",
                    values[page.executor] or "",
                )
                self._keys[str(request.session_hash)] = session.key
        except SubgoalError as error:
            return self._stop(user_message(error))
        return {
            page.board: render_session(session),
            **self._stop(key=session.key),
            **self._fields(session.main),
        }

    def step(self, values: Values, request: gr.Request) -> Updates:
        """Play one step. The first press opens the episode and shows its first sub-goal."""
        key = values[self.page.key]
        if not key:
            with self._tab_locks[str(request.session_hash)]:
                # An earlier press may have opened the episode while this one waited.
                key = self._keys.get(str(request.session_hash), "")
                if not key:
                    return self.start(values, request)
        return self._change(key, _step_all)

    def tick(self, values: Values, request: gr.Request) -> Updates:
        """Play one step of a run. The run ends when the episode is over or an error occurs."""
        page = self.page
        updates = self.step(values, request)
        if not updates[page.notice] and not self._over(updates[page.key]):
            # The clock keeps running, and what the visitor is writing stays.
            return {component: updates[component] for component in (page.board, page.notice, page.key)}
        return updates

    def _over(self, key: str) -> bool:
        try:
            with self.backend.sessions.use(key) as session:
                return session.over
        except UsageError:
            return True

    def run(self, speed: str) -> Updates:
        """Start the clock."""
        return {
            self.page.clock: gr.Timer(SPEEDS.get(speed, SPEEDS["normal"]), active=True),
            self.page.run: gr.Button(visible=False),
            self.page.pause: gr.Button(visible=True),
        }

    def pause(self, key: str) -> Updates:
        """Stop the clock, and fill the steering fields."""
        return self._change(key, lambda session: None) if key else self._stop()

    def change_speed(self, speed: str) -> Any:
        """Set the clock to another speed."""
        return gr.Timer(SPEEDS.get(speed, SPEEDS["normal"]))

    # --- steering ------------------------------------------------------------------------------------

    def use_subgoal(self, text: str, key: str) -> Updates:
        """Set the sub-goal of the next action."""
        return self._change(key, lambda session: session.main.set_subgoal(text), stop=False)

    def pin_subgoal(self, text: str, key: str) -> Updates:
        """Set the sub-goal until it is released."""
        return self._change(key, lambda session: session.main.set_subgoal(text, pin=True), stop=False)

    def release(self, key: str) -> Updates:
        """Give the plan back to the controller."""
        return self._change(key, lambda session: session.main.release(), stop=False)

    def act(self, text: str, key: str) -> Updates:
        """Play the visitor's action. It pauses a running agent, so that the visitor sees the result."""
        return self._change(key, lambda session: session.main.act(text))

    def valid_actions(self, key: str) -> Any:
        """Offer the valid actions in the field of the visitor's action."""
        try:
            with self.backend.sessions.use(key) as session:
                return gr.Dropdown(choices=_short_ones_first(session.main.valid_actions()))
        except SubgoalError:
            return gr.skip()

    def _change(self, key: str, work: Callable[[Session], None], stop: bool = True) -> Updates:
        """Do something with a session and show it.

        Args:
            key (`str`): of the session.
            work (`Callable`): what to do.
            stop (`bool`, *optional*, defaults to `True`): also end a run.
        """
        page, message = self.page, ""
        if not key:
            return {page.notice: render_notice("Press Step first: the episode has not begun."), page.key: ""}
        try:
            with self.backend.sessions.use(key) as session:
                try:
                    work(session)
                except SubgoalError as error:
                    message = user_message(error)
                board, fields = render_session(session), self._fields(session.main)
        except SubgoalError as error:  # the session was closed
            return self._stop(user_message(error))
        updates = {page.board: board, page.notice: render_notice(message), page.key: key}
        if stop:
            updates |= self._stop(message, key)
        # A refused text stays in its field, so that the visitor can correct it.
        return updates if message else updates | fields

    def _stop(self, message: str = "", key: str = "") -> Updates:
        """End a run, if there is one, and show a message."""
        return {
            self.page.notice: render_notice(message),
            self.page.key: key,
            self.page.clock: gr.Timer(active=False),
            self.page.run: gr.Button(visible=True),
            self.page.pause: gr.Button(visible=False),
        }

    def _fields(self, episode: DemoEpisode) -> Updates:
        """The steering fields with their suggestions, as far as they can be used now."""
        steerable = episode.agent.has_plan and not episode.over
        return {
            self.page.subgoal: gr.Dropdown(
                choices=episode.suggestions(),
                value=episode.next_subgoal if steerable else "",
                interactive=steerable,
            ),
            self.page.action: gr.Dropdown(value="", choices=[], interactive=not episode.over),
            self.page.release: gr.Button(interactive=episode.steered),
        }

    # --- around an episode ---------------------------------------------------------------------------

    def compare(self, task: str, variation: int, key: str) -> str:
        """The expert's plan, beside the agent's if an episode has begun."""
        try:
            expert = self._expert_subgoals().spans(*check_episode(task, variation))
            if not key:
                return render_comparison(None, expert)
            with self.backend.sessions.use(key) as session:
                return render_comparison(session.main, expert)
        except SubgoalError as error:
            return render_notice(user_message(error))

    def _expert_subgoals(self) -> ExpertSubgoals:
        with self._experts_lock:
            if self._experts is None:  # created lazily: it reads the whole dataset
                self._experts = ExpertSubgoals(
                    self.backend.simulator, self.backend.settings.dataset, RULES.simplifications
                )
            return self._experts

    def download_json(self, key: str) -> Updates:
        """The episode as `subgoal eval replay` reads it."""
        return self._download(key, to_json, "json")

    def download_markdown(self, key: str) -> Updates:
        """The episode as a document."""
        return self._download(key, to_markdown, "md")

    def _download(self, key: str, write: Callable[[DemoEpisode], str], extension: str) -> Updates:
        name, text, message = "", "", ""
        try:
            with self.backend.sessions.use(key) as session:
                episode = session.main
                name, text = f"{episode.key.task}-{episode.key.variation}.{extension}", write(episode)
        except SubgoalError:
            message = "There is no open episode to download: press Step first."
        page = self.page
        return {page.file_name: name, page.file_text: text, page.notice: render_notice(message)}

    def unload(self, request: gr.Request) -> None:
        """The tab was closed: close its episode, even one that is still loading."""
        with self._tab_locks[str(request.session_hash)]:
            self._close("", request)
        self._tab_locks.pop(str(request.session_hash), None)

    def _close(self, key: str, request: gr.Request) -> None:
        """Close the session of a key, and the one that the tab opened last."""
        for open_key in {key, self._keys.pop(str(request.session_hash), "")} - {""}:
            self.backend.sessions.close(open_key)


def _step_all(session: Session) -> None:
    for episode in session.episodes:
        episode.step()


def _short_ones_first(actions: list[str]) -> list[str]:
    """At most `MAX_VALID_ACTIONS`; the long ones combine two arbitrary things and are rarely useful."""
    return sorted(actions, key=lambda action: (action.count(" "), action))[:MAX_VALID_ACTIONS]


def _parse_number(text: str | None) -> int:
    """A number in a link; 0 if it is missing.

    Raises:
        UsageError: if it is not a number.
    """
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise UsageError(f"{clip(text)!r} is not a number: use 0 or more.")
    return int(text)


def _first_variation(task: str, split: str | None = None) -> int:
    """The variation of the gallery if it is of this split (or no split is named), else the split's first."""
    spec = get_task(task)
    shown = [item.variation for item in GALLERY if item.task == task]
    if shown and split in (None, spec.split_of(shown[0])):
        return shown[0]
    return spec.variations(split if split in SPLITS else "test")[0]

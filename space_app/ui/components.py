"""`Components`: the controls of the page, laid out in the order in which they appear."""

from functools import partial

import gradio as gr

from dataset_builder.simulator.tasks import SPLITS, TASKS, get_task
from space_app.session.backend import MAX_SEED, DemoBackend
from space_app.session.gallery import FIRST, GALLERY
from space_app.ui.api import API_GUIDE

SPEEDS = {"slow": 2.0, "normal": 0.8, "fast": 0.15}
"""Seconds between the steps of a run."""

_INTRO = """<div class="sg-head"><h1>Watch a small agent think, and steer it</h1>
<p>Two small models play ScienceWorld, a text world of thirty science tasks: the <b>controller</b> names a
sub-goal, the <b>executor</b> chooses the actions that fulfil it. No large language model is called.
Press Run; then change the next sub-goal and see the executor follow.</p></div>"""

_SPLIT_LABELS = [
    ("unseen (test)", "test"),
    ("unseen (validation)", "validation"),
    ("seen in training", "train"),
]
assert {split for _, split in _SPLIT_LABELS} == set(SPLITS)


_small_button = partial(gr.Button, size="sm", min_width=70)
_bare_radio = partial(gr.Radio, show_label=False, container=False)
_text_field = partial(gr.Dropdown, [], value="", allow_custom_value=True)


class Components:
    """All controls of the page as attributes. Create it inside a `gr.Blocks` context: that lays them out.

    Args:
        backend (`DemoBackend`): names the agents that a visitor can choose from.

    Attributes:
        key: the key of the visitor's session, `""` before the first step.

    Example:

    ```python
    with gr.Blocks():
        components = Components(backend)
        components.step.click(lambda: "one step", None, components.notice)
    ```
    """

    def __init__(self, backend: DemoBackend) -> None:
        # Gradio deletes the state of a closed tab after a while: that frees a session that `unload` missed.
        self.key = gr.State("", delete_callback=backend.sessions.close)
        gr.HTML(_INTRO)
        with gr.Row(elem_classes="sg-desk"):
            with gr.Column(scale=0, min_width=280, elem_classes="sg-rail"):
                self._gallery()
                self._task_chooser()
            with gr.Column(scale=1, min_width=300, elem_classes="sg-main"):
                self.introduction = gr.HTML()
                self._run_controls(backend.kinds)
                self.notice = gr.HTML(elem_id="notice")
                self._steering()
                self.board = gr.HTML(elem_id="board")
                self._comparison()
                self._downloads()
                self._models(backend.agents.get().names)
                with gr.Accordion("API", open=False, elem_id="api-fold"):
                    gr.Markdown(API_GUIDE)

    def _gallery(self) -> None:
        gr.HTML("<h2 class='sg-title'>Six skills</h2>")
        with gr.Column(elem_classes="sg-gallery"):
            self.gallery = [
                _small_button(f"{item.title}\n{item.skill}", elem_id=f"gallery-{i}", min_width=120)
                for i, item in enumerate(GALLERY)
            ]

    def _task_chooser(self) -> None:
        topics = list(dict.fromkeys(task.topic for task in TASKS.values()))
        first = get_task(FIRST.task)
        last = max(task.n_variations for task in TASKS.values()) - 1
        gr.HTML("<h2 class='sg-title'>Or any of the thirty tasks</h2>")
        with gr.Column(elem_classes="sg-chooser"):
            self.topic = gr.Dropdown(topics, value=first.topic, label="Topic", elem_id="topic", min_width=120)
            self.task = gr.Dropdown(
                [first.name], value=first.name, label="Task", elem_id="task", min_width=120
            )
            self.split = gr.Dropdown(
                _SPLIT_LABELS, value="validation", label="Variations", elem_id="split", min_width=120
            )
            self.variation = gr.Slider(
                0,
                last,
                FIRST.variation,
                step=1,
                label="Variation",
                elem_id="variation",
                buttons=[],
                min_width=120,
            )

    def _run_controls(self, kinds: list[str]) -> None:
        with gr.Row(elem_classes="sg-controls"):
            with gr.Row(elem_classes="sg-press"):
                self.step = gr.Button("Step", elem_id="step", min_width=80)
                self.run = gr.Button("Run", variant="primary", elem_id="run", min_width=80)
                self.pause = gr.Button("Pause", variant="stop", elem_id="pause", min_width=80, visible=False)
                self.reset = gr.Button("Reset", elem_id="reset", min_width=80)
            self.speed = _bare_radio(
                list(SPEEDS), value="normal", label="Speed", elem_id="speed", min_width=230
            )
            several = len(kinds) > 1
            self.kind = _bare_radio(
                kinds, value=kinds[0], label="Agent", elem_id="kind", min_width=320, visible=several
            )
        self.clock = gr.Timer(SPEEDS["normal"], active=False)

    def _steering(self) -> None:
        with gr.Row(elem_classes="sg-steer"):
            with gr.Column(min_width=280):
                self.subgoal = _text_field(label="Steer: replace the next sub-goal", elem_id="subgoal")
                with gr.Row():
                    self.use = _small_button("Use once", elem_id="use-subgoal")
                    self.pin = _small_button("Pin", elem_id="pin-subgoal")
                    self.release = _small_button("Release", elem_id="release", interactive=False)
            with gr.Column(min_width=280):
                self.action = _text_field(label="Or take over: act yourself", elem_id="action")
                with gr.Row():
                    self.act = _small_button("Do it", elem_id="act")
                    self.hand_back = _small_button(
                        "Hand back to the agent", elem_id="hand-back", min_width=140
                    )

    def _comparison(self) -> None:
        with gr.Accordion("Compare with the expert", open=False, elem_id="expert-fold"):
            self.compare = _small_button("Show the expert's path for this variation", elem_id="compare")
            self.expert = gr.HTML(elem_id="expert")

    def _downloads(self) -> None:
        with gr.Accordion("Download and link", open=False, elem_id="files-fold"):
            self.link = gr.HTML(elem_id="link")
            with gr.Row():
                self.json = _small_button("Download JSON", elem_id="download-json")
                self.markdown = _small_button("Download Markdown", elem_id="download-markdown")
            gr.Markdown("`subgoal eval replay FILE.json` plays the JSON again and checks its scores.")
            # The browser makes the file from these: a download never touches the server's disk.
            self.file_name = gr.Textbox(visible="hidden")
            self.file_text = gr.Textbox(visible="hidden")

    def _models(self, names: list[str]) -> None:
        with gr.Accordion("Other models, seed", open=False, elem_id="models-fold"):
            gr.Markdown(
                f"The agent is {' + '.join(f'`{name}`' for name in names)}. To play with other models, name "
                "a controller and an executor on the Hugging Face Hub (made by `subgoal train`), then press "
                "Reset."
            )
            with gr.Row():
                hub_id = partial(gr.Textbox, placeholder="NAMESPACE/NAME")
                self.controller = hub_id(label="Controller", elem_id="controller")
                self.executor = hub_id(label="Executor", elem_id="executor")
                hint = "Kept in the record; these agents draw no random numbers."
                self.seed = gr.Number(
                    0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED, elem_id="seed", info=hint
                )

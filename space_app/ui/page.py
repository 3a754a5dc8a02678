"""The page: what stands where, and which of the desk's methods answers."""

import json
from pathlib import Path
from typing import Any

import gradio as gr

from dataset_builder.simulator.tasks import SPLITS, TASKS, get_task
from space_app.session.backend import HIGHEST_SEED, DemoBackend
from space_app.session.gallery import FIRST, GALLERY
from space_app.ui.api import add_endpoints, documentation
from space_app.ui.handlers import SPEEDS, PageHandlers

CSS = Path(__file__).with_name("page.css")

TITLE = "Sub-goals: watch a small agent think"
_INTRO = """<div class="sg-head"><h1>Watch a small agent think, and steer it</h1>
<p>Two small models play ScienceWorld, a text world of thirty science tasks: the <b>controller</b> names a
sub-goal, the <b>executor</b> chooses the actions that fulfil it. No large language model is asked.
Press Run; then change the next sub-goal and see the executor follow.</p></div>"""

# The address bar keeps what is chosen, so that it can be copied as a link; the gallery shows what it is.
_CHOSEN = """(task, variation, seed) => { const url = new URL(window.location);
url.searchParams.set('task', task); url.searchParams.set('variation', variation);
if (seed) url.searchParams.set('seed', seed); else url.searchParams.delete('seed');
history.replaceState(null, '', url);
document.querySelectorAll('.sg-gallery button').forEach((button, number) =>
button.classList.toggle('chosen', GALLERY[number] === task + ' ' + variation));
return [task, variation, seed]; }""".replace(
    "GALLERY", json.dumps([f"{each.task} {each.variation}" for each in GALLERY])
)

# Who comes to a steering field writes something new: what is there is selected, so that typing replaces it
# and the list shows what fits. Tab leaves a field for the next one: not for its list, which browsers let
# be focused because it scrolls, and without Gradio's own handler, which would open the list once more.
_FIELDS = """() => { document.addEventListener('focusin', event => {
if (!event.target.matches('#subgoal input, #action input')) return;
event.target.select();
event.target.addEventListener('mouseup', up => up.preventDefault(), { once: true }); });
window.addEventListener('keydown', event => {
if (event.key !== 'Tab' || !event.target.matches('[role=combobox]')) return;
document.querySelectorAll('[role=listbox]').forEach(list => { list.tabIndex = -1; });
event.stopImmediatePropagation(); }, true); }"""

_DOWNLOAD = """(name, text) => { if (!name) return; const a = document.createElement('a');
a.href = URL.createObjectURL(new Blob([text])); a.download = name; a.click();
setTimeout(() => URL.revokeObjectURL(a.href), 1000); }"""

_SEEN = [("unseen (test)", "test"), ("unseen (validation)", "validation"), ("seen in training", "train")]
assert {value for _, value in _SEEN} == set(SPLITS)


def theme() -> gr.themes.Base:
    """Quiet, so that the plan stands out; system fonts, so that nothing is fetched from elsewhere."""
    return gr.themes.Default(
        primary_hue="violet",
        neutral_hue="slate",
        font=["ui-sans-serif", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "monospace"],
    )


def build(table: DemoBackend) -> gr.Blocks:
    """The app, not yet launched.

    Args:
        table (`DemoBackend`): where the episodes are.
    """
    desk = PageHandlers(table)
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as app:
        add_endpoints(table)  # first: the page's own events may not take their names
        _wire(app, desk, _layout(table))
    app.queue(default_concurrency_limit=16, max_size=400)
    return app


def _layout(table: DemoBackend) -> dict[str, Any]:
    """All components by name, in the order of the page."""
    part: dict[str, Any] = {"key": gr.State("", delete_callback=table.sessions.close)}
    gr.HTML(_INTRO)
    with gr.Row(elem_classes="sg-desk"):
        with gr.Column(scale=0, min_width=280, elem_classes="sg-rail"):
            _chooser(part)
        with gr.Column(scale=1, min_width=300, elem_classes="sg-main"):
            part["introduction"] = gr.HTML()
            _controls(table.kinds, part)
            part["notice"] = gr.HTML(elem_id="notice")
            _steering(part)
            part["board"] = gr.HTML(elem_id="board")
            _more(table, part)
    return part


def _chooser(part: dict[str, Any]) -> None:
    topics = list(dict.fromkeys(task.topic for task in TASKS.values()))
    gr.HTML("<h2 class='sg-title'>Six skills</h2>")
    with gr.Column(elem_classes="sg-gallery"):
        part["gallery"] = [
            gr.Button(f"{each.title}\n{each.skill}", size="sm", min_width=120, elem_id=f"exhibit-{number}")
            for number, each in enumerate(GALLERY)
        ]
    gr.HTML("<h2 class='sg-title'>Or any of the thirty tasks</h2>")
    with gr.Column(elem_classes="sg-chooser"):
        part["topic"] = gr.Dropdown(
            topics, value=TASKS[FIRST.task].topic, label="Topic", elem_id="topic", min_width=120
        )
        part["task"] = gr.Dropdown(
            [(FIRST.task, FIRST.task)], value=FIRST.task, label="Task", elem_id="task", min_width=120
        )
        part["split"] = gr.Dropdown(
            _SEEN,
            value=get_task(FIRST.task).split_of(FIRST.variation),
            label="Variations",
            elem_id="split",
            min_width=120,
        )
        part["variation"] = gr.Slider(
            0, 1385, value=FIRST.variation, step=1, label="Variation", elem_id="variation", buttons=[],
            min_width=120,
        )  # fmt: skip


def _controls(kinds: list[str], part: dict[str, Any]) -> None:
    with gr.Row(elem_classes="sg-controls"):
        with gr.Row(elem_classes="sg-press"):
            part["step"] = gr.Button("Step", elem_id="step", min_width=80)
            part["run"] = gr.Button("Run", variant="primary", elem_id="run", min_width=80)
            part["pause"] = gr.Button("Pause", variant="stop", elem_id="pause", min_width=80, visible=False)
            part["reset"] = gr.Button("Reset", elem_id="reset", min_width=80)
        part["speed"] = gr.Radio(
            list(SPEEDS), value="normal", label="Speed", elem_id="speed", show_label=False, container=False,
            min_width=230,
        )  # fmt: skip
        part["kind"] = gr.Radio(
            kinds, value=kinds[0], label="Agent", elem_id="kind", show_label=False, container=False,
            min_width=320, visible=len(kinds) > 1,
        )  # fmt: skip
    part["clock"] = gr.Timer(SPEEDS["normal"], active=False)


def _steering(part: dict[str, Any]) -> None:
    with gr.Row(elem_classes="sg-steer"):
        with gr.Column(min_width=280):
            part["subgoal"] = gr.Dropdown(
                [], value="", allow_custom_value=True, label="Steer: replace the next sub-goal",
                elem_id="subgoal",
            )  # fmt: skip
            with gr.Row():
                part["use"] = gr.Button("Use once", size="sm", elem_id="use-subgoal", min_width=70)
                part["pin"] = gr.Button("Pin", size="sm", elem_id="pin-subgoal", min_width=70)
                part["release"] = gr.Button(
                    "Release", size="sm", elem_id="release", min_width=70, interactive=False
                )
        with gr.Column(min_width=280):
            part["action"] = gr.Dropdown(
                [], value="", allow_custom_value=True, label="Or take over: act yourself", elem_id="action"
            )
            with gr.Row():
                part["act"] = gr.Button("Do it", size="sm", elem_id="act", min_width=70)
                part["back"] = gr.Button(
                    "Hand back to the agent", size="sm", elem_id="hand-back", min_width=140
                )


def _more(table: DemoBackend, part: dict[str, Any]) -> None:
    with gr.Accordion("Compare with the expert", open=False, elem_id="expert-fold"):
        part["compare"] = gr.Button("Show the expert's path for this variation", size="sm", elem_id="compare")
        part["expert"] = gr.HTML(elem_id="expert")
    with gr.Accordion("Download and link", open=False, elem_id="files-fold"):
        part["link"] = gr.HTML(elem_id="link")
        with gr.Row():
            part["json"] = gr.Button("Download JSON", size="sm", elem_id="download-json")
            part["markdown"] = gr.Button("Download Markdown", size="sm", elem_id="download-markdown")
        gr.Markdown("`subgoal eval replay FILE.json` plays the JSON again and checks its scores.")
        part["file_name"] = gr.Textbox(visible="hidden")
        part["file_text"] = gr.Textbox(visible="hidden")
    with gr.Accordion("Other models, seed", open=False, elem_id="models-fold"):
        names = " + ".join(f"`{name}`" for name in table.pairs.own().names)
        gr.Markdown(
            f"Here plays {names}. Two ids of the Hugging Face Hub (a controller and an "
            "executor of `subgoal train`) take their place at the next Reset."
        )
        with gr.Row():
            part["controller"] = gr.Textbox(
                label="Controller", placeholder="NAMESPACE/NAME", elem_id="controller"
            )
            part["executor"] = gr.Textbox(label="Executor", placeholder="NAMESPACE/NAME", elem_id="executor")
            part["seed"] = gr.Number(
                0, label="Seed", precision=0, minimum=0, maximum=HIGHEST_SEED, elem_id="seed",
                info="Kept in the record; these agents draw nothing.",
            )  # fmt: skip
    with gr.Accordion("API", open=False, elem_id="api-fold"):
        gr.Markdown(documentation())


def _wire(app: gr.Blocks, desk: PageHandlers, part: dict[str, Any]) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    running = [part[name] for name in ("clock", "run", "pause")]
    chosen = [
        part[name]
        for name in ("topic", "task", "split", "variation", "introduction", "board", "notice", "key")
    ] + running
    shown = [part["board"], part["notice"], part["key"], *running]
    shown += [part["subgoal"], part["action"], part["release"]]
    what = [part[name] for name in ("task", "variation", "seed", "kind", "controller", "executor", "key")]
    place = [part["task"], part["variation"]]

    def linked(event: Any) -> None:
        event.then(desk.link, [*place, part["seed"]], part["link"], js=_CHOSEN, **quiet)

    app.load(None, None, None, js=_FIELDS, **quiet)
    linked(app.load(desk.arrive, None, [*chosen, part["seed"]], **quiet))
    app.unload(desk.leave)
    for exhibit, button in zip(GALLERY, part["gallery"], strict=True):
        pick = _picker(desk, exhibit.task, exhibit.variation)
        linked(button.click(pick, part["key"], chosen, **quiet))
    for component, method, inputs in (
        (part["topic"], desk.choose_topic, ("topic", "split", "key")),
        (part["task"], desk.choose_task, ("task", "split", "key")),
        (part["split"], desk.choose_task, ("task", "split", "key")),
    ):
        linked(component.input(method, [part[name] for name in inputs], chosen, **quiet))
    linked(part["variation"].release(desk.choose, [*place, part["key"]], chosen, **quiet))
    part["seed"].blur(desk.link, [*place, part["seed"]], part["link"], js=_CHOSEN, **quiet)

    part["step"].click(desk.step, what, shown, **quiet)
    part["reset"].click(desk.start, what, shown, **quiet)
    part["kind"].input(desk.start, what, shown, **quiet)
    for name in ("run", "back"):
        part[name].click(desk.run, part["speed"], running, **quiet).then(desk.tick, what, shown, **quiet)
    part["pause"].click(desk.pause, part["key"], shown, **quiet)
    part["speed"].input(desk.faster, part["speed"], part["clock"], **quiet)
    part["clock"].tick(desk.tick, what, shown, trigger_mode="once", **quiet)

    for name, field, answer in (
        ("use", "subgoal", desk.use_subgoal),
        ("pin", "subgoal", desk.pin_subgoal),
        ("act", "action", desk.act),
    ):
        part[name].click(answer, [part[field], part["key"]], shown, **quiet)
    part["release"].click(desk.release, part["key"], shown, **quiet)
    part["action"].focus(desk.valid_actions, part["key"], part["action"], **quiet)

    part["compare"].click(desk.compare, [*place, part["key"]], part["expert"], api_visibility="private")
    files = [part["file_name"], part["file_text"]]
    for name, write in (("json", desk.as_json), ("markdown", desk.as_markdown)):
        event = part[name].click(write, part["key"], [*files, part["notice"]], **quiet)
        event.then(None, files, None, js=_DOWNLOAD, **quiet)


def _picker(desk: PageHandlers, task: str, variation: int) -> Any:
    """The answer to a button of the gallery."""

    def pick(key: str, request: gr.Request) -> list[Any]:
        return desk.choose(task, variation, key, request)

    return pick

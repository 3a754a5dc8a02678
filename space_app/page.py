"""The page: what stands where, and which of the desk's methods answers."""

from pathlib import Path
from typing import Any

import gradio as gr

from dataset_builder.tasks import SPLITS, TASKS
from space_app.api import add_endpoints, documentation
from space_app.desk import SPEEDS, Desk
from space_app.gallery import FIRST, GALLERY
from space_app.table import Table

CSS = Path(__file__).with_name("page.css")

TITLE = "Sub-goals: watch a small agent think"
_INTRO = """<div class="sg-head"><h1>Watch a small agent think, and steer it</h1>
<p>Two small models play ScienceWorld, a text world of thirty science tasks. The <b>controller</b> names a
sub-goal, the <b>executor</b> chooses the actions that fulfil it. No large language model is asked.
Press Run; then change the sub-goal and see the executor follow.</p></div>"""

# The address bar keeps what is chosen, so that it can be copied as a link.
_ADDRESS = """(task, variation) => { const url = new URL(window.location);
url.searchParams.set('task', task); url.searchParams.set('variation', variation);
url.searchParams.delete('seed'); history.replaceState(null, '', url); }"""

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


def build(table: Table) -> gr.Blocks:
    """The app, not yet launched.

    Args:
        table (`Table`): where the episodes are.
    """
    desk = Desk(table)
    with gr.Blocks(title=TITLE, analytics_enabled=False) as app:
        add_endpoints(table)  # first: the page's own events may not take their names
        _wire(app, desk, _layout(table))
    app.queue(default_concurrency_limit=16, max_size=400)
    return app


def _layout(table: Table) -> dict[str, Any]:
    """All components by name, in the order of the page."""
    part: dict[str, Any] = {"key": gr.State("", delete_callback=table.sessions.close), "seed": gr.State(0)}
    gr.HTML(_INTRO)
    with gr.Row(elem_classes="sg-gallery"):
        part["gallery"] = [
            gr.Button(f"{each.title}: {each.skill}", size="sm", min_width=150, elem_id=f"exhibit-{number}")
            for number, each in enumerate(GALLERY)
        ]
    _chooser(part)
    part["introduction"] = gr.HTML()
    with gr.Row(elem_classes="sg-controls"):
        part["step"] = gr.Button("Step", elem_id="step", min_width=90)
        part["run"] = gr.Button("Run", variant="primary", elem_id="run", min_width=90)
        part["pause"] = gr.Button("Pause", variant="stop", elem_id="pause", min_width=90, visible=False)
        part["reset"] = gr.Button("Reset", elem_id="reset", min_width=90)
        part["speed"] = gr.Radio(
            list(SPEEDS), value="normal", label="Speed", min_width=290, elem_id="speed", scale=3
        )
        kinds = table.kinds
        part["kind"] = gr.Radio(
            kinds,
            value=kinds[0],
            label="Agent",
            min_width=360,
            elem_id="kind",
            scale=3,
            visible=len(kinds) > 1,
        )
    part["clock"] = gr.Timer(SPEEDS["normal"], active=False)
    part["notice"] = gr.HTML(elem_id="notice")
    _steering(part)
    part["board"] = gr.HTML(elem_id="board")
    _more(table, part)
    return part


def _chooser(part: dict[str, Any]) -> None:
    topics = list(dict.fromkeys(task.topic for task in TASKS.values()))
    with gr.Row():
        part["topic"] = gr.Dropdown(topics, value=TASKS[FIRST.task].topic, label="Topic", elem_id="topic")
        part["task"] = gr.Dropdown(
            [(FIRST.task, FIRST.task)], value=FIRST.task, label="Task", elem_id="task", scale=2
        )
        part["split"] = gr.Dropdown(_SEEN, value="test", label="Variations", elem_id="split")
        part["variation"] = gr.Slider(
            0, 1385, value=FIRST.variation, step=1, label="Variation", elem_id="variation", buttons=[]
        )


def _steering(part: dict[str, Any]) -> None:
    with gr.Row(elem_classes="sg-steer"):
        with gr.Column(min_width=300):
            part["subgoal"] = gr.Dropdown(
                [], value="", allow_custom_value=True, label="Next sub-goal: edit it", elem_id="subgoal",
                info="Such as navigate_to(kitchen); suggestions are of what is in view.",
            )  # fmt: skip
            with gr.Row():
                part["use"] = gr.Button("Use once", size="sm", elem_id="use-subgoal", min_width=80)
                part["pin"] = gr.Button("Pin", size="sm", elem_id="pin-subgoal", min_width=80)
                part["release"] = gr.Button(
                    "Release", size="sm", elem_id="release", min_width=80, interactive=False
                )
        with gr.Column(min_width=300):
            part["action"] = gr.Dropdown(
                [], value="", allow_custom_value=True, label="Or take over: your own action",
                elem_id="action", info="Completed from the actions that are valid now.",
            )  # fmt: skip
            with gr.Row():
                part["act"] = gr.Button("Do it", size="sm", elem_id="act", min_width=80)
                part["back"] = gr.Button(
                    "Hand back to the agent", size="sm", elem_id="hand-back", min_width=140
                )


def _more(table: Table, part: dict[str, Any]) -> None:
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
    with gr.Accordion("Other models", open=False, elem_id="models-fold"):
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
    with gr.Accordion("API", open=False, elem_id="api-fold"):
        gr.Markdown(documentation())


def _wire(app: gr.Blocks, desk: Desk, part: dict[str, Any]) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    running = [part[name] for name in ("clock", "run", "pause")]
    chosen = [
        part[name]
        for name in ("topic", "task", "split", "variation", "introduction", "board", "notice", "key")
    ] + [*running, part["link"]]
    shown = [part["board"], part["notice"], part["key"], *running]
    shown += [part["subgoal"], part["action"], part["release"]]
    what = [part[name] for name in ("task", "variation", "seed", "kind", "controller", "executor", "key")]
    place = [part["task"], part["variation"]]

    app.load(desk.arrive, None, [*chosen, part["seed"]], **quiet)
    app.unload(desk.leave)
    for exhibit, button in zip(GALLERY, part["gallery"], strict=True):
        pick = _picker(desk, exhibit.task, exhibit.variation)
        button.click(pick, part["key"], chosen, **quiet).then(None, place, None, js=_ADDRESS, **quiet)
    for component, method, inputs in (
        (part["topic"], desk.choose_topic, ("topic", "split", "key")),
        (part["task"], desk.choose_task, ("task", "split", "key")),
        (part["split"], desk.choose_task, ("task", "split", "key")),
    ):
        event = component.input(method, [part[name] for name in inputs], chosen, **quiet)
        event.then(None, place, None, js=_ADDRESS, **quiet)
    event = part["variation"].release(desk.choose, [*place, part["key"]], chosen, **quiet)
    event.then(None, place, None, js=_ADDRESS, **quiet)

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


def _picker(desk: Desk, task: str, variation: int) -> Any:
    """The answer to a button of the gallery."""

    def pick(key: str, request: gr.Request) -> list[Any]:
        return desk.choose(task, variation, key, request)

    return pick

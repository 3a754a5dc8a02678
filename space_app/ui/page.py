"""The page: its theme, and which handler answers which event."""

import json
from pathlib import Path
from typing import Any

import gradio as gr

from space_app.session.backend import DemoBackend
from space_app.session.gallery import GALLERY
from space_app.ui.api import add_endpoints
from space_app.ui.components import Components
from space_app.ui.handlers import PageHandlers
from space_app.ui.tools_tab import ToolsTab

CSS = Path(__file__).with_name("page.css")
TITLE = "Sub-goals: watch a small agent think"

# Keeps the chosen episode in the address bar, so that it can be copied, and marks its gallery button.
_SHOW_CHOICE_JS = """(task, variation, seed) => { const url = new URL(window.location);
url.searchParams.set('task', task); url.searchParams.set('variation', variation);
if (seed) url.searchParams.set('seed', seed); else url.searchParams.delete('seed');
history.replaceState(null, '', url);
document.querySelectorAll('.sg-gallery button').forEach((button, number) =>
button.classList.toggle('chosen', GALLERY[number] === task + ' ' + variation));
return [task, variation, seed]; }""".replace(
    "GALLERY", json.dumps([f"{item.task} {item.variation}" for item in GALLERY])
)

# A visitor who enters a steering field writes something new: its text is selected, so that typing replaces
# it and the list shows what matches. Tab goes to the next field: not into the list, which browsers make
# focusable because it scrolls, and without Gradio's own handler, which would open the list once more.
_STEERING_FIELDS_JS = """() => { document.addEventListener('focusin', event => {
if (!event.target.matches('#subgoal input, #action input')) return;
event.target.select();
event.target.addEventListener('mouseup', up => up.preventDefault(), { once: true }); });
window.addEventListener('keydown', event => {
if (event.key !== 'Tab' || !event.target.matches('[role=combobox]')) return;
document.querySelectorAll('[role=listbox]').forEach(list => { list.tabIndex = -1; });
event.stopImmediatePropagation(); }, true); }"""

_DOWNLOAD_JS = """(name, text) => { if (!name) return; const a = document.createElement('a');
a.href = URL.createObjectURL(new Blob([text])); a.download = name; a.click();
setTimeout(() => URL.revokeObjectURL(a.href), 1000); }"""

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
"""The page's own events are not part of the API."""
_QUIET: dict[str, Any] = {"show_progress": "hidden", **_PRIVATE}


def theme() -> gr.themes.Base:
    """Quiet colours, so that the plan stands out; system fonts, so that nothing is loaded from elsewhere."""
    return gr.themes.Default(
        primary_hue="violet",
        neutral_hue="slate",
        font=["ui-sans-serif", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "monospace"],
    )


def build(backend: DemoBackend) -> gr.Blocks:
    """The app, not yet launched.

    Args:
        backend (`DemoBackend`): holds the sessions.
    """
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as app:
        add_endpoints(backend)  # first: the page's own events must not take their names
        if backend.tools is None:
            page = Components(backend)
        else:
            with gr.Tabs(elem_id="tabs"):
                with gr.Tab("Agent with sub-goals"):
                    page = Components(backend)
                with gr.Tab("Agent with tools"):
                    ToolsTab(backend.tools)
        handlers = PageHandlers(backend, page)
        app.load(None, None, None, js=_STEERING_FIELDS_JS, **_QUIET)
        app.unload(handlers.unload)
        _wire_choice(app, page, handlers)
        _wire_play(page, handlers)
        _wire_extras(page, handlers)
    app.queue(default_concurrency_limit=16, max_size=400)
    return app


def _wire_choice(app: gr.Blocks, page: Components, handlers: PageHandlers) -> None:
    """Gallery, menus and link. Every choice updates the link and the address bar."""
    shown = [page.topic, page.task, page.split, page.variation, page.introduction]
    shown += [page.board, page.notice, page.key, page.clock, page.run, page.pause]
    by_task, by_topic = [page.task, page.split, page.key], [page.topic, page.split, page.key]
    choices = [
        app.load(handlers.load, None, [*shown, page.seed], **_QUIET),
        page.topic.input(handlers.choose_topic, by_topic, shown, **_QUIET),
        page.task.input(handlers.choose_task, by_task, shown, **_QUIET),
        page.split.input(handlers.choose_task, by_task, shown, **_QUIET),
        page.variation.release(handlers.choose, [page.task, page.variation, page.key], shown, **_QUIET),
    ]
    for item, button in zip(GALLERY, page.gallery, strict=True):
        episode = [gr.State(item.task), gr.State(item.variation), page.key]
        choices.append(button.click(handlers.choose, episode, shown, **_QUIET))
    link: dict[str, Any] = {
        "fn": handlers.link,
        "inputs": [page.task, page.variation, page.seed],
        "outputs": page.link,
        "js": _SHOW_CHOICE_JS,
        **_QUIET,
    }
    for event in choices:
        event.then(**link)
    page.seed.blur(**link)


def _wire_play(page: Components, handlers: PageHandlers) -> None:
    """Step, run, pause, reset and the steering fields."""
    running = [page.clock, page.run, page.pause]
    shown = [page.board, page.notice, page.key, *running, page.subgoal, page.action, page.release]
    # A set: the handler receives one dictionary of values by component.
    values: set[Any] = {
        page.task,
        page.variation,
        page.seed,
        page.kind,
        page.controller,
        page.executor,
        page.key,
    }

    page.step.click(handlers.step, values, shown, **_QUIET)
    page.reset.click(handlers.start, values, shown, **_QUIET)
    page.kind.input(handlers.start, values, shown, **_QUIET)
    for button in (page.run, page.hand_back):
        started = button.click(handlers.run, page.speed, running, **_QUIET)
        started.then(handlers.tick, values, shown, **_QUIET)
    # `once`: a step that takes longer than the clock's period must not queue up others.
    page.clock.tick(handlers.tick, values, shown, trigger_mode="once", **_QUIET)
    page.pause.click(handlers.pause, page.key, shown, **_QUIET)
    page.speed.input(handlers.change_speed, page.speed, page.clock, **_QUIET)

    page.use.click(handlers.use_subgoal, [page.subgoal, page.key], shown, **_QUIET)
    page.pin.click(handlers.pin_subgoal, [page.subgoal, page.key], shown, **_QUIET)
    page.release.click(handlers.release, page.key, shown, **_QUIET)
    page.act.click(handlers.act, [page.action, page.key], shown, **_QUIET)
    page.action.focus(handlers.valid_actions, page.key, page.action, **_QUIET)


def _wire_extras(page: Components, handlers: PageHandlers) -> None:
    """The comparison with the expert, and the downloads."""
    # With Gradio's progress display: searching an expert path takes seconds.
    page.compare.click(handlers.compare, [page.task, page.variation, page.key], page.expert, **_PRIVATE)
    file = [page.file_name, page.file_text]
    for button, handler in (
        (page.json, handlers.download_json),
        (page.markdown, handlers.download_markdown),
    ):
        written = button.click(handler, page.key, [*file, page.notice], **_QUIET)
        written.then(None, file, None, js=_DOWNLOAD_JS, **_QUIET)

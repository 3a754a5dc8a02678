import re
from pathlib import Path

import gradio as gr

from space_app.session.backend import BOTH, DemoBackend
from space_app.session.gallery import GALLERY
from space_app.ui.components import Components
from space_app.ui.page import CSS


def test_every_control_has_a_unique_id(backend: DemoBackend) -> None:
    with gr.Blocks() as app:
        components = Components(backend)
    controls = [
        block for block in app.blocks.values() if isinstance(block, gr.Button | gr.Dropdown | gr.Radio)
    ]
    ids = [control.elem_id for control in controls]
    assert None not in ids
    assert len(ids) == len(set(ids))
    assert len(components.gallery) == len(GALLERY)
    assert [value for _, value in components.kind.choices] == ["hierarchical", "flat", BOTH]


def test_the_style_sheet_names_classes_of_the_page() -> None:
    folder = Path(CSS).parent
    source = "".join(path.read_text() for path in [*folder.glob("*.py"), *folder.glob("templates/*.html")])
    names = set(re.findall(r"\.(sg-[a-z-]+)", CSS.read_text()))
    assert [name for name in sorted(names) if name not in source] == []

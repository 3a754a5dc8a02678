"""Launching the app."""

from importlib.util import find_spec
from typing import Any

import gradio as gr

from space_app.session.backend import DemoBackend
from space_app.settings import Settings
from space_app.ui.page import CSS, build, theme


def launch(settings: Settings, **options: Any) -> tuple[gr.Blocks, DemoBackend]:
    """Load the models, build the page and serve it.

    Args:
        settings (`Settings`): models and limits.
        options (*optional*): of `gradio.Blocks.launch`.

    Raises:
        UsageError: if a model cannot be loaded or does not fit.
        SubgoalError: if the Hub cannot be reached.
    """
    table = DemoBackend(settings)
    try:
        return serve(table, **options), table
    except BaseException:
        table.close()
        raise


def serve(table: DemoBackend, **options: Any) -> gr.Blocks:
    """Build the page for a table and serve it.

    Args:
        table (`DemoBackend`): where the episodes are.
        options (*optional*): of `gradio.Blocks.launch`.
    """
    app = build(table)
    app.launch(
        theme=theme(),
        css_paths=[CSS],
        mcp_server=find_spec("mcp") is not None,
        footer_links=["api", "settings"],
        max_threads=64,
        ssr_mode=False,
        **options,
    )
    return app

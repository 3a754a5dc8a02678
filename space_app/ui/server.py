"""Launching the demo's web server."""

from importlib.util import find_spec
from typing import Any

import gradio as gr

from space_app.session.backend import DemoBackend
from space_app.settings import Settings
from space_app.ui.page import CSS, build, theme


def launch(settings: Settings, **options: Any) -> tuple[gr.Blocks, DemoBackend]:
    """Load the models, build the page and serve it. Close the returned backend when done.

    Args:
        settings (`Settings`): models and limits.
        options (*optional*): passed to `gradio.Blocks.launch`.

    Raises:
        UsageError: if a model cannot be loaded or does not fit.
        SubgoalError: if the Hub cannot be reached.

    Example:

    ```python
    app, backend = launch(find_settings(), server_port=7860, prevent_thread_lock=True)
    ```
    """
    backend = DemoBackend(settings)
    try:
        return serve(backend, **options), backend
    except BaseException:
        backend.close()
        raise


def serve(backend: DemoBackend, **options: Any) -> gr.Blocks:
    """Build the page and serve it.

    Args:
        backend (`DemoBackend`): holds the sessions.
        options (*optional*): passed to `gradio.Blocks.launch`.
    """
    app = build(backend)
    app.launch(
        theme=theme(),
        css_paths=[CSS],
        mcp_server=find_spec("mcp") is not None,
        footer_links=["api", "settings"],
        # Each open page and each program waits in a thread while its step is computed.
        max_threads=64,
        ssr_mode=False,
        **options,
    )
    return app

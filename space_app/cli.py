"""`subgoal demo` serves the page on this machine; `subgoal space push` publishes it."""

from typing import Annotated

import typer

space = typer.Typer(help="Publish the demo as a Hugging Face Space.", no_args_is_help=True)


_Controller = Annotated[
    str | None, typer.Option(metavar="ID", help="Controller: Hub id or folder. Default: the released one.")
]
_Executor = Annotated[
    str | None, typer.Option(metavar="ID", help="Executor: Hub id or folder. Default: the released one.")
]
_Flat = Annotated[
    str | None, typer.Option(metavar="ID", help="Model without sub-goals, to play side by side.")
]


_ToolAgent = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Agent with tools: Hub id or folder. Default: the released one, if any."),
]
_ToolCot = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Answers beside it without tools. Default: the same model."),
]
_ToolBase = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Base of these models, if not the one that their adapter names."),
]
_ToolPassages = Annotated[
    str | None,
    typer.Option(metavar="SOURCE", help="Passages to search: folder, Hub id, or http://… of a server."),
]


def demo_command(
    controller: _Controller = None,
    executor: _Executor = None,
    flat: _Flat = None,
    tool_agent: _ToolAgent = None,
    tool_cot: _ToolCot = None,
    tool_base: _ToolBase = None,
    tool_passages: _ToolPassages = None,
    port: Annotated[int, typer.Option(help="Port of the page.", min=1, max=65535)] = 7860,
) -> None:
    """Watch the agent play in a browser, and steer it; ask an agent with tools.

    Example: subgoal demo --controller NAMESPACE/controller --executor NAMESPACE/executor
    """
    from importlib.util import find_spec

    from dataset_builder.common.errors import UsageError

    if find_spec("gradio") is None:
        raise UsageError("The demo needs gradio: pip install 'subgoal-distillation[demo]'.")
    from space_app.settings import find_settings

    settings = find_settings(controller, executor, flat, tool_agent, tool_cot, tool_base, tool_passages)
    check_port(port)

    from space_app.ui.server import launch

    app, backend = launch(settings, server_port=port, prevent_thread_lock=True, quiet=True)
    typer.echo(f"http://127.0.0.1:{port} (press Ctrl-C to stop)")
    try:
        app.block_thread()
    finally:
        backend.close()


def check_port(port: int) -> None:
    """Raise `UsageError` if the port is in use, before the models are loaded."""
    import socket

    from dataset_builder.common.errors import UsageError

    with socket.socket() as probe:
        # As the web server does: a port that was closed a moment ago can be used again.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(
                f"Port {port} cannot be used ({error.strerror}): choose another --port."
            ) from error


@space.command()
def push(
    repo: Annotated[str, typer.Argument(metavar="NAMESPACE/NAME", help="Hub id of the Space.")],
    controller: _Controller = None,
    executor: _Executor = None,
    flat: _Flat = None,
    dataset: Annotated[str | None, typer.Option(metavar="ID", help="Dataset with the expert paths.")] = None,
    tool_agent: _ToolAgent = None,
    tool_cot: _ToolCot = None,
    tool_base: _ToolBase = None,
    tool_passages: _ToolPassages = None,
    private: Annotated[
        bool, typer.Option("--private", help="Create the Space private; refuse an existing public one.")
    ] = False,
) -> None:
    """Publish the demo as a Space, with the code it needs, in one commit.

    Models and dataset must be on the Hub; by default they are the released ones of the same namespace.

    Example: subgoal space push NAMESPACE/NAME
    """
    from space_app.push import push_space

    typer.echo(
        push_space(
            repo,
            controller=controller,
            executor=executor,
            flat=flat,
            dataset=dataset,
            tool_agent=tool_agent,
            tool_cot=tool_cot,
            tool_base=tool_base,
            tool_passages=tool_passages,
            private=private,
        )
    )

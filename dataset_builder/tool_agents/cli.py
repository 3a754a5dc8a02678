"""`subgoal tools …`: questions for agents with tools."""

from pathlib import Path
from typing import Annotated

import typer

from dataset_builder.common.console import console, progress_bar, row_table, say

app = typer.Typer(help="Small agents with tools: questions, trajectories, the dataset made of them.")
questions = typer.Typer(help="Questions and passages.")
app.add_typer(questions, name="questions")


@questions.command("list")
def list_questions() -> None:
    """List the families of the question set `open`.

    Example: `subgoal tools questions list`
    """
    from dataset_builder.tool_agents.questions.catalogue import open_families

    console.print(row_table(open_families(), title="open (synthetic)"))


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
) -> None:
    """Build the question set `open` and the passages that hold its facts.

    The questions are synthetic: their numbers are from reasoning-gym, their facts from GeoNames (CC BY 4.0).

    Example: `subgoal tools questions build --out questions --train 300 --test 100`
    """
    from dataset_builder.common.files import check_output_folder
    from dataset_builder.tool_agents.questions.build import build_open
    from dataset_builder.tool_agents.questions.question import QUESTIONS, write_questions
    from dataset_builder.tool_agents.retrieval.passages import PASSAGES, write_passages

    check_output_folder(out, [QUESTIONS], "a question set")
    with progress_bar() as bar:
        made, passages = build_open(train, validation, test, out_of_domain, seed, bar)
    write_passages(out / PASSAGES, passages)
    write_questions(out / QUESTIONS, made)
    say(f"{len(made)} questions and {len(passages)} passages in {out}")

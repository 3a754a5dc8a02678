"""Scores over questions in the model card of the checkpoint that played."""

from collections.abc import Sequence
from pathlib import Path

from dataset_builder.common.errors import UsageError
from eval_harness.reports.table import ReportTable
from eval_harness.tool_agents.report import Column
from modeling.checkpoints.load import weights_hash
from modeling.checkpoints.publish import write_tool_card


def write_results(folder: str | Path, columns: Sequence[Column], tables: Sequence[ReportTable]) -> None:
    """Rewrite the card of a checkpoint with tables of runs, one of which it played.

    Args:
        folder (`str` or `Path`): folder of `subgoal tools train`.
        columns (`Sequence[Column]`): models of the tables, with their runs.
        tables (`Sequence[ReportTable]`): the tables.

    Raises:
        UsageError: if the folder is not a finished training of tool agents, or did not play any of the runs.
    """
    folder = Path(folder)
    weights = weights_hash(folder)
    played = [
        run for listed in columns for run in listed.runs if run.settings["model"].get("revision") == weights
    ]
    if not played:
        raise UsageError(f"{folder} played none of these runs: name one that its weights played.")
    questions = sorted({name for run in played for name in run.settings["sets"]})
    splits = sorted({name for run in played for name in run.settings["splits"]})
    sets = ", ".join(f"`{name}`" for name in questions)
    lines = [f"Questions: {sets}; splits: {', '.join(splits)}.", ""]
    lines += [table.markdown().replace("## ", "### ", 1) for table in tables]
    write_tool_card(folder, "\n".join(lines).rstrip())

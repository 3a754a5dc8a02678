"""Studies: their cells, what is refused, the report, and two real cells from training to table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.tasks import TASKS
from eval_harness.studies.study import load_study, study_names

CELLS = {
    "heldout": 8,
    "heldout-small": 3,
    "heldout-tiny": 3,
    "sizes": 9,
    "sizes-small": 4,
    "sizes-tiny": 3,
}


def test_the_built_in_studies_have_valid_cells() -> None:
    kinds = ("heldout", "sizes")
    assert {
        name: len(load_study(kind, name).cells()) for kind in kinds for name in study_names(kind)
    } == CELLS


def test_neither_model_of_a_cell_is_trained_on_its_held_out_topic() -> None:
    cells = {cell.name: cell for cell in load_study("heldout", "heldout").cells()}
    chemistry = ("chemistry-mix", "chemistry-mix-paint-secondary-color", "chemistry-mix-paint-tertiary-color")
    assert cells["chemistry"].held_out == chemistry
    assert cells["chemistry"].controller.recipe.exclude_tasks == chemistry
    assert cells["chemistry"].executor.recipe.exclude_tasks == chemistry
    assert cells["nothing"].controller.recipe.exclude_tasks == ()
    left_out = [task for cell in cells.values() for task in cell.held_out]
    assert sorted(left_out) == sorted(TASKS)


def test_a_recipe_s_own_held_out_tasks_stay_held_out(write_study: Callable[..., Path]) -> None:
    study = load_study(
        "heldout",
        write_study(recipe="scratch-tiny", changes={"exclude_tasks": ["boil"]}, topics=["Chemistry"]),
    )
    nothing, chemistry = study.cells()
    assert nothing.executor.recipe.exclude_tasks == ("boil",)
    assert chemistry.executor.recipe.exclude_tasks[0] == "boil"
    assert len(chemistry.executor.recipe.exclude_tasks) == 4


def test_one_size_varies_while_the_other_stays() -> None:
    cells = load_study("sizes", "sizes").cells()
    assert [cell.name for cell in cells[:3]] == ["tiny+small", "small+small", "medium+small"]
    assert all("small" in cell.name.split("+") for cell in cells)
    tiny = cells[0].controller.recipe.architecture
    assert (tiny.d_model, tiny.dropout) == (64, cells[1].controller.recipe.architecture.dropout)
    assert cells[0].executor == cells[1].executor, "trained once for both"


def test_a_grid_plays_every_pair_and_a_size_may_be_a_recipe(write_study: Callable[..., Path]) -> None:
    sizes = {"a": {}, "b": {"recipe": "flan-t5-small", "batch_size": 4}}
    study = load_study("sizes", write_study(recipe="scratch-tiny", sizes=sizes, middle="a", grid=True))
    assert [cell.name for cell in study.cells()] == ["a+a", "a+b", "b+a", "b+b"]
    recipe = study.cells()[-1].executor.recipe
    assert (recipe.base, recipe.batch_size) == ("google/flan-t5-small", 4)


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("heldout", {"recipe": "scratch-tiny", "topic": ["Matter"]}, "did you mean topics?"),
        ("heldout", {"recipe": "scratch-tiny", "topics": ["Magic"]}, "unknown topic 'Magic'"),
        ("heldout", {"recipe": "scratch-tinny"}, "Did you mean scratch-tiny?"),
        ("heldout", {"recipe": "scratch-tiny", "changes": {"epoch": 3}}, "did you mean epochs?"),
        ("heldout", {"recipe": "scratch-tiny", "protocol": "papper"}, "Did you mean paper?"),
        ("heldout", {"recipe": "scratch-tiny", "tasks": ["boyl"]}, "Did you mean boil?"),
        ("heldout", {}, "recipe is missing"),
        ("heldout", {"recipe": "scratch-tiny", "kind": "sizes"}, "`subgoal study sizes`"),
        ("sizes", {"recipe": "scratch-tiny", "middle": "b", "sizes": {"a": {}}}, "no size 'b': use a."),
        (
            "sizes",
            {"recipe": "scratch-tiny", "middle": "../a", "sizes": {"../a": {}}},
            "not a valid name of a size",
        ),
        (
            "sizes",
            {"recipe": "scratch-tiny", "middle": "a", "sizes": {"a": {"architecture": {"width": 1}}}},
            "architecture.width",
        ),
        ("heldout", {"recipe": "scratch-tiny", "topics": []}, "topics: the list is empty"),
        ("heldout", {"recipe": "scratch-tiny", "changes": {"exclude_tasks": None}}, "exclude_tasks is None"),
        ("heldout", {"recipe": "scratch-tiny", "changes": {"exclude_tasks": 5}}, "exclude_tasks is 5"),
        ("heldout", {"recipe": "scratch-tiny", "changes": {"seed": 1}}, "set the study's own key seed"),
        ("heldout", {"recipe": "r" * 300}, "No recipe 'rrr"),
        ("heldout", {"recipe": "scratch-tiny", "protocol": "p" * 300}, "Unknown protocol 'ppp"),
        *(
            ("sizes", {"recipe": "scratch-tiny", "middle": "a", "sizes": {"a": values}}, said)
            for values, said in (
                ({"seed": 1}, "set the study's own key seed"),
                ({"recipe": None}, "sizes.a.recipe is None: name a recipe"),
                ({"recipe": 5}, "sizes.a.recipe is 5: name a recipe"),
            )
        ),
    ],
)
def test_an_invalid_study_is_refused_in_one_line(
    kind: str, values: dict[str, Any], said: str, write_study: Callable[..., Path]
) -> None:
    with pytest.raises(UsageError) as error:
        load_study(kind, write_study(**values))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_study_and_an_unknown_cell_name_the_known_ones() -> None:
    with pytest.raises(UsageError, match="Did you mean heldout-tiny"):
        load_study("heldout", "heldout-tyny")
    with pytest.raises(UsageError, match="No heldout study 'xxx"):
        load_study("heldout", "x" * 300)
    with pytest.raises(UsageError, match="has no cell 'magic': use nothing, matter"):
        load_study("heldout", "heldout").choose("matter,magic")
    assert [cell.name for cell in load_study("heldout", "heldout").choose("forces, matter")] == [
        "forces",
        "matter",
    ]

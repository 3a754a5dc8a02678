"""Other substances in questions about melting points."""

import random

import pytest

from modeling.data.substances import other_substance

TEXT = (
    "task: measure the melting point of {0}, which is located around the kitchen. Next, focus on the {0}. "
    "If the melting point of {0} is above 50.0 degrees celsius, focus on the red box. If the melting point "
    "of {0} is below 50.0 degrees celsius, focus on the blue box. | room: kitchen | see: wood cup ({0}), "
    "misleading sign | past: use thermometer on {0} -> 9 degrees | readings: liquid {0} 9 degrees , below"
)
TARGET = "cool({0}, freezer)"


@pytest.mark.parametrize(
    ("known", "alike", "other_kind"),
    [("red paint", "apple juice", "copper"), ("lead", "copper", "wax"), ("gallium", "wax", "apple juice")],
)
def test_a_substance_gives_place_to_one_of_its_kind_everywhere(
    known: str, alike: str, other_kind: str
) -> None:
    drawn = {
        other_substance(TEXT.format(known), TARGET.format(known), random.Random(seed)) for seed in range(200)
    }
    names = {target.removeprefix("cool(").removesuffix(", freezer)") for _, target in drawn}
    assert drawn == {(TEXT.format(name), TARGET.format(name)) for name in names}
    assert alike in names
    assert other_kind not in names


def test_held_out_substances_are_neither_replaced_nor_named() -> None:
    names = {
        other_substance(TEXT.format(known), known, random.Random(seed))[1]
        for known in ("mercury", "chocolate", "lead")
        for seed in range(300)
    }
    for held_out in ("water", "orange juice", "tin"):
        assert held_out not in names
        text = TEXT.format(held_out)
        assert other_substance(text, held_out, random.Random(0)) == (text, held_out)


def test_a_name_that_is_there_already_is_not_taken() -> None:
    text = TEXT.format("gallium").replace(
        "misleading sign", "soap, wax, ice cream, glass jar (sodium chloride)"
    )
    drawn = {other_substance(text, "gallium", random.Random(seed))[1] for seed in range(200)}
    assert "butter" in drawn
    assert not drawn & {"soap", "wax", "ice cream", "sodium", "gallium"}


def test_only_frozen_paint_is_called_dried() -> None:
    text = TEXT.format("red paint").replace("liquid red", "dried red")
    for seed in range(100):
        changed, name = other_substance(text, "red paint", random.Random(seed))
        state = "dried" if name.endswith("paint") else "solid"
        assert f"readings: {state} {name} 9 degrees" in changed
        assert "red paint" not in changed


def test_other_tasks_stay() -> None:
    text = "task: boil mercury. | room: kitchen"
    assert other_substance(text, "heat(mercury, stove)", random.Random(0)) == (text, "heat(mercury, stove)")

"""The table of the families of `open`."""

from dataset_builder.tool_agents.questions.build import DEFAULT_SIZES, IN_DOMAIN, OUT_OF_DOMAIN
from dataset_builder.tool_agents.questions.catalogue import open_families


def test_the_sizes_of_all_families_add_up_to_the_default_sizes() -> None:
    sizes = [
        (row["domain"], [int(size) for size in row["train/validation/test"].split("/")])
        for row in open_families()
    ]
    train, validation, test = (
        sum(size[index] for domain, size in sizes if domain == "in") for index in range(3)
    )
    assert (train, validation, test) == tuple(DEFAULT_SIZES[name] for name in ("train", "validation", "test"))
    outside = [size for domain, size in sizes if domain == "out"]
    assert sum(size[2] for size in outside) == DEFAULT_SIZES["out_of_domain"]
    assert all(size[:2] == [0, 0] for size in outside)


def test_every_family_has_a_row_that_says_what_it_asks_for() -> None:
    rows = {row["family"]: row for row in open_families()}
    assert list(rows) == [*IN_DOMAIN, *OUT_OF_DOMAIN]
    assert rows["gcd"]["kind"] == "maths"
    assert rows["gcd"]["asks for"] == "greatest common divisor"
    assert rows["three_hop"] | {"train/validation/test": ""} == {
        "family": "three_hop",
        "kind": "facts",
        "domain": "out",
        "train/validation/test": "",
        "asks for": "three facts, chained, compared or added",
    }

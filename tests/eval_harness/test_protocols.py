import re
from pathlib import Path

import pytest

from dataset_builder.errors import UsageError
from dataset_builder.tasks import TASKS, get_task
from eval_harness.protocols import Protocol, Unit, load_protocol, protocol_names


def own_file(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_paper_plays_the_first_ten_test_variations_of_all_tasks() -> None:
    units = load_protocol("paper").units()
    assert {unit.task for unit in units} == set(TASKS)
    assert len(units) == sum(min(10, len(task.variations("test"))) for task in TASKS.values()) == 271
    boil = [unit.variation for unit in units if unit.task == "boil"]
    assert boil == list(range(21, 30))


def test_mini_differs_from_paper_only_in_variations() -> None:
    mini, paper = load_protocol("mini"), load_protocol("paper")
    assert len(mini.units()) == 60
    assert mini.model_copy(update={"max_variations": 10}).hash == paper.hash


def test_every_shipped_protocol_loads_and_says_what_it_is() -> None:
    loaded = [load_protocol(name) for name in protocol_names()]
    assert {"paper", "mini"} <= {protocol.name for protocol in loaded}
    assert all(protocol.description and protocol.units() for protocol in loaded)


def test_units_can_be_narrowed_but_not_widened() -> None:
    paper = load_protocol("paper")
    assert paper.units("3-1, boil", max_variations=1, seed=5) == [
        Unit("power-component", 15, 5),
        Unit("boil", 21, 5),
    ]
    assert len(paper.units("find-animal", max_variations=50)) == 10
    with pytest.raises(UsageError, match="at least 1"):
        paper.units(max_variations=0)
    with pytest.raises(UsageError, match="Did you mean boil"):
        paper.units("boill")


def test_own_protocol_file(tmp_path: Path) -> None:
    protocol = load_protocol(
        own_file(
            tmp_path,
            "tasks: [1-1, find-animal]\nsplit: validation\nmax_variations: 1\nepisodes: 2\n"
            "step_limits: {1-1: 40}\nscoring: maximum\n",
        )
    )
    assert protocol.name == "mine"
    first = get_task("boil").variations("validation")[0]
    assert protocol.units(seed=7)[:2] == [Unit("boil", first, 7), Unit("boil", first, 8)]
    assert protocol.moves_allowed("boil") == 40
    assert protocol.moves_allowed("find-animal") == 100
    with pytest.raises(UsageError, match="does not play melt"):
        protocol.units("melt")


def test_hash_is_of_the_rules() -> None:
    one = Protocol(name="a", description="b")
    assert one.hash == Protocol(name="c").hash
    assert one.hash != Protocol(name="a", step_limit=99).hash
    assert re.fullmatch("[0-9a-f]{16}", one.hash)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stepp_limit: 3", r"mine.yaml: stepp_limit: .*known fields: .*step_limit"),
        ("step_limit: many", r"step_limit: .*integer"),
        ("step_limit: 0", r"step_limit: .*greater than 0"),
        ("tasks: [boill]", r"mine.yaml: Unknown task 'boill'. Did you mean boil"),
        ("tasks: []", r"mine.yaml: The list of tasks is empty"),
        ("step_limits: {nosuch: 3}", r"Unknown task 'nosuch'"),
        ("step_limits: {boil: 0}", r"step limit of boil"),
        ("simplifications: easier", r"Unknown simplification 'easier'"),
        ("simplifications: noElectricalAction", r"drop noElectricalAction"),
        ("scoring: best", r"scoring: .*'zero', 'previous' or 'maximum'"),
        ("early_stop: [{kind: bored}]", r"early_stop.0: .*'score_unchanged', 'few_distinct'"),
        ("early_stop: [{kind: score_unchanged, actions: 5, distinct: 2}]", r"distinct"),
        ("- a\n- b", r"must hold fields"),
        ("a: [", r"is not YAML"),
    ],
)
def test_bad_protocol_file_is_one_line_with_the_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        load_protocol(own_file(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_unknown_protocol_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean paper"):
        load_protocol("papper")
    with pytest.raises(UsageError, match="Use paper, mini, or a YAML file"):
        load_protocol("xyz")


@pytest.mark.parametrize(
    ("scoring", "scores", "counted"),
    [
        ("zero", [10, 40, -100], 0),
        ("previous", [10, 40, -100], 40),
        ("previous", [-100], 0),
        ("maximum", [10, 60, 40], 60),
        ("zero", [10, 60, 40], 40),
        ("previous", [10, 60, 40], 40),
        ("maximum", [], 0),
        ("zero", [], 0),
    ],
)
def test_scoring(scoring: str, scores: list[int], counted: int) -> None:
    assert Protocol.model_validate({"name": "x", "scoring": scoring}).count(scores) == counted


def test_paper_stops_an_agent_with_subgoals_when_the_score_stands_still() -> None:
    paper = load_protocol("paper")
    varied = [f"action {i}" for i in range(60)]

    def reason(scores: list[int]) -> str | None:
        return paper.early_stop_reason(varied[: len(scores)], scores, names_subgoals=True)

    assert reason([0] * 49) is None
    assert reason([0] * 50) == "score_unchanged"
    assert reason([5] + [5] * 49) is None  # the first action brought points
    assert reason([5] + [5] * 50) == "score_unchanged"
    assert reason([0] * 49 + [5]) is None
    assert paper.early_stop_reason(["wait1", "look around"] * 5, [0] * 10, names_subgoals=True) is None


def test_paper_stops_a_flat_agent_when_it_repeats_two_actions() -> None:
    paper = load_protocol("paper")

    def reason(actions: list[str]) -> str | None:
        return paper.early_stop_reason(actions, [0] * len(actions), names_subgoals=False)

    assert reason(["a", "b"] * 5) == "few_distinct"
    assert reason(["a"] * 9) is None
    assert reason(["a"] * 10) == "few_distinct"
    assert reason(["c"] + ["a"] * 9) == "few_distinct"
    assert reason(["c", "b"] + ["a"] * 8) is None
    assert reason([f"action {i}" for i in range(60)]) is None

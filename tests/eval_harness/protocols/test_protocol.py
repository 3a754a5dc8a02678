import re
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import TASKS, get_task
from eval_harness.protocols.protocol import EpisodeKey, Protocol, load_protocol, protocol_names
from eval_harness.rollout.rollout import Rollout


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
    assert {"paper", "swiftsage", "full", "eto", "tales", "mini"} == {protocol.name for protocol in loaded}
    assert all(protocol.description and protocol.units() for protocol in loaded)


def test_units_can_be_narrowed_but_not_widened() -> None:
    paper = load_protocol("paper")
    assert paper.units("3-1, boil", max_variations=1, seed=5) == [
        EpisodeKey("power-component", 15, 5),
        EpisodeKey("boil", 21, 5),
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
    assert protocol.units(seed=7)[:2] == [EpisodeKey("boil", first, 7), EpisodeKey("boil", first, 8)]
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
        ("stepp_limit: 3", r"mine.yaml: unknown key 'stepp_limit': did you mean step_limit\?"),
        ("step_limit: many", r"step_limit is 'many': .*integer"),
        ("step_limit: 0", r"step_limit is 0: .*greater than 0"),
        ("tasks: [boill]", r"mine.yaml: Unknown task 'boill'. Did you mean boil"),
        ("tasks: []", r"mine.yaml: The list of tasks is empty"),
        ("step_limits: {nosuch: 3}", r"Unknown task 'nosuch'"),
        ("step_limits: {boil: 0}", r"step limit of boil"),
        ("decision_limits: {boil: 0}", r"decision limit of boil"),
        ("simplifications: easier", r"Unknown simplification 'easier'"),
        ("simplifications: noElectricalAction", r"drop noElectricalAction"),
        ("scoring: best", r"scoring is 'best': .*'zero', 'previous' or 'maximum'"),
        ("early_stop: [{kind: bored}]", r"early_stop.0: .*'score_unchanged', 'few_distinct'"),
        ("early_stop: [{kind: score_unchanged, actions: 5, distinct: 2}]", r"distinct"),
        ("- a\n- b", r"does not hold a protocol"),
        ("a: [", r"is not a YAML file"),
    ],
)
def test_bad_protocol_file_is_one_line_with_the_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        load_protocol(own_file(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_unknown_protocol_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean paper"):
        load_protocol("papper")
    with pytest.raises(UsageError, match="Use paper, mini, full, swiftsage, eto, tales, or a YAML file"):
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


def test_swiftsage_stops_after_thirty_actions_without_points_once_99_are_played() -> None:
    protocol = load_protocol("swiftsage")
    scores = [10] * 98
    assert protocol.early_stop_reason(["a"] * 98, scores, names_subgoals=True) is None
    paper = load_protocol("paper")
    varied = [str(number) for number in range(50)]
    assert paper.early_stop_reason(varied, [8] * 50, names_subgoals=True) is None  # the first action scored
    assert paper.early_stop_reason(varied, [8] * 50, names_subgoals=True, start=8) == "score_unchanged"
    assert protocol.early_stop_reason(["a"] * 99, [*scores, 10], names_subgoals=True) == "score_unchanged"
    late = [10] * 80 + [20] * 30
    assert protocol.early_stop_reason(["a"] * 110, late, names_subgoals=False) is None
    assert protocol.early_stop_reason(["a"] * 111, [*late, 20], names_subgoals=False) == "score_unchanged"
    assert protocol.count([10, 40, -100]) == 40


def test_full_is_paper_on_every_variation() -> None:
    full, paper = load_protocol("full"), load_protocol("paper")
    assert full.model_copy(update={"max_variations": 10}).hash == paper.hash
    assert len(full.units()) == sum(len(task.variations("test")) for task in TASKS.values()) == 1819


def test_eto_plays_the_211_episodes_of_its_test_set() -> None:
    eto = load_protocol("eto")
    units = eto.units()
    assert len(units) == 211
    assert {task for task in TASKS if task not in {unit.task for unit in units}} == {
        get_task(task_id).name for task_id in ("2-3", "9-1", "9-2", "9-3", "10-1", "10-2")
    }
    assert set(eto.decision_limits) == {unit.task for unit in units}
    assert not eto.out_of_actions("find-animal", 14)
    assert eto.out_of_actions("find-animal", 15)
    assert eto.out_of_actions("find-animal", 12, rejected=3)
    assert not eto.out_of_actions("boil", 99)
    assert eto.count([10, 60, -100]) == 60


def test_tales_plays_one_variation_of_each_task_unsimplified() -> None:
    tales = load_protocol("tales")
    assert [unit.variation for unit in tales.units("boil,find-animal")] == [21, 225]
    assert len(tales.units()) == 30
    assert tales.simplifications == ""
    assert tales.out_of_actions("boil", 60, rejected=40)


def test_rejected_texts_count_only_where_the_protocol_says_so() -> None:
    paper = load_protocol("paper")
    assert not paper.out_of_actions("boil", 199, rejected=50)
    assert paper.out_of_actions("boil", 200)
    assert not Protocol(name="x").out_of_actions("boil", 10_000)


def test_fields_that_came_later_leave_old_hashes_alone() -> None:
    # Of results that have been published: these never change.
    before = {"first_look": False}
    assert load_protocol("paper").model_copy(update=before).hash == "c698980f67080f3c"
    assert load_protocol("mini").model_copy(update=before).hash == "ef0a0ecd1c0109fe"
    rules = load_protocol("paper").model_dump(mode="json")
    assert Protocol.from_record(rules) == load_protocol("paper")
    del rules["first_look"]
    assert Protocol.from_record(rules).hash == "c698980f67080f3c"
    one = Protocol(name="x")
    assert Protocol(name="x", count_rejected=True).hash != one.hash
    assert Protocol(name="x", decision_limits={"boil": 3}).hash != one.hash
    rule = {"kind": "score_unchanged", "actions": 5}
    early = Protocol.model_validate({"name": "x", "early_stop": [rule]})
    assert Protocol.model_validate({"name": "x", "early_stop": [{**rule, "after": 0}]}).hash == early.hash
    assert Protocol.model_validate({"name": "x", "early_stop": [{**rule, "after": 9}]}).hash != early.hash


WOLF_UNAIDED = (
    "teleport to outside",
    "open door to hallway",
    "go to hallway",
    "open door to kitchen",
    "go to kitchen",
    "open door to outside",
    "go to outside",
    "focus on baby wolf",
)


@pytest.mark.parametrize(
    ("name", "path", "score", "reason"),
    [
        ("swiftsage", ("look around",) * 120, 8, "score_unchanged"),
        ("swiftsage", ("teleport to outside", "focus on door to kitchen"), 17, "lost"),
        ("full", None, 100, "completed"),
        ("eto", None, 100, "completed"),
        ("eto", ("teleport to outside", "focus on door to kitchen"), 17, "lost"),
        ("tales", WOLF_UNAIDED, 67, "agent_stopped"),
    ],
)
def test_an_episode_of_each_protocol(
    simulator: Simulator, scripted: Any, name: str, path: Any, score: int, reason: str
) -> None:
    unit = EpisodeKey("find-animal", 225, 0)
    agent = scripted({unit[:2]: path}) if path else scripted()
    (result,) = Rollout(agent, load_protocol(name), simulator, 1).run([unit])
    assert (result.error, result.score, result.stop_reason) == (None, score, reason)
    if reason == "score_unchanged":
        assert len(result.actions) == 99
    assert any(result.rejected) is (name == "tales")  # there is no teleporting unaided


@pytest.mark.parametrize(("candidates", "n_actions"), [(("look around",), 15), (("fly", "look around"), 8)])
def test_eto_counts_rejected_texts_into_the_limit_of_the_task(
    simulator: Simulator, scripted: Any, candidates: tuple[str, ...], n_actions: int
) -> None:
    unit = EpisodeKey("find-animal", 225, 0)
    agent = scripted({unit[:2]: (candidates,) * 20})
    (result,) = Rollout(agent, load_protocol("eto"), simulator, 1).run([unit])
    assert (len(result.actions), result.stop_reason) == (n_actions, "decision_limit")

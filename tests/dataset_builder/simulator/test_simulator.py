"""`Episode` against the real `ScienceWorldEnv`, and episodes against each other."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest

import pytest
from scienceworld import ScienceWorldEnv

from dataset_builder.common.errors import SimulatorError, UsageError
from dataset_builder.simulator.simulator import Episode, Simulator, StepResult
from dataset_builder.simulator.tasks import SPLITS, TASKS


@pytest.fixture(scope="module")
def crowded() -> Iterator[Simulator]:
    """A simulator whose episodes all share one world."""
    with Simulator(worlds=1) as simulator:
        yield simulator


def gold_path(simulator: Simulator, task: str, variation: int) -> list[str]:
    episode = simulator.episode()
    episode.load(task, variation, gold_path=True)
    path = episode.gold_path()
    episode.close()
    return path


@pytest.mark.parametrize(
    ("task", "variation", "simplifications"),
    [
        ("grow-plant", 125, "easy"),
        ("find-plant", 299, "easy"),
        ("power-component", 19, "easy"),
        ("use-thermometer", 539, ""),
        ("chemistry-mix", 31, "teleportAction,openDoors"),
    ],
)
def test_every_step_equals_the_originals(
    simulator: Simulator, reference: ScienceWorldEnv, task: str, variation: int, simplifications: str
) -> None:
    # The original lists the valid actions at every step, which draws random numbers (they move bees
    # and choose among equal names): ask for them wherever it does.
    path = gold_path(simulator, task, variation)
    episode = simulator.episode(step_limit=100)
    first = episode.load(task, variation, simplifications)
    reference.load(task, variation, simplifications)
    observation, info = reference.reset()
    assert (first.strip(), first) == (observation, info["look"])
    assert episode.valid_actions() == sorted(info["valid"])
    actions = [*path[:30], "no such action", "focus on agent", "look around"]
    for action in actions:
        result = episode.step(action)
        observation, _, done, info = reference.step(action)
        assert result.observation == observation, action
        assert (result.score, result.done, result.moves) == (info["score"], done, info["moves"]), action
        assert (episode.look(), episode.inventory()) == (info["look"], info["inv"]), action
        assert episode.valid_actions() == sorted(info["valid"]), action
    assert f"Task Description:\n{episode.task_description()}" == info["taskDesc"]
    episode.close()


def test_solvers_path_does_not_depend_on_what_was_solved_before(simulator: Simulator) -> None:
    # Both begin in the foundry: the solver keeps the ways from there, in an order of the variation's.
    gold_path(simulator, "test-conductivity", 123)
    later = gold_path(simulator, "test-conductivity", 213)
    with Simulator(worlds=1) as fresh:
        assert gold_path(fresh, "test-conductivity", 213) == later


def test_step_limit_ends_an_episode_where_the_original_does(
    simulator: Simulator, reference: ScienceWorldEnv
) -> None:
    episode = simulator.episode(step_limit=100)
    episode.load("find-animal", 0)
    reference.load("find-animal", 0, "easy")
    for _ in range(10):  # 11 moves each
        result = episode.step("wait")
        _, _, done, info = reference.step("wait")
        assert (result.moves, result.done) == (info["moves"], done)
    assert result.done
    unlimited = simulator.episode(step_limit=None)
    unlimited.load("find-animal", 0)
    assert not any(unlimited.step("wait").done for _ in range(10))


def test_task_table_equals_the_originals(reference: ScienceWorldEnv) -> None:
    assert set(reference.get_task_names()) == set(TASKS)
    for name, task in TASKS.items():
        assert reference.get_max_variations(name) == task.n_variations
        getattr(reference.server, "taskStr_$eq")(name)  # what the splits are computed from
        splits = [
            reference.get_variations_train(),
            reference.get_variations_dev(),
            reference.get_variations_test(),
        ]
        assert [list(task.variations(split)) for split in SPLITS] == splits, name


# --- episodes beside each other --------------------------------------------------------------------

GAMES = (
    ("find-animal", 3, "easy"),
    ("grow-fruit", 7, ""),
    ("power-component", 1, "easy"),
    ("lifespan-longest-lived", 11, "teleportAction"),
)
MOVES = ("open door to hallway", "go to hallway", "look around", "wait", "teleport to kitchen", "inventory")

Seen = list[tuple[StepResult, str, str]]


def play(episode: Episode, game: tuple[str, int, str]) -> Iterator[tuple[StepResult, str, str]]:
    """Load a game, then one thing seen per step."""
    episode.load(*game)
    for action in MOVES * 2:
        result = episode.step(action)
        yield result, episode.look(), episode.inventory()


@pytest.fixture(scope="module")
def solo(crowded: Simulator) -> list[Seen]:
    """What each game shows when it is played alone."""
    return [list(play(crowded.episode(), game)) for game in GAMES]


def test_loading_again_gives_the_same_world(crowded: Simulator, solo: list[Seen]) -> None:
    episode = crowded.episode()
    for game, seen in zip(GAMES, solo, strict=True):
        assert list(play(episode, game)) == seen


def test_episodes_taking_turns_see_what_they_see_alone(crowded: Simulator, solo: list[Seen]) -> None:
    rounds = list(zip(*(play(crowded.episode(), game) for game in GAMES), strict=True))
    assert [list(seen) for seen in zip(*rounds, strict=True)] == solo


def test_episodes_joining_late_disturb_nobody(crowded: Simulator, solo: list[Seen]) -> None:
    early = play(crowded.episode(), GAMES[0])
    seen = [next(early) for _ in range(3)]
    late = play(crowded.episode(), GAMES[1])
    for here, there in zip_longest(early, late):
        seen.extend([here] if here else [])
        assert there in solo[1]
    assert seen == solo[0]


def test_episodes_in_threads_see_what_they_see_alone(simulator: Simulator, solo: list[Seen]) -> None:
    games = [*GAMES, *reversed(GAMES)]
    with ThreadPoolExecutor(len(games)) as pool:
        seen = list(pool.map(lambda game: list(play(simulator.episode(), game)), games))
    assert seen == [*solo, *reversed(solo)]


def test_episodes_of_one_world_keep_their_own_simplifications(crowded: Simulator) -> None:
    # Whether flower pots water themselves is looked up at every tick.
    def greenhouse_after_waiting(neighbour: Episode | None) -> str:
        episode = crowded.episode()
        episode.load("find-plant", 0, "teleportAction")
        episode.step("teleport to greenhouse")
        if neighbour:
            neighbour.load("find-plant", 0, "easy")
            neighbour.step("wait1")
        episode.step("wait1")
        return episode.look()

    alone = greenhouse_after_waiting(None)
    assert "flower pot 2 (containing nothing)" in alone
    assert greenhouse_after_waiting(crowded.episode()) == alone


# --- answers to particular input -------------------------------------------------------------------


def test_a_rejected_action_costs_nothing_and_changes_nothing(simulator: Simulator) -> None:
    episode = simulator.episode()
    look = episode.load("boil", 0)
    result = episode.step("sing a song")
    assert (result.accepted, result.ambiguous, result.moves, result.done) == (False, False, 0, False)
    assert episode.look() == look
    assert episode.step("wait1") == StepResult(
        "You decide to wait for 1 iterations.", 0, False, 2, accepted=True, ambiguous=False
    )


@pytest.mark.parametrize("action", ["", "\n", "é\u2028", "\0", "\ud800", "x" * 100_000])
def test_any_text_can_be_sent(simulator: Simulator, action: str) -> None:
    episode = simulator.episode()
    episode.load("boil", 0)
    pid = simulator.pid
    assert not episode.step(action).accepted
    assert simulator.pid == pid


def test_an_ambiguous_request_costs_nothing_and_is_answered_with_a_number(simulator: Simulator) -> None:
    episode = simulator.episode()
    episode.load("chemistry-mix-paint-secondary-color", 0)
    episode.step("teleport to art studio")
    question = episode.step("pick up cup")
    assert (question.accepted, question.ambiguous, question.moves) == (True, True, 1)
    answer = episode.step("0")
    assert (answer.accepted, answer.ambiguous, answer.moves) == (True, False, 2)
    assert "wood cup" in episode.inventory()


@pytest.mark.parametrize("words", ["help", "objects", " Task"])
def test_questions_to_the_simulator_itself_cost_nothing(
    simulator: Simulator, reference: ScienceWorldEnv, words: str
) -> None:
    episode = simulator.episode()
    episode.load("boil", 0)
    episode.step("wait1")
    reference.load("boil", 0, "easy")
    reference.step("wait1")
    observation, _, _, info = reference.step(words)
    result = episode.step(words)
    assert result.observation == observation
    assert (result.moves, result.score, result.done) == (info["moves"], 0, False)


def test_a_wrong_focus_loses_the_episode(simulator: Simulator) -> None:
    episode = simulator.episode()
    episode.load("boil", 0)
    result = episode.step("focus on agent")
    assert (result.score, result.done, episode.score) == (-100, True, -100)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("boyl", 0), "Did you mean boil"),
        (("boil", 30), "use 0 to 29"),
        (("boil", -1), "use 0 to 29"),
        (("boil", 0, "eazy"), "Unknown simplification 'eazy'"),
        (("boil", 0, "easy,teleport"), "Unknown simplification 'teleport'"),
        (("power-component", 0, "noElectricalAction"), "drop noElectricalAction"),
        (("test-conductivity", 0, "openDoors,noElectricalAction"), "drop noElectricalAction"),
    ],
)
def test_wrong_input_is_refused_in_one_line(
    simulator: Simulator, arguments: tuple[str, int, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        simulator.episode().load(*arguments)
    assert "\n" not in str(caught.value)


def test_a_refused_load_leaves_the_running_game_alone(simulator: Simulator) -> None:
    episode = simulator.episode()
    episode.load("boil", 0)
    episode.step("wait1")
    with pytest.raises(UsageError):
        episode.load("boil", 99)
    assert episode.step("wait1").moves == 4


@pytest.mark.parametrize("call", ["look", "inventory", "task_description", "valid_actions", "gold_path"])
def test_using_an_episode_before_loading_is_refused(simulator: Simulator, call: str) -> None:
    episode = simulator.episode()
    with pytest.raises(UsageError, match=r"call Episode\.load first"):
        getattr(episode, call)()
    with pytest.raises(UsageError, match=r"call Episode\.load first"):
        episode.step("look around")


def test_easy_in_a_list_is_what_the_simulator_makes_of_it(simulator: Simulator) -> None:
    episode = simulator.episode()
    look = episode.load("find-animal", 0, "easy,openContainers")
    assert look.startswith("This room is called")
    assert set(episode.simplifications.split(",")) == {
        "teleportAction", "openDoors", "selfWateringFlowerPots", "noElectricalAction", "openContainers"
    }  # fmt: skip
    assert episode.step("teleport to kitchen").accepted
    assert "The freezer door is open." in episode.look()
    episode.load("power-component", 15, "openContainers,easy")
    assert "noElectricalAction" not in episode.simplifications


def test_an_error_message_of_the_simulator_is_not_an_observation(simulator: Simulator) -> None:
    episode = simulator.episode()
    episode.load("find-animal", 0)
    # as a check of ours that failed would let it through
    episode._game.load("find-animal", 0, "eazy", "", False)
    for ask in (lambda: episode.step("look around"), episode.look, episode.inventory):
        with pytest.raises(SimulatorError, match="ERROR: Unknown simplification label: eazy"):
            ask()

"""The annotator over real HTTP: good answers, bad answers, and what it remembers of them."""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dataset_builder.annotation.annotators import NotAnnotated, TrajectoryRejected
from dataset_builder.annotation.rules.annotator import RulesAnnotator
from dataset_builder.annotation.teacher.annotator import LLMAnnotator, annotator_name, llm_annotator
from dataset_builder.llm.completion_cache import CompletionCache, request_digest
from dataset_builder.llm.request_format import FORMS
from dataset_builder.trajectories.subgoals import Segment, check_segments
from dataset_builder.trajectories.trajectory import Trajectory
from tests.dataset_builder.annotation.teacher.oracle import SPOILERS, Oracle, write
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

Make = Callable[..., LLMAnnotator]


@pytest.fixture
def path(paths: list[Trajectory]) -> Trajectory:
    """A path with some sub-goals, of another task than the fixed example."""
    return next(path for path in paths if path.task == "chemistry-mix")


def _rules(path: Trajectory) -> list[Segment]:
    return RulesAnnotator().annotate(path)


def test_a_good_answer_becomes_segments_with_their_provenance(
    oracle: Oracle, path: Trajectory, make_annotator: Make
) -> None:
    with OpenAIServer(oracle) as server:
        made = make_annotator(server.base_url).annotation(path)
    assert made.segments == _rules(path)
    request = server.requests[0]
    shown = [message["content"] for message in request.messages if message["role"] == "assistant"]
    kept = made.provenance
    assert len(shown) == len(kept["examples"]) == 2
    assert [task for task, _ in kept["examples"]] == ["boil", path.task]
    assert kept["examples"][1][1] != path.variation
    assert (kept["model"], kept["answer_format"], kept["temperature"]) == ("teacher", "json_schema", 0.0)
    assert (kept["calls"], kept["repairs"], kept["joined"], kept["dropped"]) == (1, 0, 0, 0)
    assert kept["prompt"] == request_digest(request.body)
    assert kept["prompt_tokens"] > kept["completion_tokens"] > 0


def test_an_example_is_never_the_path_itself(oracle: Oracle, make_annotator: Make) -> None:
    from dataset_builder.annotation.exemplars import exemplars

    boil = exemplars("boil")
    own, segments = boil[0]
    with OpenAIServer(Oracle([own])) as server:
        made = make_annotator(server.base_url, examples=9).annotation(own)
    assert len(made.provenance["examples"]) == len(boil) - 1
    assert [own.task, own.variation] not in made.provenance["examples"]
    check_segments(made.segments, len(own.steps))
    assert segments


@pytest.mark.parametrize("spoiler", SPOILERS)
@pytest.mark.parametrize("refused", [(), ("json_schema", "json_object")], ids=["json", "functional"])
def test_a_malformed_answer_is_repaired_or_requested_again(
    spoiler: str, refused: Sequence[str], oracle: Oracle, path: Trajectory, make_annotator: Make
) -> None:
    answers = Counter[str]()

    def behave(request: ChatRequest) -> Reply:
        if request.wanted in refused:
            return Reply(status=400, error=f"response_format {request.wanted} is not supported")
        answers["all"] += 1
        good = oracle.runs(request)
        return Reply(SPOILERS[spoiler](request, good) if answers["all"] == 1 else write(request, good))

    with OpenAIServer(behave) as server:
        made = make_annotator(server.base_url).annotation(path)
    assert made.segments == _rules(path)
    calls = 1 if spoiler in ("extra", "reordered") else 2
    assert (answers["all"], made.provenance["calls"]) == (calls, calls)
    assert made.provenance["repairs"] == calls - 1
    assert made.provenance["answer_format"] == ("functional" if refused else "json_schema")


@pytest.mark.parametrize(
    "text",
    [
        '[{"a":' * 20_000,
        "half of \ud800",
        r'{"segments": [{"subgoal": "mix(\ud800)", "actions": ["wait"]}]}',
        "",
    ],
)
def test_no_answer_is_poison(text: str, oracle: Oracle, path: Trajectory, make_annotator: Make) -> None:
    poison = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]})

    def behave(request: ChatRequest) -> Reply:
        if request.number:
            return oracle(request)
        return Reply(raw=poison, headers={"content-type": "application/json"})

    with OpenAIServer(behave) as server:
        made = make_annotator(server.base_url).annotation(path)
        again = make_annotator(server.base_url).annotation(path)  # now the poison is in the ledger
    assert made == again
    assert made.segments == _rules(path)
    assert made.provenance["faults"] == {"faulty": 1}
    assert len(server.requests) == 2


def test_only_missing_actions_are_requested(oracle: Oracle, path: Trajectory, make_annotator: Make) -> None:
    def behave(request: ChatRequest) -> Reply:
        good = oracle.runs(request)
        return Reply(write(request, good) if request.number else SPOILERS["missing"](request, good))

    with OpenAIServer(behave) as server:
        make_annotator(server.base_url).annotation(path)
    last = server.requests[-1].messages[-1]["content"]
    asked = [action for action in path.actions if f". {action} -> " in last]
    assert last.startswith("These actions of the path are missing")
    assert 2 <= len(asked) < len(path.actions)


@pytest.mark.parametrize("repairs", [0, 2])
def test_answers_that_never_align_are_quarantined(
    repairs: int, path: Trajectory, make_annotator: Make
) -> None:
    with OpenAIServer(lambda request: Reply(f"No {request.number}")) as server:
        teacher = make_annotator(server.base_url, repairs=repairs)
        with pytest.raises(NotAnnotated, match=f"after {repairs} repairs: it names no sub-goals") as caught:
            teacher.annotate(path)
    assert caught.value.answers == [f"No {number}" for number in range(repairs + 1)]
    assert caught.value.provenance["calls"] == repairs + 1


@pytest.mark.parametrize(
    ("refused", "form"),
    [((), FORMS[0]), (FORMS[:1], FORMS[1]), (FORMS[:2], FORMS[2])],
)
def test_the_best_form_that_the_server_accepts_is_used_and_remembered(
    refused: Sequence[str], form: str, oracle: Oracle, paths: list[Trajectory], make_annotator: Make
) -> None:
    def behave(request: ChatRequest) -> Reply:
        if request.wanted in refused:
            return Reply(status=400, error=f"{request.wanted} is not supported here")
        return oracle(request)

    with OpenAIServer(behave) as server:
        first = make_annotator(server.base_url).annotation(paths[0])
        assert len(server.requests) == len(refused) + 1
        later = make_annotator(server.base_url).annotation(paths[1])
    assert len(server.requests) == len(refused) + 2
    assert first.provenance["answer_format"] == later.provenance["answer_format"] == form
    assert first.segments == _rules(paths[0])


def test_a_server_that_ignores_the_format_is_asked_for_a_list(
    oracle: Oracle, paths: list[Trajectory], make_annotator: Make
) -> None:
    def behave(request: ChatRequest) -> Reply:
        good = oracle.runs(request)
        return Reply("I cannot do that." if request.wanted else write(request, good))

    with OpenAIServer(behave) as server:
        teacher = make_annotator(server.base_url, repairs=7)
        made = [teacher.annotation(path) for path in paths[:3]]
    assert [one.provenance["answer_format"] for one in made] == ["functional"] * 3
    assert [one.provenance["repairs"] for one in made] == [6, 0, 0]
    assert made[0].segments == _rules(paths[0])


def test_one_good_answer_settles_the_form(
    oracle: Oracle, paths: list[Trajectory], make_annotator: Make
) -> None:
    def behave(request: ChatRequest) -> Reply:
        return oracle(request) if request.number % 4 == 0 else Reply("I cannot do that.")

    with OpenAIServer(behave) as server:
        teacher = make_annotator(server.base_url, repairs=3)
        made = [teacher.annotation(path) for path in paths[:3]]
    assert {one.provenance["answer_format"] for one in made} == {"json_schema"}


def test_a_model_with_a_fixed_temperature(oracle: Oracle, path: Trajectory, make_annotator: Make) -> None:
    def behave(request: ChatRequest) -> Reply:
        if "temperature" in request.body:
            return Reply(status=400, error="Unsupported value: 'temperature' does not support 0 here.")
        return oracle(request)

    with OpenAIServer(behave) as server:
        made = make_annotator(server.base_url).annotation(path)
    assert made.provenance["temperature"] is None
    assert made.provenance["answer_format"] == "json_schema"


def test_a_rejected_request_is_distinguished_from_a_failure(path: Trajectory, make_annotator: Make) -> None:
    refusal = Reply(status=400, error="maximum context length is 512 tokens")
    with OpenAIServer(lambda request: refusal) as server:
        teacher = make_annotator(server.base_url)
        with pytest.raises(TrajectoryRejected, match="maximum context length") as caught:
            teacher.annotate(path)
    assert caught.value.provenance["model"] == "teacher"


def test_the_first_thought_is_requested_without_the_path(
    oracle: Oracle, path: Trajectory, make_annotator: Make
) -> None:
    with OpenAIServer(oracle) as server:
        made = make_annotator(server.base_url, first_thought=True).annotation(path)
    thinking, asking = server.requests
    assert len(thinking.messages) == 1
    assert path.description.split()[-1] in thinking.messages[0]["content"]
    assert not any(action in thinking.messages[0]["content"] for action in path.actions)
    assert thinking.wanted is None
    assert made.provenance["thought"] == "I would look for the thing first."
    assert asking.messages[-1]["content"].endswith("Thought: I would look for the thing first.")
    assert made.provenance["prompt"] == request_digest(asking.body)
    assert made.provenance["calls"] == 2


def test_an_empty_first_thought_is_given_up(path: Trajectory, make_annotator: Make) -> None:
    with OpenAIServer(lambda request: Reply("<think>hm</think>")) as server:
        teacher = make_annotator(server.base_url, first_thought=True)
        with pytest.raises(NotAnnotated, match="first thought is empty"):
            teacher.annotate(path)


def test_nothing_is_paid_for_twice(
    oracle: Oracle, path: Trajectory, make_annotator: Make, tmp_path: Path
) -> None:
    with OpenAIServer(oracle) as server:
        first = make_annotator(server.base_url, first_thought=True).annotation(path)
        again = make_annotator(server.base_url, first_thought=True).annotation(path)
    assert again == first
    assert len(server.requests) == 2
    records = list(CompletionCache(tmp_path).records("llm-teacher-thought"))
    assert [record["purpose"] for record in records] == ["thought", "annotation"]
    assert {record["task"] for record in records} == {path.task}


def test_a_new_attempt_sends_a_new_request(path: Trajectory, oracle: Oracle, make_annotator: Make) -> None:
    with OpenAIServer(oracle) as server:
        teacher = make_annotator(server.base_url)
        for attempt in (0, 1, 1):
            teacher.annotation(path, attempt)
    assert len(server.requests) == 2


def test_names_distinguish_models_and_thoughts() -> None:
    assert annotator_name("gpt-5.1-mini") == "llm-gpt-5.1-mini"
    assert annotator_name("gpt-5.1-mini", first_thought=True) == "llm-gpt-5.1-mini-thought"
    name = annotator_name("meta-llama/Llama-3.1-8B", first_thought=True)
    assert re.fullmatch(r"llm-meta-llama-Llama-3\.1-8B-[0-9a-f]{8}-thought", name)
    models = [
        "a/b",
        "a-b",
        "a b",
        "a/b/",
        "M",
        "M-thought",
        "M/thought",
        "\u6a21",
        "\u578b",
        "x" * 200,
        "x" * 201,
    ]
    names = {annotator_name(model, thought) for model in models for thought in (False, True)}
    assert len(names) == 2 * len(models)
    assert all(re.fullmatch(r"llm-[A-Za-z0-9._-]{1,130}", name) for name in names)
    assert "/" not in annotator_name("../../etc/passwd")


def test_estimate_counts_calls_without_making_any(
    oracle: Oracle, paths: list[Trajectory], make_annotator: Make, tmp_path: Path
) -> None:
    offline = make_annotator("http://127.0.0.1:9/v1", first_thought=True)
    rows = offline.estimate(paths[:4])
    assert rows[-1]["task"] == "all"
    assert rows[-1]["calls"] == "8"
    with OpenAIServer(oracle) as server:
        teacher = llm_annotator(tmp_path, "teacher", server.base_url, first_thought=True)
        for path in paths[:3]:
            teacher.annotate(path)
        assert teacher.estimate(paths[:4])[-1]["calls"] == "2"
        assert teacher.estimate(paths[:3]) == []
        assert teacher.estimate(paths[:3], {paths[1].key: 1})[-1]["calls"] == "2"
    assert len(server.requests) == 6

"""The server that is lost, the run that goes on, the budget, the key."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.llm.completion_cache import CompletionCache
from eval_harness.agents.llm.chat import Conversation, make_llm
from eval_harness.agents.llm.react import React
from eval_harness.results.records import RunResult, load_run
from modeling.agents.base import RunAborted
from tests.eval_harness.agents.llm.brains import Expert
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

Play = Callable[..., RunResult]
KEY = "sk-a-key-that-must-not-be-seen"


def test_server_lost_in_the_middle_loses_nothing_and_nothing_is_paid_twice(
    expert: Expert, llm: Any, play: Play, tmp_path: Path
) -> None:
    def dying(request: ChatRequest) -> Reply:
        return Reply(die=True) if request.number == 9 else expert(request)

    with OpenAIServer(dying) as server, pytest.raises(RunAborted, match=r"Cannot reach .*the answers so far"):
        play(React(llm(server.base_url)), batch_size=1)
    assert len(server.answered) == 9
    interrupted = load_run(tmp_path / "run")
    assert (interrupted.episodes, interrupted.failed, interrupted.complete) == (1, 0, False)
    with OpenAIServer(expert) as server:
        result = play(React(llm(server.base_url)), batch_size=2)
        assert (result.mean_score, result.episodes, result.failed) == (100, 4, 0)
        assert len(server.answered) == 14 - 9
    assert sum(episode.llm_calls for episode in result.episode_results()) == 14
    assert len([record for record in CompletionCache(tmp_path / "run").store if record.get("agent")]) == 14


def test_run_that_ends_does_not_wait_for_other_answers(llm: Any, play: Play) -> None:
    def behave(request: ChatRequest) -> Reply:
        return Reply(delay=100) if request.number else Reply(status=401)

    with OpenAIServer(behave) as server, pytest.raises(RunAborted, match="does not accept the key"):
        play(React(llm(server.base_url, timeout=200.0)), batch_size=4)
    assert not server.answered


def test_same_question_again_in_a_later_decision_is_not_counted_again(llm: Any) -> None:
    with OpenAIServer(lambda request: Reply("yes")) as server:
        talk = Conversation(llm(server.base_url), 0, {})
        costs = []
        for question in ("a?", "a?", "b?"):
            talk.begin_decision()
            assert talk.ask("action", "rules", question) == "yes"
            costs.append(talk.end_decision().llm_calls)
        assert costs == [1, 0, 1]
        talk.ask("action", "rules", "c?")
        talk.begin_decision()  # that attempt failed: it is asked again, and counts
        talk.ask("action", "rules", "c?")
        assert talk.end_decision().llm_calls == 1
        assert len(server.answered) == 3


def test_unreachable_server_is_one_line_with_the_remedy(llm: Any, play: Play) -> None:
    with pytest.raises(SubgoalError, match=r"^Cannot reach http://127.0.0.1:9/v1: start the server"):
        play(React(llm("http://127.0.0.1:9/v1")))


def test_unknown_model_names_the_option_of_this_command(play: Play, tmp_path: Path, expert: Expert) -> None:
    with OpenAIServer(expert) as server:
        agent = React(make_llm("gpt-0", server.base_url, tmp_path / "run", retries=0))
        with pytest.raises(RunAborted, match=r"has no model 'gpt-0'.*check --llm,") as caught:
            play(agent)
    assert caught.value.exit_code == 2


def test_request_that_is_refused_fails_its_episode_only(expert: Expert, llm: Any, play: Play) -> None:
    def behave(request: ChatRequest) -> Reply:
        game = request.messages[-1]["content"].rpartition("## Your game")[2]
        return Reply(status=400, error="too rude") if "yellow box" in game else expert(request)

    with OpenAIServer(behave) as server:
        result = play(React(llm(server.base_url)))
        assert (result.episodes, result.failed, result.mean_score) == (3, 1, 100)
        calls = len(server.answered)
    assert calls == 14 - 5  # the others were asked once, though the batch was asked again
    (failed,) = [episode for episode in result.episode_results() if episode.error]
    assert "refuses the request (400: too rude)" in str(failed.error)
    with OpenAIServer(expert) as server:
        assert play(React(llm(server.base_url)), retry_failed=True).mean_score == 100


def test_episode_stops_where_its_tokens_are_spent(expert: Expert, llm: Any, play: Play) -> None:
    with OpenAIServer(expert) as server:
        result = play(React(llm(server.base_url, budget_tokens=2500)), tasks="find-animal")
    for episode in result.episode_results():
        assert episode.stop_reason == "agent_stopped"
        assert 0 < episode.llm_tokens <= 2500
        assert 0 < len(episode.actions) == episode.llm_calls < 5


@pytest.mark.parametrize("tokens", [0, -5])
def test_budget_of_zero_or_less_is_refused(tokens: int, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"--budget-tokens {tokens}: give 1 or more"):
        make_llm("teacher", None, tmp_path, budget_tokens=tokens)


def test_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Name the language model: --llm MODEL"):
        make_llm(" ", None, tmp_path)


def test_key_reaches_the_server_and_no_file(
    expert: Expert, llm: Any, play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def echo(request: ChatRequest) -> Reply:
        return Reply(f"Thought: {request.key}\n" + expert(request).text)

    with OpenAIServer(echo) as server:
        play(React(llm(server.base_url)), max_variations=1)
        assert {request.key for request in server.requests} == {KEY}
    for path in (tmp_path / "run").iterdir():
        assert KEY not in path.read_text()

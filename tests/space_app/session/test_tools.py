"""Questions of visitors: limits, real models, and what cannot be loaded."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.tool_agents.retrieval.passages import write_passages
from space_app.session import tools as tools_module
from space_app.session.sessions import NoFreePlace
from space_app.session.tools import MAX_QUESTION, ToolBackend, check_question, open_tools
from space_app.settings import Settings
from tests.modeling.tiny_models import save_adapter, save_tiny
from tests.space_app.conftest import Passage, make_tools

QUESTION = "Name the main language of Benin."


@pytest.fixture(scope="module")
def tools() -> Iterator[ToolBackend]:
    made = make_tools(max_questions=2, max_wait_seconds=0.05)
    yield made
    made.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny("llama", tmp_path_factory.mktemp("agent"))


def settings(tool_agent: Path | str, **values: str) -> Settings:
    return Settings("controller", "executor", tool_agent=str(tool_agent), **values)  # type: ignore[arg-type]


def test_what_has_come_is_shown_after_each_step(tools: ToolBackend) -> None:
    told = list(tools.answer(f"  {QUESTION}\n"))
    assert [len(progress.steps) for progress in told] == [0, 1, 2, 2, 2]
    assert [progress.agent_done for progress in told] == [False, False, False, True, True]
    assert [progress.cot is None for progress in told] == [True, True, True, True, False]
    last = told[-1]
    assert (last.question, last.answer, last.cot_answer) == (QUESTION, "French", "English")
    assert len(last.seconds) == 2
    *_, never = tools.answer("An endless loop?")
    assert (len(never.steps), never.answer) == (5, None)


def test_a_visitor_has_one_question_at_a_time_and_all_together_have_a_limit(tools: ToolBackend) -> None:
    first, second = tools.answer(QUESTION, "one"), tools.answer(QUESTION, "two")
    next(first)
    with pytest.raises(UsageError, match="still being answered"):
        next(tools.answer(QUESTION, "one"))
    next(second)
    with pytest.raises(NoFreePlace, match="All 2 places are taken"):
        next(tools.answer(QUESTION, "three"))
    second.close()  # the visitor has closed the tab
    assert list(first)[-1].answer == "French"
    for visitor in ("one", "two", "three"):
        assert list(tools.answer(QUESTION, visitor))[-1].answer == "French"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "There is no question"),
        (None, "There is no question"),
        ("x" * (MAX_QUESTION + 1), "601 characters: shorten it to 600"),
        ("2 +\x00 3", "control characters"),
    ],
)
def test_what_is_not_a_question_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check_question(text)


def test_a_sandbox_that_was_killed_is_replaced(tools: ToolBackend) -> None:
    first = psutil.Process(tools.sandbox._process.pid)
    processes = [first, *first.children(recursive=True)]
    first.kill()
    psutil.wait_procs(processes, timeout=60)
    assert list(tools.answer(QUESTION))[-1].answer == "French"


def test_one_model_answers_with_tools_and_without(folder: Path, tmp_path: Path) -> None:
    write_passages(tmp_path / "passages.jsonl", [Passage("bj", "Benin", "French is spoken.")])
    made = open_tools(settings(folder, tool_passages=str(tmp_path)))
    assert made is not None
    try:
        assert made.names == (folder.name, folder.name)
        assert any(example.searches for example in made.examples)
        *_, progress = made.answer(QUESTION)
    finally:
        made.close()
    # Random weights write no code: the page shows what they wrote, and the error that they read.
    assert [step.unparsed for step in progress.steps] == [1] * 5
    assert progress.steps[0].thought
    assert progress.cot


def test_without_passages_only_questions_without_search_are_offered(folder: Path, tmp_path: Path) -> None:
    other = save_tiny("qwen2", tmp_path / "cot", seed=3)
    made = open_tools(settings(folder, tool_cot=str(other)))
    assert made is not None
    made.close()
    assert made.names == (folder.name, "cot")
    assert made.examples
    assert not any(example.searches for example in made.examples)


def test_what_cannot_be_loaded_is_named_in_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    adapter = save_adapter(folder, tmp_path / "adapter", named="/nowhere/base")
    for given, says in (
        (settings(adapter), "names '/nowhere/base' as its base, which is not here"),
        (settings(tmp_path / "nothing"), "There is no checkpoint folder"),
        (settings("openai:gpt"), "runs at a server"),
        (settings(folder, tool_cot=str(adapter)), "which is not here"),
        (settings(folder, tool_passages=str(tmp_path / "none.jsonl")), "none.jsonl"),
    ):
        with pytest.raises(SubgoalError, match=says) as caught:
            open_tools(given)
        assert "\n" not in str(caught.value)
    # The released agent is an addition: without it, the rest of the demo works.
    monkeypatch.setattr(tools_module, "released", lambda part: str(adapter))
    assert open_tools(settings(adapter)) is None
    assert "is not shown: The adapter" in capfd.readouterr().out


def test_a_missing_package_is_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_passages(tmp_path / "passages.jsonl", [Passage("bj", "Benin", "French is spoken.")])
    monkeypatch.setattr("dataset_builder.common.extras.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs bm25s, .*subgoal-distillation\[tools\]"):
        open_tools(settings(folder, tool_passages=str(tmp_path)))

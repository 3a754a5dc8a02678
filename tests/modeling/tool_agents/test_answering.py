"""Models that answer conversations: one set of weights, several ways to answer."""

from pathlib import Path

from dataset_builder.tool_agents.conversation import agent_messages
from modeling.checkpoints.load import load_checkpoint
from modeling.inference.search import Search
from modeling.tool_agents.answering import LocalChat
from modeling.tool_agents.learners import LEARNERS, Learner
from tests.modeling.tiny_models import save_tiny


def test_a_model_answers_in_another_way_with_the_same_weights(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(str(save_tiny("llama", tmp_path / "model")))
    brief = LocalChat(checkpoint, Learner("brief", "agent", bool, "Stops early"), "transformers", 8)
    cot = brief.answering_as(LEARNERS["cot"])
    asked = [agent_messages("What is 7 times 8?")]
    ((short,), (long,)) = (model.answer(asked, Search()) for model in (brief, cot))
    assert short.written < long.written
    assert long.raw.startswith(short.raw)
    assert brief.answer(asked, Search()) == [short]  # it goes on as before
    assert cot.describe() == brief.describe()

"""The three ways to answer, by name."""

from dataset_builder.tool_agents.conversation import step_text
from dataset_builder.tool_agents.dataset.tables import LEARNERS as CONFIGS
from modeling.tool_agents.learners import LEARNERS


def test_there_is_a_learner_for_each_configuration_of_the_dataset() -> None:
    assert [learner.config for learner in LEARNERS.values()] == list(CONFIGS)
    assert all(name == learner.name == learner.config.replace("_", "-") for name, learner in LEARNERS.items())


def test_an_agent_need_not_write_on_after_its_code_and_a_chain_of_thought_goes_to_its_end() -> None:
    step = step_text("Add.", "final_answer(2 + 3)")
    assert LEARNERS["agent"].is_complete(step)
    assert not LEARNERS["agent"].is_complete(step.removesuffix("```"))
    for name in ("cot", "cot-rag"):
        assert not LEARNERS[name].is_complete(step)
        assert not LEARNERS[name].is_complete("The answer is 5.")

from dataclasses import fields

from eval_harness.agents.options import AgentOptions
from eval_harness.agents.registry import _GIVEN, AGENTS


def test_every_option_of_a_user_is_checked_for_its_agent() -> None:
    """An option that `make_agent` does not check would be ignored silently."""
    of_the_run = {"simulator", "simplifications", "ledger", "decoding"}
    checked = {*_GIVEN, *of_the_run}
    assert {field.name for field in fields(AgentOptions)} - checked <= {"state_text", "prompt", "target"}
    assert {option for entry in AGENTS.values() for option in (*entry.needs, *entry.takes)} <= {
        field.name for field in fields(AgentOptions)
    }


def test_by_default_no_agent_and_no_decoding_option_is_given() -> None:
    options = AgentOptions()
    assert options.decoding == {}
    assert not any(getattr(options, name) for name in _GIVEN)

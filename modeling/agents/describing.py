"""Describing a model that is not from `subgoal train`: the description is tried on one state."""

from dataclasses import dataclass
from typing import Any

from dataset_builder.annotation.exemplars import exemplars
from dataset_builder.common.errors import UsageError
from dataset_builder.hub.ids import split_revision
from dataset_builder.trajectories.agent_state import AgentState, replay_states
from dataset_builder.trajectories.model_input import ROLES
from modeling.agents.decoding import Decoding
from modeling.agents.learned import read_subgoal
from modeling.agents.loading import load_described
from modeling.checkpoints.description import (
    SERVED,
    ModelDescription,
    is_description,
    load_description,
    parse_description,
)
from modeling.inference.search import Answer, Search

_TASK, _STEP = "find-animal", 2


@dataclass(frozen=True)
class Trial:
    """What a model answered to the sample state.

    Attributes:
        description: what is now known about the model, its defaults included.
        answer: its greedy answer.
        answer_kind: what was read from it: `action`, `sub-goal`, or `no action`.

    Example:

    ```python
    trial = try_out(describe("HuggingFaceTB/SmolLM2-360M-Instruct", role="flat"))
    trial.answer_kind, trial.answer.texts  # "action", ["open door to kitchen"]
    ```
    """

    description: ModelDescription
    answer: Answer
    answer_kind: str


def describe(model: str, **values: Any) -> ModelDescription:
    """A description of a model.

    Args:
        model (`str`): folder, Hub id, `openai:MODEL`, or the YAML file of an earlier description.
        values (*optional*): fields of `ModelDescription`; None leaves them to the model's own files.

    Raises:
        UsageError: for an unknown role, state text, target or other bad value.
    """
    if values.get("role") not in (None, *ROLES):
        raise UsageError(f"Unknown role {values['role']!r}: use one of {', '.join(ROLES)}.")
    if is_description(model):
        return load_description(model).merged(**values)
    source, revision = (model, None) if model.startswith(SERVED) else split_revision(model)
    given = {name: value for name, value in values.items() if value is not None}
    return parse_description({"id": source, "revision": revision, **given}, model)


def try_out(description: ModelDescription) -> Trial:
    """Load the model and ask it about one state of an expert's path.

    Raises:
        UsageError: if it cannot be loaded, or not enough is known about it.
        SubgoalError: if the Hub or its server cannot be reached.
    """
    model = load_described(description, decoding=Decoding(num_beams=1, num_candidates=1))
    (answer,) = model.answer([_sample_state()], Search())
    first = answer.texts[0] if answer.texts else ""
    kind = "sub-goal" if model.role == "controller" else "action"
    readable = read_subgoal(first) is not None if model.role == "controller" else bool(first)
    return Trial(model.description, answer, kind if readable else f"no {kind}")


def _sample_state() -> AgentState:
    path, segments = exemplars(_TASK)[0]
    for state in replay_states(path, segments):
        if state.step == _STEP:
            return state
    raise AssertionError(f"the exemplar of {_TASK} has no step {_STEP}")

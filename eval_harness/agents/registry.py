"""Agents by name: the learned ones, the bounds they are compared with, and plug-ins.

Whatever an agent needs is imported when the agent is made. A plug-in is any class with the four
methods of `modeling.agents.base.Agent`, named `module:Class`.
"""

import difflib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.simulator import Simulator
from eval_harness.agents.options import AgentOptions
from modeling.agents.base import Agent

if TYPE_CHECKING:
    from eval_harness.agents.llm.chat import LLM
    from modeling.agents.decoding import Decoding
    from modeling.agents.role_model import RoleModel


def _hierarchical(options: AgentOptions) -> Agent:
    assert options.controller is not None  # make_agent saw to it
    assert options.executor is not None
    numbers = (options.budget_tokens, options.max_tokens)
    if options.escalate_to or options.when or options.base_url or numbers != (None, None):
        from eval_harness.agents.escalation import escalating

        return escalating(options)
    from modeling import SubgoalAgent

    return SubgoalAgent.from_pretrained(options.controller, options.executor, **options.decoding)


def _flat(options: AgentOptions) -> Agent:
    from modeling import FlatAgent

    assert options.flat is not None  # make_agent saw to it
    return FlatAgent.from_pretrained(options.flat, **options.decoding)


def _random(options: AgentOptions) -> Agent:
    from eval_harness.agents.baselines import RandomAgent

    return RandomAgent()


def _expert(options: AgentOptions) -> Agent:
    from eval_harness.agents.baselines import ExpertAgent

    return ExpertAgent(options.simulator, options.trajectories, options.simplifications)


def _expert_subgoals(options: AgentOptions) -> Agent:
    from eval_harness.agents.ablations import TrueSubgoals

    executor, decoding = _executor(options)
    return TrueSubgoals(executor, options.simulator, options.trajectories, options.simplifications, decoding)


def _random_subgoals(options: AgentOptions) -> Agent:
    from eval_harness.agents.ablations import RandomSubgoals

    executor, decoding = _executor(options)
    return RandomSubgoals(executor, options.trajectories, decoding)


def _semi_random_subgoals(options: AgentOptions) -> Agent:
    from eval_harness.agents.ablations import SemiRandomSubgoals

    assert options.controller is not None  # make_agent saw to it
    assert options.executor is not None
    return SemiRandomSubgoals.from_pretrained(options.controller, options.executor, **options.decoding)


def _no_subgoals(options: AgentOptions) -> Agent:
    from eval_harness.agents.ablations import NoSubgoals

    return NoSubgoals(*_executor(options))


def _executor(options: AgentOptions) -> "tuple[RoleModel, Decoding]":
    from modeling.agents.decoding import Decoding
    from modeling.agents.role_model import RoleModel

    assert options.executor is not None  # make_agent saw to it
    decoding = Decoding(**options.decoding)
    return RoleModel.from_pretrained(options.executor, decoding=decoding), decoding


def _llm(options: AgentOptions) -> "LLM":
    from eval_harness.agents.llm.chat import make_llm

    return make_llm(
        options.llm,
        options.base_url,
        options.ledger,
        budget_tokens=options.budget_tokens,
        max_tokens=options.max_tokens,
    )


def _react(options: AgentOptions) -> Agent:
    from eval_harness.agents.llm.react import React

    return React(_llm(options))


def _saycan(options: AgentOptions) -> Agent:
    from eval_harness.agents.llm.saycan import SayCan

    return SayCan(_llm(options))


def _reflexion(options: AgentOptions) -> Agent:
    from eval_harness.agents.llm.reflexion import Reflexion

    simulator = options.simulator or Simulator()
    return Reflexion(_llm(options), simulator, options.simplifications, options.trials)


def _swiftsage(options: AgentOptions) -> Agent:
    from eval_harness.agents.llm.swiftsage import SwiftSage

    if not (options.flat or options.controller or options.executor):
        raise UsageError("Agent swiftsage needs a Swift: --flat, or --controller and --executor.")
    llm = _llm(options)
    name = chosen_agent(None, controller=options.controller, executor=options.executor, flat=options.flat)
    swift = AgentOptions(options.controller, options.executor, options.flat, decoding=options.decoding)
    return SwiftSage(make_agent(name, swift), llm)


@dataclass(frozen=True)
class _Entry:
    description: str
    make: Callable[[AgentOptions], Agent]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


_OF_LLM = ("base_url", "budget_tokens", "max_tokens")

AGENTS = {
    "hierarchical": _Entry(
        "controller names the sub-goal, executor the action; an LLM helps out with --escalate-to",
        _hierarchical,
        ("controller", "executor"),
        takes=("escalate_to", "when", *_OF_LLM),
    ),
    "flat": _Entry("one model names the action, no sub-goals", _flat, ("flat",)),
    "expert-subgoals": _Entry(
        "the executor under the expert's sub-goals: how good it is alone",
        _expert_subgoals,
        ("executor",),
        takes=("trajectories",),
    ),
    "semi-random-subgoals": _Entry(
        "the controller's sub-goals with other objects and places",
        _semi_random_subgoals,
        ("controller", "executor"),
    ),
    "random-subgoals": _Entry(
        "the executor under random sub-goals, each for 10 actions",
        _random_subgoals,
        ("executor",),
        takes=("trajectories",),
    ),
    "no-subgoals": _Entry("the executor with the sub-goal left blank", _no_subgoals, ("executor",)),
    "random": _Entry("a random valid action: the lower bound", _random),
    "expert": _Entry("the expert's verified path: the upper bound", _expert, takes=("trajectories",)),
    "react": _Entry("an LLM thinks and acts in turns", _react, ("llm",), takes=_OF_LLM),
    "saycan": _Entry(
        "an LLM proposes actions, the possible one most like them is played",
        _saycan,
        ("llm",),
        takes=_OF_LLM,
    ),
    "reflexion": _Entry(
        "react in several trials with written reflections; the last trial counts",
        _reflexion,
        ("llm",),
        takes=(*_OF_LLM, "trials"),
    ),
    "swiftsage": _Entry(
        "a small agent acts (--flat, or --controller and --executor), an LLM plans where it is stuck",
        _swiftsage,
        ("llm",),
        takes=(*_OF_LLM, "controller", "executor", "flat"),
    ),
}
"""Name → what it is and how it is made; `subgoal eval agents` prints it."""


def chosen_agent(agent: str | None, *, controller: str | None, executor: str | None, flat: str | None) -> str:
    """The agent that a command line asks for: by name, or by the checkpoints it gives.

    Raises:
        UsageError: if it asks for none or for several.
    """
    if agent:
        return agent
    if flat and (controller or executor):
        raise UsageError("--flat plays alone: leave out --controller and --executor, or --flat.")
    if flat:
        return "flat"
    if controller or executor:
        return "hierarchical"
    raise UsageError("Who plays? Give --controller and --executor, or --flat, or --agent NAME.")


_GIVEN = (
    "controller", "executor", "flat", "trajectories",
    "llm", "base_url", "budget_tokens", "max_tokens", "trials", "escalate_to", "when",
)  # fmt: skip


def make_agent(name: str, options: AgentOptions | None = None) -> Agent:
    """An agent of the registry, or a plug-in `module:Class` (called without arguments).

    Raises:
        UsageError: for an unknown name, a missing or superfluous checkpoint, or a class that is no
            agent.
    """
    options = options or AgentOptions()
    given = {option: getattr(options, option) for option in _GIVEN}
    if ":" in name:
        _check_given(name, given, ())
        _check_decoding(name, options)
        return _plug_in(name)
    if name not in AGENTS:
        nearest = difflib.get_close_matches(name, AGENTS, n=1)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"Use {', '.join(AGENTS)}, or module:Class."
        raise UsageError(f"Unknown agent {name!r}. {hint}")
    entry = AGENTS[name]
    for option in entry.needs:
        if not given[option]:
            what = "a model, as its server calls it" if option == "llm" else "a checkpoint folder or Hub id"
            raise UsageError(f"Agent {name} needs --{option}: {what}.")
    _check_given(name, given, (*entry.needs, *entry.takes))
    _check_decoding(name, options, (*entry.needs, *entry.takes))
    return entry.make(options)


def _check_given(name: str, given: Mapping[str, Any], used: Sequence[str]) -> None:
    for option, value in given.items():
        if value is not None and value != "" and option not in used:
            shown = option.replace("_", "-")
            raise UsageError(f"Agent {name} has no use for --{shown}: leave it out.")


def _check_decoding(name: str, options: AgentOptions, needs: Sequence[str] = ()) -> None:
    """Raise `UsageError` if an agent is told how to decode in a way that has no effect on it."""
    chosen = {_option(field_name): field_name for field_name in options.decoding}
    if not {"executor", "flat"} & set(needs):
        useless = list(chosen)
    else:
        useless = [] if "controller" in needs else ["--controller-beams"]
    if found := [option for option in chosen if option in useless]:
        raise UsageError(f"Agent {name} has no use for {', '.join(found)}: leave it out.")
    if "--self-consistency" in chosen:
        if "--beams" in chosen:
            raise UsageError("--self-consistency draws in place of --beams: leave out one of them.")
        return
    for option in ("--temperature", "--top-p"):
        if option in chosen:
            raise UsageError(f"{option} is of draws: add --self-consistency N, or leave it out.")


def _option(name: str) -> str:
    """The option of `subgoal eval run` for a field of `Decoding`."""
    named = {"num_beams": "beams", "num_candidates": "beams", "samples": "self-consistency"}
    return f"--{named.get(name, name.replace('_', '-'))}"


def _plug_in(name: str) -> Agent:
    module_name, _, class_name = name.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")  # a console script does not look into the working directory
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise UsageError(f"Agent {name}: no module {error.name!r} here or in the environment.") from error
    if not hasattr(module, class_name):
        raise UsageError(f"Agent {name}: module {module_name} has no {class_name!r}.")
    agent = getattr(module, class_name)()
    if missing := [part for part in ("begin", "act", "end", "describe") if not hasattr(agent, part)]:
        raise UsageError(f"Agent {name} has no method {missing[0]!r}: see modeling.agents.base.Agent.")
    return agent

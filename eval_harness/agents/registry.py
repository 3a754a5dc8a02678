"""The registry of agents: learned agents, baselines, LLM agents, and plug-ins.

Each maker imports its agent's module only when it is called. A plug-in is any class with the four
methods of `modeling.agents.base.Agent`, named `module:Class`.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dataset_builder.common.config_files import nearest_hint
from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.simulator import Simulator
from eval_harness.agents.options import AgentOptions
from modeling.agents.base import Agent

if TYPE_CHECKING:
    from eval_harness.agents.expert_subgoals import ExpertSubgoals
    from eval_harness.agents.llm.chat import LLM
    from modeling.agents.decoding import Decoding
    from modeling.agents.role_model import RoleModel


# A maker receives all options, and its required ones as keyword arguments, which `make_agent` has checked.


def _hierarchical(options: AgentOptions, *, controller: str, executor: str) -> Agent:
    escalation = [options.escalate_to, options.when]
    escalation += [] if options.served else [options.base_url]
    if any(escalation) or options.budget_tokens is not None or options.max_tokens is not None:
        from eval_harness.agents.escalation import escalating

        return escalating(options)
    from modeling import SubgoalAgent

    return SubgoalAgent.from_pretrained(controller, executor, settings=options.settings, **options.decoding)


def _flat(options: AgentOptions, *, flat: str) -> Agent:
    from modeling import FlatAgent

    return FlatAgent.from_pretrained(flat, settings=options.settings, **options.decoding)


def _random(options: AgentOptions) -> Agent:
    from eval_harness.agents.baselines import RandomAgent

    return RandomAgent()


def _expert(options: AgentOptions) -> Agent:
    from eval_harness.agents.baselines import ExpertAgent

    return ExpertAgent(_expert_paths(options))


def _expert_subgoals(options: AgentOptions, *, executor: str) -> Agent:
    from eval_harness.agents.ablations import TrueSubgoals

    model, decoding = _load_executor(options, executor)
    return TrueSubgoals(model, _expert_paths(options), decoding)


def _expert_paths(options: AgentOptions) -> "ExpertSubgoals":
    from eval_harness.agents.expert_subgoals import ExpertSubgoals

    return ExpertSubgoals(options.simulator, options.trajectories, options.simplifications)


def _random_subgoals(options: AgentOptions, *, executor: str) -> Agent:
    from eval_harness.agents.ablations import RandomSubgoals

    model, decoding = _load_executor(options, executor)
    return RandomSubgoals(model, options.trajectories, decoding)


def _semi_random_subgoals(options: AgentOptions, *, controller: str, executor: str) -> Agent:
    from eval_harness.agents.ablations import SemiRandomSubgoals

    return SemiRandomSubgoals.from_pretrained(
        controller, executor, settings=options.settings, **options.decoding
    )


def _no_subgoals(options: AgentOptions, *, executor: str) -> Agent:
    from eval_harness.agents.ablations import NoSubgoals

    return NoSubgoals(*_load_executor(options, executor))


def _load_executor(options: AgentOptions, executor: str) -> "tuple[RoleModel, Decoding]":
    from modeling.agents.decoding import Decoding
    from modeling.agents.loading import load_role_model

    decoding = Decoding(**options.decoding)
    return load_role_model(executor, "executor", decoding=decoding, settings=options.settings), decoding


def _make_llm(options: AgentOptions) -> "LLM":
    from eval_harness.agents.llm.chat import make_llm

    return make_llm(
        options.llm,
        options.base_url,
        options.ledger,
        budget_tokens=options.budget_tokens,
        max_tokens=options.max_tokens,
    )


def _react(options: AgentOptions, *, llm: str) -> Agent:
    from eval_harness.agents.llm.react import React

    return React(_make_llm(options))


def _saycan(options: AgentOptions, *, llm: str) -> Agent:
    from eval_harness.agents.llm.saycan import SayCan

    return SayCan(_make_llm(options))


def _reflexion(options: AgentOptions, *, llm: str) -> Agent:
    from eval_harness.agents.llm.reflexion import Reflexion

    simulator = options.simulator or Simulator()
    return Reflexion(_make_llm(options), simulator, options.simplifications, options.trials)


def _swiftsage(options: AgentOptions, *, llm: str) -> Agent:
    from eval_harness.agents.llm.swiftsage import SwiftSage

    if not (options.flat or options.controller or options.executor):
        raise UsageError("Agent swiftsage needs a Swift model: --flat, or --controller and --executor.")
    client = _make_llm(options)  # a missing API key is reported before weights are loaded
    name = select_agent(None, controller=options.controller, executor=options.executor, flat=options.flat)
    swift = AgentOptions(
        options.controller,
        options.executor,
        options.flat,
        decoding=options.decoding,
        base_url=options.base_url if options.served else None,
        ledger=options.ledger,
        state_text=options.state_text,
        prompt=options.prompt,
        target=options.target,
    )
    return SwiftSage(make_agent(name, swift), client)


@dataclass(frozen=True)
class _Entry:
    """An agent of the registry.

    Attributes:
        description: one line for `subgoal eval agents`.
        make: makes the agent from the options.
        needs: options without which it cannot be made.
        takes: further options that have an effect on it.
    """

    description: str
    make: Callable[..., Agent]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


_OF_MODELS = ("state_text", "prompt", "target")
_OF_LLM = ("base_url", "budget_tokens", "max_tokens")

AGENTS = {
    "hierarchical": _Entry(
        "controller names the sub-goal, executor the action; --escalate-to adds an LLM",
        _hierarchical,
        ("controller", "executor"),
        takes=("escalate_to", "when", *_OF_LLM),
    ),
    "flat": _Entry("one model names the action, no sub-goals", _flat, ("flat",)),
    "expert-subgoals": _Entry(
        "the executor with the expert's sub-goals, as from a perfect controller",
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
        "the executor with random sub-goals, each for 10 actions",
        _random_subgoals,
        ("executor",),
        takes=("trajectories",),
    ),
    "no-subgoals": _Entry("the executor with an empty sub-goal", _no_subgoals, ("executor",)),
    "random": _Entry("a random valid action: the lower bound", _random),
    "expert": _Entry("the expert's verified path: the upper bound", _expert, takes=("trajectories",)),
    "react": _Entry("an LLM alternates between thoughts and actions", _react, ("llm",), takes=_OF_LLM),
    "saycan": _Entry(
        "an LLM proposes actions, the valid action most similar to them is played",
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
        "a small agent acts (--flat, or --controller and --executor), an LLM plans when it is stuck",
        _swiftsage,
        ("llm",),
        takes=(*_OF_LLM, "controller", "executor", "flat"),
    ),
}
"""Agent name → entry; `subgoal eval agents` lists them."""


def select_agent(agent: str | None, *, controller: str | None, executor: str | None, flat: str | None) -> str:
    """The name of the agent that a command line selects by name or by checkpoints.

    Raises:
        UsageError: if it selects no agent, or more than one.
    """
    if agent:
        return agent
    if flat and (controller or executor):
        raise UsageError("--flat cannot be combined with --controller and --executor: drop one or the other.")
    if flat:
        return "flat"
    if controller or executor:
        return "hierarchical"
    raise UsageError("No agent selected: pass --controller and --executor, or --flat, or --agent NAME.")


_GIVEN = (
    "controller", "executor", "flat", "trajectories", *_OF_MODELS,
    "llm", "base_url", "budget_tokens", "max_tokens", "trials", "escalate_to", "when",
)  # fmt: skip


def make_agent(name: str, options: AgentOptions | None = None) -> Agent:
    """An agent of the registry, or a plug-in `module:Class` (called without arguments).

    Args:
        name (`str`): name of the agent.
        options (`AgentOptions`, *optional*): checkpoints, simulator and settings; none by default.

    Raises:
        UsageError: for an unknown name, a missing or unused option, or a class that is not an agent.

    Example:

    ```python
    options = AgentOptions(controller="release/controller", executor="release/executor")
    agent = make_agent("hierarchical", options)
    ```
    """
    options = options or AgentOptions()
    given = {option: getattr(options, option) for option in _GIVEN}
    if ":" in name:
        _check_given(name, given, ())
        _check_decoding(name, options)
        return _plug_in(name)
    if name not in AGENTS:
        hint = nearest_hint(name, AGENTS, f"Use {', '.join(AGENTS)}, or module:Class.")
        raise UsageError(f"Unknown agent {name!r}. {hint}")
    entry = AGENTS[name]
    for option in entry.needs:
        if not given[option]:
            what = "the model's name at its server" if option == "llm" else "a checkpoint folder or Hub id"
            raise UsageError(f"Agent {name} needs --{option}: {what}.")
    used = (*entry.needs, *entry.takes)
    if {"controller", "executor", "flat"} & set(used):
        used += (*_OF_MODELS, *(("base_url",) if options.served else ()))
    _check_given(name, given, used)
    _check_decoding(name, options, used)
    return entry.make(options, **{option: given[option] for option in entry.needs})


def _check_given(name: str, given: Mapping[str, Any], used: Sequence[str]) -> None:
    for option, value in given.items():
        if value is not None and value != "" and option not in used:
            shown = option.replace("_", "-")
            raise UsageError(f"Agent {name} does not use --{shown}: drop it.")


def _check_decoding(name: str, options: AgentOptions, used: Sequence[str] = ()) -> None:
    """Raise `UsageError` for decoding options that have no effect on this agent, or contradict each other."""
    given = list(dict.fromkeys(map(_option, options.decoding)))
    has_models = "executor" in used or "flat" in used
    unused = [o for o in given if not has_models or (o == "--controller-beams" and "controller" not in used)]
    if unused:
        raise UsageError(f"Agent {name} does not use {', '.join(unused)}: drop it.")
    if "--self-consistency" in given:
        if "--beams" in given:
            raise UsageError("--self-consistency replaces --beams: drop one of them.")
        return
    for option in ("--temperature", "--top-p"):
        if option in given:
            raise UsageError(f"{option} only applies to sampling: add --self-consistency N, or drop it.")


def _option(name: str) -> str:
    """The option of `subgoal eval run` for a field of `Decoding`."""
    named = {"num_beams": "beams", "num_candidates": "beams", "samples": "self-consistency"}
    return f"--{named.get(name, name.replace('_', '-'))}"


def _plug_in(name: str) -> Agent:
    module_name, _, class_name = name.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")  # a console script does not search the working directory
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

"""Scores agents on ScienceWorld: protocols, batched rollouts, results that can be checked.

The names below are loaded on first use, so that importing the package stays free of py4j.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eval_harness.agents.baselines import ExpertAgent, RandomAgent
    from eval_harness.agents.options import AgentOptions
    from eval_harness.agents.registry import AGENTS, make_agent
    from eval_harness.protocols.protocol import Protocol, load_protocol
    from eval_harness.reports.score_table import comparison_markdown, comparison_table
    from eval_harness.results.records import EpisodeResult, RunResult, load_run, read_episodes
    from eval_harness.rollout.run import run_protocol

_HOMES = {
    "ExpertAgent": "agents.baselines",
    "RandomAgent": "agents.baselines",
    "AgentOptions": "agents.options",
    "AGENTS": "agents.registry",
    "make_agent": "agents.registry",
    "Protocol": "protocols.protocol",
    "load_protocol": "protocols.protocol",
    "comparison_markdown": "reports.score_table",
    "comparison_table": "reports.score_table",
    "EpisodeResult": "results.records",
    "RunResult": "results.records",
    "load_run": "results.records",
    "read_episodes": "results.records",
    "run_protocol": "rollout.run",
}

__all__ = [
    "AGENTS",
    "AgentOptions",
    "EpisodeResult",
    "ExpertAgent",
    "Protocol",
    "RandomAgent",
    "RunResult",
    "comparison_markdown",
    "comparison_table",
    "load_protocol",
    "load_run",
    "make_agent",
    "read_episodes",
    "run_protocol",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

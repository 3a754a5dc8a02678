"""Scores agents on ScienceWorld: protocols, batched rollouts, results that can be checked.

The names below are loaded on first use, so that importing the package stays free of py4j.
"""

from typing import TYPE_CHECKING

from dataset_builder.common.lazy import lazy_exports

if TYPE_CHECKING:
    from eval_harness.agents.baselines import ExpertAgent, RandomAgent
    from eval_harness.agents.options import AgentOptions
    from eval_harness.agents.registry import AGENTS, make_agent
    from eval_harness.protocols.protocol import Protocol, load_protocol
    from eval_harness.reports.score_table import comparison_markdown, comparison_table
    from eval_harness.results.records import EpisodeResult, RunResult, load_run, read_episodes
    from eval_harness.rollout.run import run_protocol

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "agents.baselines": ["ExpertAgent", "RandomAgent"],
        "agents.options": ["AgentOptions"],
        "agents.registry": ["AGENTS", "make_agent"],
        "protocols.protocol": ["Protocol", "load_protocol"],
        "reports.score_table": ["comparison_markdown", "comparison_table"],
        "results.records": ["EpisodeResult", "RunResult", "load_run", "read_episodes"],
        "rollout.run": ["run_protocol"],
    },
)

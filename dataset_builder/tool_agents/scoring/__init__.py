"""Scoring answers: exact match and F1 for facts, a symbolic verifier for maths, optionally an LLM judge."""

from typing import TYPE_CHECKING

from dataset_builder.common.lazy import lazy_exports

if TYPE_CHECKING:
    from dataset_builder.tool_agents.scoring.judge import LLMJudge
    from dataset_builder.tool_agents.scoring.scores import Scores, score

__all__, __getattr__ = lazy_exports(__name__, {"scores": ["Scores", "score"], "judge": ["LLMJudge"]})

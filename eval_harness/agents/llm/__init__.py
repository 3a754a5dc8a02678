"""Agents that ask a language model while they play: ReAct, SayCan, Reflexion, SwiftSage."""

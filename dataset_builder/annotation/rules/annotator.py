"""The `rules` annotator: names the steps of a plan by patterns, without a model or a key.

Its vocabulary and its judgement of where a step begins follow the exemplars, which a language model
wrote (`exemplar_data/README.md`); `subgoal corpus agreement` measures how closely. A controller must
be able to name each step before it starts, from what the agent has seen so far.

What the exemplars' README lists is used in the same sense here. Beyond it, for what only the solver's
own paths do: `put_down(thing)`, `water(pot, …)`, `collect_seeds(seed, vessel)`, `search(container)`,
`find(thing)`, `wait()` for no one thing, and `explore()` for actions that led to nothing. Anything else
the simulator accepts becomes a sub-goal named after its verb, such as `eat(apple)`.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from dataset_builder.annotation.rules import naming as naming
from dataset_builder.annotation.rules import naming_matter as matter
from dataset_builder.annotation.rules.action_kinds import ActionGroup, letters, units_of
from dataset_builder.simulator.look import room_of
from dataset_builder.trajectories.subgoals import Segment, SubGoal, join_neighbours
from dataset_builder.trajectories.trajectory import Trajectory

PATTERNS: tuple[tuple[re.Pattern[str], naming.Naming], ...] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"I[awz]*", naming.slide),
        (r"[pr]*Nd+", naming.carry),
        (r"[pr]?N?[pr]?D[pr]", naming.fetch_soil),
        (r"K?(?:S*U)+S*k?", naming.water),
        (r"r?N?SK(?=r?NS)", matter.fill),
        (r"r?N?SKk?[pr]?|KSk?[pr]?", matter.fill),
        (r"[pr]?N?HA*|A", matter.heat),
        (r"[pr]?N?C", matter.cool),
        (r"d?[cy]+[ad]*w*", matter.circuit),
        (r"d?[cy]+[ad]*", matter.circuit),
        (r"(?:[pr]?m)*B*w*x", matter.mix),
        (r"N?t(?![wt])", matter.measure),
        (r"[wt]+f", naming.wait_and_focus),
        (r"[wt]+", matter.wait),
        (r"b[wt]*", naming.pollinate),
        (r"q+", naming.close_doors),
        (r"M[Mw]*", naming.collect_seeds),
        (r"[pr]?N?[mE]", matter.place),
        (r"[pr]?B", matter.pour),
        (r"N?[pr]?R", naming.read),
        (r"G", naming.plant),
        (r"(?:O+N?|N)[pr](?=B)", naming.fetch_liquid),
        (r"N[pr](?![RmB]|N?D|[pr]*N?d)", naming.fetch),
        (r"N?[pr]?f", naming.focus),
        (r"[pr]", naming.fetch),
        (r"d", naming.put_down),
        (r"N", naming.navigate),
        (r"O", naming.search),
    )
)
"""Letters of `rules_units.KINDS` → how such a stretch is named; tried from the top."""


class RulesAnnotator:
    """Cuts a path by `PATTERNS`: at each position the first that matches names a segment."""

    name = "rules"

    @property
    def version(self) -> str:
        """Digest of the rules, so that what older ones annotated is annotated again."""
        digest = hashlib.sha256()
        for file in sorted(Path(__file__).parent.glob("*.py")):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:12]

    def annotate(self, trajectory: Trajectory) -> list[Segment]:
        """Segments that cover the trajectory's actions. Never fails on unknown actions."""
        units = units_of(trajectory)
        kinds = letters(units)
        context = naming.Context(trajectory.description)
        segments = []
        index = 0
        while index < len(units):
            context.seen.add(room_of(units[index].step.look))
            subgoal, stop = _next(units, kinds, index, context)
            segments.append(Segment(subgoal, units[index].start, units[stop - 1].stop))
            index = stop
        return join_neighbours(segments)


def _next(
    units: Sequence[ActionGroup], kinds: str, index: int, context: naming.Context
) -> tuple[SubGoal, int]:
    """The sub-goal that starts at a unit, and the unit after its last one."""
    for pattern, name in PATTERNS:
        match = pattern.match(kinds, index)
        if match:
            context.after = units[match.end() :]
            subgoal = name(units[index : match.end()], context)
            if subgoal:
                return subgoal, match.end()
    return naming.by_verb(units[index]), index + 1

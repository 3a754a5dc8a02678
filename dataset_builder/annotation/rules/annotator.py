"""The `rules` annotator: names the sub-goals of a path by patterns, without a language model.

Its vocabulary and its segment boundaries follow the exemplars, which a language model wrote
(`exemplar_data/README.md` lists the sub-goals); `subgoal corpus agreement` measures how closely. Each
sub-goal must be predictable before its first action, from what the agent has seen so far.

Some sub-goals occur only in the solver's own paths: `put_down(thing)`, `water(pot, …)`,
`collect_seeds(seed, vessel)`, `search(container)`, `find(thing)`, `wait()` without an awaited state, and
`explore()` for actions without an effect. Any other accepted action becomes a sub-goal named after its
verb, such as `eat(apple)`.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from dataset_builder.annotation.rules import naming
from dataset_builder.annotation.rules import naming_matter as matter
from dataset_builder.annotation.rules.action_kinds import ActionGroup, action_groups, letters
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
"""Patterns over the letters of `KINDS`, with the functions that name what they match; tried from the top."""


class RulesAnnotator:
    """Segments a path by `PATTERNS`: at each position, the first one that matches and names a sub-goal.

    Example:

    ```python
    for segment in RulesAnnotator().annotate(trajectory):
        print(segment.subgoal, trajectory.actions[segment.start : segment.stop])
    ```
    """

    name = "rules"

    @property
    def version(self) -> str:
        """Digest of the rules' source code: paths annotated by another version are annotated again."""
        digest = hashlib.sha256()
        for file in sorted(Path(__file__).parent.glob("*.py")):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:12]

    def annotate(self, trajectory: Trajectory) -> list[Segment]:
        """Segments that cover all actions of the trajectory, unknown actions included."""
        groups = action_groups(trajectory)
        kinds = letters(groups)
        context = naming.Context(trajectory.description)
        segments = []
        index = 0
        while index < len(groups):
            context.seen.add(room_of(groups[index].step.look))
            subgoal, stop = _next(groups, kinds, index, context)
            segments.append(Segment(subgoal, groups[index].start, groups[stop - 1].stop))
            index = stop
        return join_neighbours(segments)


def _next(
    groups: Sequence[ActionGroup], kinds: str, index: int, context: naming.Context
) -> tuple[SubGoal, int]:
    """The sub-goal that starts at a group, and the index after its last group."""
    for pattern, name in PATTERNS:
        match = pattern.match(kinds, index)
        if match:
            context.after = groups[match.end() :]
            subgoal = name(groups[index : match.end()], context)
            if subgoal:
                return subgoal, match.end()
    return naming.by_verb(groups[index]), index + 1

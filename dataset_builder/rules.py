"""The `rules` annotator: names the steps of a plan by patterns, without a model or a key.

Sub-goals are what a person would call the steps; a controller must be able to name each one before
it starts, from what the agent has seen so far.

| sub-goal | what its actions do |
|---|---|
| `navigate_to(room)` | go there, through however many rooms |
| `find(thing)` | look into one room after another for something the task names |
| `search(container)` | open a container to see what is in it |
| `pick_up(thing)` | take it, after opening what it is in |
| `put_down(thing)` | drop it in this room |
| `carry(thing, room)` | pick up several things, go there, and put them down |
| `put_in(thing, container)` | move or pour it there, after taking it up |
| `focus_on(thing)` | focus, after opening what it is in |
| `fill(vessel, stuff)` | water at a tap, or soil into a flower pot |
| `heat(stuff, heater)`, `cool(stuff, cooler)` | into a vessel, onto the device, and on with it |
| `wait_until(thing, state)` | wait or measure until boiled, melted, frozen, changed, grown, pollinated |
| `wait()` | let time pass for no one thing |
| `measure_temperature(thing)` | one reading |
| `monitor_temperature(thing)` | readings until it has melted |
| `build_circuit(source, device)` | connect a source to a device, with whatever that takes |
| `test_conductivity(thing)` | put it into the circuit and see |
| `read(recipe)`, `mix(stuff, …)` | chemistry; what is mixed is poured together first |
| `fetch(soil)` | go out, dig, and come back with it |
| `plant(seed, pot)`, `water(pot, …)` | gardening |
| `shut_doors(room)`, `release_bees(room)` | keep the bees in, and let them pollinate |
| `collect_seeds(seed, vessel)` | take ripe seeds off the plants |
| `time_slide(block, plane)` | let a block slide down a plane and see how far or how long |
| `explore()` | actions that led to nothing |

Anything else the simulator accepts becomes a sub-goal named after its verb, such as `eat(apple)`.
"""

import re
from collections.abc import Sequence

from dataset_builder import rules_naming as naming
from dataset_builder.rules_units import Unit, letters, units_of
from dataset_builder.subgoals import Segment, SubGoal, join_neighbours
from dataset_builder.trajectory import Trajectory

PATTERNS: tuple[tuple[re.Pattern[str], naming.Naming], ...] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"I[awz]*", naming.slide),
        (r"[pr]{2,}Nd{2,}", naming.carry),
        (r"N?[pr]?D[pr]N?", naming.fetch_soil),
        (r"K?(?:SU)+k?", naming.water),
        (r"SKk?[pr]?|KSk?[pr]?", naming.fill_with_water),
        (r"[mB]?[pr]?HA*|A", naming.thermal),
        (r"[mB]?[pr]?C", naming.thermal),
        (r"[yw]+", naming.conductivity),
        (r"d?c+[aw]*", naming.circuit),
        (r"d?c+a*", naming.circuit),
        (r"w*B*w*x", naming.mix),
        (r"[wt]+", naming.wait),
        (r"[pr]?[mB]", naming.put_in),
        (r"[pr]?R", naming.read),
        (r"q*b", naming.bees),
        (r"q+", naming.shut_doors),
        (r"M[Mw]*", naming.collect_seeds),
        (r"E", naming.fill_with_soil),
        (r"G", naming.plant),
        (r"f", naming.focus),
        (r"[pr]", naming.pick_up),
        (r"d", naming.put_down),
        (r"N", naming.navigate),
        (r"O", naming.search),
    )
)
"""Letters of `rules_units.KINDS` → how such a stretch is named; tried from the top."""


class RulesAnnotator:
    """Cuts a path by `PATTERNS`: at each position the first that matches names a segment."""

    name = "rules"

    def annotate(self, trajectory: Trajectory) -> list[Segment]:
        """Segments that cover the trajectory's actions. Never fails on unknown actions."""
        units = units_of(trajectory)
        kinds = letters(units)
        context = naming.Context(trajectory.description)
        segments = []
        index = 0
        while index < len(units):
            subgoal, stop = _next(units, kinds, index, context)
            segments.append(Segment(subgoal, units[index].start, units[stop - 1].stop))
            index = stop
        return join_neighbours(segments)


def _next(units: Sequence[Unit], kinds: str, index: int, context: naming.Context) -> tuple[SubGoal, int]:
    """The sub-goal that starts at a unit, and the unit after its last one."""
    for pattern, name in PATTERNS:
        match = pattern.match(kinds, index)
        if match:
            context.after = units[match.end()] if match.end() < len(units) else None
            subgoal = name(units[index : match.end()], context)
            if subgoal:
                return subgoal, match.end()
    return naming.by_verb(units[index]), index + 1

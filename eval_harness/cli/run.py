"""`subgoal eval run`: play a protocol with an agent. The options are declared below, grouped by subject."""

import contextlib
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

# One function per panel of `--help`.
_agent = partial(typer.Option, rich_help_panel="Agent")
_episodes = partial(typer.Option, rich_help_panel="Episodes")
_decoding = partial(typer.Option, rich_help_panel="Decoding of the learned models")
_llm = partial(typer.Option, rich_help_panel="Language models")
_execution = partial(typer.Option, rich_help_panel="Execution")

Controller = Annotated[
    str | None,
    _agent(
        help="Controller: Hub id (ID@REVISION), folder, YAML file of `subgoal models describe`, or "
        "openai:MODEL at --base-url. Seq2seq, causal and adapters.",
        metavar="ID",
    ),
]
Executor = Annotated[str | None, _agent(help="Executor: likewise.", metavar="ID")]
Flat = Annotated[str | None, _agent(help="Model without sub-goals: likewise.", metavar="ID")]
AgentName = Annotated[
    str | None, _agent(help="Agent by name (`subgoal eval agents`) or module:Class.", metavar="NAME")
]
StateText = Annotated[
    str | None,
    _agent(help="State text of models that do not name one: compact, paper, …", metavar="NAME"),
]
Prompt = Annotated[
    str | None,
    _agent(
        "--prompt",
        "--template",
        help="Prompt of causal models that do not name one: instruct, state, thought, or a jinja file.",
        metavar="NAME|FILE",
    ),
]
Target = Annotated[
    str | None,
    _agent(help="Where the action is in an answer: first-line, after:MARK or tag:NAME.", metavar="PATTERN"),
]
Trajectories = Annotated[
    str | None, _agent(help="Dataset of expert paths, for the agents that use one.", metavar="FOLDER")
]

ProtocolName = Annotated[
    str, _episodes(help="Protocol: name (`subgoal eval protocols`) or YAML file.", metavar="NAME|FILE")
]
Tasks = Annotated[str | None, _episodes(help="Play only these tasks, comma-separated.", metavar="A,B")]
MaxVariations = Annotated[
    int | None, _episodes(help="Play at most N variations per task.", min=1, metavar="N")
]
Seed = Annotated[int, _episodes(help="Seed of the agents that sample.")]
RetryFailed = Annotated[bool, _episodes("--retry-failed", help="Play failed episodes again.")]

Beams = Annotated[
    int | None,
    _decoding(
        help="Number of beams for actions, which is also the number of candidates; 1 is greedy search.", min=1
    ),
]
ControllerBeams = Annotated[int | None, _decoding(help="Number of beams for sub-goals.", min=1)]
SelfConsistency = Annotated[
    int | None,
    _decoding(help="Sample N actions and rank them by votes, in place of beam search.", min=1, metavar="N"),
]
Temperature = Annotated[float | None, _decoding(help="Temperature for --self-consistency (default: 0.4).")]
TopP = Annotated[float | None, _decoding(help="Top-p for --self-consistency (default: 0.8).")]
Backend = Annotated[
    str | None, _decoding(help="auto, transformers, ctranslate2 or ctranslate2-int8.", metavar="NAME")
]
AvoidLoops = Annotated[
    bool | None,
    _decoding("--avoid-loops/--allow-loops", help="Whether the loop guard is used (docs/glossary.md)."),
]
GreedyFirst = Annotated[
    bool | None,
    _decoding(
        "--greedy-first/--beams-at-once",
        help="Whether beams are searched only if the greedy action is rejected.",
    ),
]
Grounded = Annotated[
    bool | None,
    _decoding("--grounded/--free", help="Whether decoding is constrained to names that occur in the input."),
]

Llm = Annotated[str | None, _llm(help="Language model for react, saycan, …", metavar="MODEL")]
BaseUrl = Annotated[
    str | None,
    _llm(
        help="OpenAI-compatible server of --llm and of openai:MODEL; the key is read from OPENAI_API_KEY.",
        metavar="URL",
    ),
]
BudgetTokens = Annotated[
    int | None,
    _llm(help="LLM tokens that an episode may use; --escalate-to requires it (0: none).", metavar="N"),
]
MaxTokens = Annotated[
    int | None,
    _llm(
        help="Token limit of the retry after a cut-off LLM answer, with its reasoning (default: 8192).",
        metavar="N",
    ),
]
Trials = Annotated[int | None, _llm(help="Number of trials for reflexion; the last one counts.", metavar="N")]
EscalateTo = Annotated[
    str | None,
    _llm(help="LLM that names the sub-goal when the controller and executor are stuck.", metavar="MODEL"),
]
When = Annotated[
    str | None,
    _llm(
        help="When to escalate: stuck (any of the others), loop, rejections or no-progress.", metavar="POLICY"
    ),
]

BatchSize = Annotated[str, _execution(help="Number of episodes that advance together.", metavar="N|auto")]
EngineName = Annotated[
    str, _execution(help="local, or ray: workers of a cluster (extra \\[ray]).", metavar="NAME")
]
Address = Annotated[
    str | None,
    _execution(help="Ray cluster: HOST:PORT or auto; by default a new one is started.", metavar="A"),
]
Workers = Annotated[
    int | None,
    _execution(
        help="Number of parallel worlds (local) or workers (ray); by default one per core.", metavar="N"
    ),
]
Wait = Annotated[bool, _execution("--wait", help="Wait for another command that uses the folder.")]
Out = Annotated[Path, typer.Option(help="Run folder; the same command resumes it.", metavar="DIR")]


def run(
    controller: Controller = None,
    executor: Executor = None,
    flat: Flat = None,
    agent: AgentName = None,
    state_text: StateText = None,
    prompt: Prompt = None,
    target: Target = None,
    trajectories: Trajectories = None,
    protocol: ProtocolName = "paper",
    tasks: Tasks = None,
    max_variations: MaxVariations = None,
    seed: Seed = 0,
    batch_size: BatchSize = "auto",
    beams: Beams = None,
    controller_beams: ControllerBeams = None,
    self_consistency: SelfConsistency = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    backend: Backend = None,
    avoid_loops: AvoidLoops = None,
    greedy_first: GreedyFirst = None,
    grounded: Grounded = None,
    llm: Llm = None,
    base_url: BaseUrl = None,
    budget_tokens: BudgetTokens = None,
    max_tokens: MaxTokens = None,
    trials: Trials = None,
    escalate_to: EscalateTo = None,
    when: When = None,
    retry_failed: RetryFailed = False,
    engine: EngineName = "local",
    address: Address = None,
    workers: Workers = None,
    wait: Wait = False,
    *,
    out: Out,
) -> None:
    """Play a protocol with an agent and record every episode. An interrupted run is resumed.

    Example: `subgoal eval run --controller release/controller --executor release/executor --out runs/pair`
    """
    from rich.console import Console

    from dataset_builder.common.errors import SubgoalError, UsageError
    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.engines.select import get_engine
    from dataset_builder.simulator.simulator import Simulator
    from eval_harness.agents.options import AgentOptions
    from eval_harness.agents.registry import make_agent, select_agent
    from eval_harness.protocols.protocol import load_protocol
    from eval_harness.reports.score_table import comparison_table
    from eval_harness.rollout.jobs import AgentMaker
    from eval_harness.rollout.run import resolve_batch_size, run_protocol
    from modeling.checkpoints.description import is_served

    rules = load_protocol(protocol)
    rules.units(tasks, max_variations, seed)  # bad arguments are reported before a model is loaded
    resolve_batch_size(batch_size)
    decoding: dict[str, Any] = {
        "num_beams": beams,
        "num_candidates": beams,
        "controller_beams": controller_beams,
        "samples": self_consistency,
        "temperature": temperature,
        "top_p": top_p,
        "backend": backend,
        "avoid_loops": avoid_loops,
        "greedy_first": greedy_first,
        "grounded": grounded,
    }
    name = select_agent(agent, controller=controller, executor=executor, flat=flat)
    asks_server = bool(llm or escalate_to) or any(map(is_served, filter(None, (controller, executor, flat))))
    if engine != "local" and asks_server:
        raise UsageError(
            f"--engine {engine} does not support agents that ask a language model: drop --engine."
        )
    runner = get_engine(engine, workers=workers, address=address)
    # An agent that asks a language model reads its ledger, which is in the run folder, when it is made.
    ledger_owner = folder_lock(out, wait) if asks_server else contextlib.nullcontext()
    with ledger_owner, Simulator(worlds=workers if engine == "local" else None) as simulator:
        options = AgentOptions(
            controller,
            executor,
            flat,
            trajectories,
            simulator,
            rules.simplifications,
            {field: value for field, value in decoding.items() if value is not None},
            state_text=state_text,
            prompt=prompt,
            target=target,
            llm=llm,
            base_url=base_url,
            ledger=out,
            budget_tokens=budget_tokens,
            max_tokens=max_tokens,
            trials=trials,
            escalate_to=escalate_to,
            when=when,
        )
        result = run_protocol(
            make_agent(name, options),
            rules,
            out,
            simulator=simulator,
            tasks=tasks,
            max_variations=max_variations,
            seed=seed,
            batch_size=batch_size,
            retry_failed=retry_failed,
            engine=runner,
            maker=AgentMaker.of(name, options),
            wait=wait,
        )
    Console().print(comparison_table([result], title=f"protocol {rules.name}"))
    typer.echo(f"results: {out / 'results.json'}")
    if result.failed and not result.episodes:
        raise SubgoalError(
            f"All {result.failed} episodes failed (the last: {result.episode_results()[-1].error}): "
            "--retry-failed plays them again."
        )

"""`subgoal eval`: play protocols and report the scores."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from eval_harness.cli.cost import cost
from eval_harness.cli.report import compare, replay, report

app = typer.Typer(help="Score agents on ScienceWorld.", no_args_is_help=True)


@app.command()
def run(
    controller: Annotated[
        str | None, typer.Option(help="Controller: Hub id (id@revision) or folder.", metavar="ID")
    ] = None,
    executor: Annotated[
        str | None, typer.Option(help="Executor of the same training: Hub id or folder.", metavar="ID")
    ] = None,
    flat: Annotated[
        str | None, typer.Option(help="Model without sub-goals: Hub id or folder.", metavar="ID")
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(help="Agent by name (`subgoal eval agents`) or module:Class.", metavar="NAME"),
    ] = None,
    trajectories: Annotated[
        str | None,
        typer.Option(help="Dataset of expert paths, for agents that follow one.", metavar="FOLDER"),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="Rules: name (`subgoal eval protocols`) or YAML file.", metavar="NAME|FILE")
    ] = "paper",
    tasks: Annotated[
        str | None, typer.Option(help="Only these tasks, comma-separated.", metavar="A,B")
    ] = None,
    max_variations: Annotated[
        int | None, typer.Option(help="At most so many variations per task.", min=1, metavar="N")
    ] = None,
    seed: Annotated[int, typer.Option(help="For agents that draw.")] = 0,
    batch_size: Annotated[
        str, typer.Option(help="Episodes that advance together.", metavar="N|auto")
    ] = "auto",
    beams: Annotated[
        int | None,
        typer.Option(help="Beams of the actions, as many of them are candidates; 1: greedy.", min=1),
    ] = None,
    controller_beams: Annotated[int | None, typer.Option(help="Beams of the sub-goals.", min=1)] = None,
    self_consistency: Annotated[
        int | None,
        typer.Option(help="Draw N actions in place of beams; votes rank them.", min=1, metavar="N"),
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="Of --self-consistency; else 0.4.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Of --self-consistency; else 0.8.")] = None,
    backend: Annotated[
        str | None, typer.Option(help="auto, transformers, ctranslate2 or ctranslate2-int8.", metavar="NAME")
    ] = None,
    avoid_loops: Annotated[
        bool | None,
        typer.Option("--avoid-loops/--allow-loops", help="Whether fruitless repetition gives way."),
    ] = None,
    greedy_first: Annotated[
        bool | None,
        typer.Option(
            "--greedy-first/--beams-at-once",
            help="Whether the greedy action or the best of the beams comes first.",
        ),
    ] = None,
    grounded: Annotated[
        bool | None,
        typer.Option("--grounded/--free", help="Whether answers hold only names that their input holds."),
    ] = None,
    llm: Annotated[
        str | None, typer.Option(help="Language model of react, saycan, …", metavar="MODEL")
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="Its OpenAI-compatible server; the key is OPENAI_API_KEY.", metavar="URL"),
    ] = None,
    budget_tokens: Annotated[
        int | None,
        typer.Option(
            help="LLM tokens that an episode may take; --escalate-to needs it (0: none).", metavar="N"
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            help="Room for an LLM answer that its server cut short, reasoning included; else 8192.",
            metavar="N",
        ),
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Of reflexion; the last counts.", metavar="N")] = None,
    escalate_to: Annotated[
        str | None,
        typer.Option(help="LLM that names the sub-goal where the pair is stuck.", metavar="MODEL"),
    ] = None,
    when: Annotated[
        str | None,
        typer.Option(help="Where: stuck (any), loop, rejections or no-progress.", metavar="POLICY"),
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Play failed episodes again.")] = False,
    engine: Annotated[
        str, typer.Option(help="local, or ray: workers of a cluster (extra [ray]).", metavar="NAME")
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(help="ray: HOST:PORT of the cluster, or auto; one of its own if left out.", metavar="A"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="local: worlds at once; ray: workers. As many as cores if left out.", metavar="N"),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for another command that uses the folder.")
    ] = False,
    *,
    out: Annotated[Path, typer.Option(help="Run folder; the same command continues it.", metavar="DIR")],
) -> None:
    """Play a protocol with an agent and record every episode. Resumes what was interrupted."""
    from rich.console import Console

    from dataset_builder.common.errors import SubgoalError, UsageError
    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.engines.select import get_engine
    from dataset_builder.simulator.simulator import Simulator
    from eval_harness.agents.options import AgentOptions
    from eval_harness.agents.registry import chosen_agent, make_agent
    from eval_harness.protocols.protocol import load_protocol
    from eval_harness.reports.score_table import comparison_table
    from eval_harness.rollout.jobs import AgentMaker
    from eval_harness.rollout.run import resolve_batch_size, run_protocol

    rules = load_protocol(protocol)
    rules.units(tasks, max_variations, seed)  # bad arguments are found before a model is loaded
    resolve_batch_size(batch_size)
    decoding = {
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
    decoding = {name: value for name, value in decoding.items() if value is not None}
    name = chosen_agent(agent, controller=controller, executor=executor, flat=flat)
    if engine != "local" and (llm or escalate_to):
        raise UsageError(
            f"--engine {engine} is not for agents that ask a language model: their ledger and budget are one."
        )
    runner = get_engine(engine, workers=workers, address=address)
    # The ledger of an agent that asks a language model is read when the agent is made.
    ledger_owner = folder_lock(out, wait) if llm or escalate_to else contextlib.nullcontext()
    with ledger_owner, Simulator(worlds=workers if engine == "local" else None) as simulator:
        options = AgentOptions(
            controller,
            executor,
            flat,
            trajectories,
            simulator,
            rules.simplifications,
            decoding,
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


@app.command()
def agents() -> None:
    """List the agents that `run --agent` knows."""
    from rich.console import Console
    from rich.table import Table

    from eval_harness.agents.registry import AGENTS

    table = Table("agent", "what it is", "needs")
    for name, entry in AGENTS.items():
        table.add_row(name, entry.description, " ".join(f"--{need}" for need in entry.needs))
    table.add_row("module:Class", "a plug-in of your own, called without arguments", "")
    Console().print(table)


@app.command()
def protocols() -> None:
    """List the protocols that `run --protocol` knows."""
    from rich.console import Console
    from rich.table import Table

    from eval_harness.protocols.protocol import load_protocol, protocol_names

    table = Table("protocol", "rules", "episodes", "hash")
    for name in protocol_names():
        rules = load_protocol(name)
        table.add_row(name, rules.description, str(len(rules.units())), rules.hash)
    Console().print(table)


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="Run folder of `subgoal eval run`.", metavar="DIR")],
    repo: Annotated[str, typer.Argument(help="One of the run's models: Hub id or folder.", metavar="REPO")],
    private: Annotated[bool, typer.Option("--private", help="Refuse a public repository.")] = False,
    revision: Annotated[str | None, typer.Option(help="Branch; created if it is not there.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also the result of other weights, or of part of a protocol.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be written.")] = False,
) -> None:
    """Write a run's result into its model's card (`model-index`) and into `.eval_results`."""
    from eval_harness.publish.push_results import plan_push

    plan = plan_push(folder, repo, revision=revision, private=private, force=force)
    if dry_run:
        typer.echo(plan.preview(), nl=False)
        return
    typer.echo(plan.send())


app.command("report")(report)
app.command("compare")(compare)
app.command("replay")(replay)
app.command("cost")(cost)

import subprocess
import sys
from typing import Any

from eval_harness.agents.registry import AGENTS
from eval_harness.protocols.protocol import load_protocol, protocol_names


def test_lists(invoke: Any) -> None:
    agents = invoke("agents")
    assert agents.exit_code == 0
    assert all(name in agents.output for name in AGENTS)
    assert "module:Class" in agents.output
    protocols = invoke("protocols")
    assert protocols.exit_code == 0
    assert all(
        name in protocols.output and load_protocol(name).hash in protocols.output for name in protocol_names()
    )


def test_the_command_group_imports_nothing_heavy() -> None:
    code = (
        "import sys, eval_harness, eval_harness.cli.main; "
        "print([name for name in ('torch', 'transformers', 'datasets', 'py4j') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

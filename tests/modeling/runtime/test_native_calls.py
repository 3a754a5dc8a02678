"""Python's exit waits for native calls, and lets no daemon thread begin another."""

import threading

from modeling.runtime.native_calls import NativeCalls


def test_the_exit_waits_for_a_call_and_lets_none_begin_in_a_daemon_thread() -> None:
    calls = NativeCalls()
    order: list[str] = []
    inside, go_on, at_exit = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        with calls:
            inside.set()
            assert go_on.wait(10)
            order.append("call")

    def exit_python() -> None:
        at_exit.set()
        calls.wait_at_exit()
        order.append("exit")

    def call_late() -> None:
        with calls:
            order.append("late")

    running, leaving = threading.Thread(target=call), threading.Thread(target=exit_python)
    running.start()
    assert inside.wait(10)
    leaving.start()
    assert at_exit.wait(10)
    go_on.set()
    running.join(10)
    leaving.join(10)
    late = threading.Thread(target=call_late, daemon=True)
    late.start()
    late.join(0.2)
    assert order == ["call", "exit"]
    assert late.is_alive()
    with calls:  # what Python calls at its exit, in the main thread, may still use a model
        pass

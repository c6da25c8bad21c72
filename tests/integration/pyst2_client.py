"""pyst2 as a process of its own: `python pyst2_client.py PORT SECRET listen|originate`; what it sees goes to stdout.

Its threads and its old ways with warnings stay out of the tests' process.
"""

import queue
import sys
import warnings

warnings.simplefilter("ignore")

from asterisk.manager import Manager, ManagerException  # noqa: E402 - it warns while it is imported


def main(port: int, secret: str, task: str) -> int:
    manager, events = Manager(), queue.Queue[str]()
    manager.register_event("*", lambda event, _: events.put(event.name))
    manager.connect("127.0.0.1", port)
    try:
        manager.login("ringdesk", secret)
    except ManagerException as error:
        print("refused:", type(error).__name__, flush=True)
        return 1
    print("in", flush=True)
    if task == "originate":
        answer = manager.originate("PJSIP/1001", "1002", context="agents", priority="1")
        print("answer:", answer.get_header("Response"), flush=True)
    while task == "listen":
        name = events.get(timeout=60)
        print("event:", name, flush=True)
        if name == "AgentComplete":
            break
    manager.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:]))

"""Keep dbt loaded and its project parsed, and build in a fork for each request.

Loading and parsing take dbt longer than building a small bank does. Reads a request a
line from stdin; answers each with dbt's exit code.
"""

import json
import os
import sys

from dbt.cli.main import dbtRunner


def main(project: str, target: str) -> None:
    folders = ["--project-dir", project, "--profiles-dir", project]
    parse = [*folders, "--target-path", target, "--log-path", target]
    parsed = dbtRunner().invoke(["--quiet", "parse", "--no-partial-parse", *parse])
    say("ready")
    for line in sys.stdin:
        child = os.fork()
        if not child:
            sys.exit(build(parsed.result, **json.loads(line)))
        _, status = os.waitpid(child, 0)
        say(os.waitstatus_to_exitcode(status))


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def build(manifest, arguments: list[str], environment: dict, output: str) -> int:
    """Do what `python -m dbt.cli.main` does with these arguments."""
    os.environ.clear()
    os.environ.update(environment)
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file, stream)
    done = dbtRunner(manifest).invoke(arguments)
    # As dbt has it: 1 when something failed, 2 when it did not get that far.
    return 0 if done.success else 2 if done.exception else 1


if __name__ == "__main__":
    main(*sys.argv[1:])

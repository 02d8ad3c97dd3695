"""The command line: `threescore serve`, and what is done beside a running server.

Results go to standard output, everything said about them to standard error. Exit code 1: it could not be done;
2: the command or a setting is wrong.
"""

from threescore.cli.program import main

__all__ = ["main"]

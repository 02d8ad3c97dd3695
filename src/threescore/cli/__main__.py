"""`python -m threescore.cli`."""

from threescore.cli import main

main()

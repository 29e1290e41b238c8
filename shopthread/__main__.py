"""`python -m shopthread` is the command line."""

from shopthread.cli import main

main()

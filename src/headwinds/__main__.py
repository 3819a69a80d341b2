"""`python -m headwinds`: the command line."""

from headwinds.cli.main import entry

entry()

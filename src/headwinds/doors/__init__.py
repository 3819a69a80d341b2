"""The front doors: every call of the command line, in Python, with the same arguments and the same bytes out."""

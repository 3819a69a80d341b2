"""The figures, one file a kind; each draws a table of the report and computes nothing."""

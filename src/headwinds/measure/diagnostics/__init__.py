"""What may be wrong with an index: one file a question, each with a table and findings; `run.py` asks them all."""

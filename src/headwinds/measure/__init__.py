"""From predictions and gold to an index with its error."""

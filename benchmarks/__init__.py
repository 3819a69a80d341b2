"""Speed, memory and quality beside peers; results are committed beside the code that made them."""

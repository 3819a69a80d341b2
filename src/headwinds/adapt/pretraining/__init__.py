"""From raw text to a checkpoint: tokenizers, text streams, packing, objectives, architectures, the loop, the report."""

"""Speed, memory and quality; a package of its own, as some libraries install one of this name."""

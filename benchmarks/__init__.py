"""Speed, memory and quality, measured; a package of its own, as libraries ship folders of this name."""

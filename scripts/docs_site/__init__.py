"""The site of the pages: what `make docs` builds into site/."""

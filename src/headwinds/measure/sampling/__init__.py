"""Which passages to label next, with what probability each is drawn, and how many labels it takes."""

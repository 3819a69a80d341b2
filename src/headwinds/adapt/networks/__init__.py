"""The networks that tasks are made of: an encoder, a head, and how tokens come together between them."""

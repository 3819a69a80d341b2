"""The digital divide: how unequally a technology is spread over countries, and between which of them."""

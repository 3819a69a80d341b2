"""Sentences that are said in English where they arise, in the language of whoever reads them."""

"""Accounts that add up: sources of growth with several kinds of capital, structural change, Domar aggregation, levels."""

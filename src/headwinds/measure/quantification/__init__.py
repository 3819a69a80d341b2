"""Quantification: shares in cells whose labels were not seen, from error rates or densities learnt on the gold.

All of it assumes prior-probability shift: given the label, predictions are distributed alike in every cell.
"""

"""A design with fewer variables, one more, or its indices dealt to other entities: what checks are made of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.attribution.design import AttributionDesign, Channel, Span


def keep_variables(
    design: AttributionDesign, names: Collection[str], *, channel: Channel | None = None
) -> AttributionDesign:
    """The design with technology (if it has it) and only these headwinds and controls."""
    import numpy as np

    first = int(design.has_technology)
    kept = [place for place, name in enumerate(design.names) if name in names or place < first]
    headwinds = [name for name in design.headwinds if name in names]
    unknown = [name for name in names if name not in design.names]
    if unknown or not headwinds:
        raise SettingsError(
            f"{(unknown or ['none'])[0]!r} is no headwind; there are {', '.join(design.headwinds)}."
        )
    channel = channel or design.channel
    controls = len(kept) - first - len(headwinds)
    correlation = design.error_correlation
    if correlation is not None:
        correlation = correlation[np.ix_(kept, kept)]
    alone = tuple((place,) for place in range(first, first + len(headwinds)))
    through = tuple((0, place) for place in range(first, first + len(headwinds)))
    terms = (
        *(((0,),) if first else ()),
        *(alone if channel != "technology" else ()),
        *(through if channel != "growth" else ()),
        *((place,) for place in range(len(kept) - controls, len(kept))),
    )
    return replace(
        design,
        names=tuple(design.names[place] for place in kept),
        values=design.values[:, kept],
        variance=design.variance[:, kept],
        factor=design.factor[:, kept],
        error_correlation=correlation,
        lags=tuple(design.lags[place] for place in kept),
        terms=terms,
        channel=channel,
        controls=controls,
    )


def with_control(
    design: AttributionDesign, name: str, values: NDArray[np.float64], *, lag: int
) -> AttributionDesign:
    """The design with one more control, known without error."""
    import numpy as np

    rows, variables, factors = design.factor.shape
    correlation = design.error_correlation
    if correlation is not None:
        correlation = np.eye(variables + 1)
        correlation[:variables, :variables] = design.error_correlation
    return replace(
        design,
        names=(*design.names, name),
        values=np.column_stack([design.values, values]),
        variance=np.column_stack([design.variance, np.zeros(rows)]),
        factor=np.concatenate([design.factor, np.zeros((rows, 1, factors))], axis=1),
        error_correlation=correlation,
        lags=(*design.lags, lag),
        terms=(*design.terms, (variables,)),
        controls=design.controls + 1,
    )


def with_spans(design: AttributionDesign, before: Span, after: Span) -> AttributionDesign:
    """The design with other spans; rows outside both are left out, and who is in one span only is found anew."""
    import numpy as np

    moved = replace(design, before=before, after=after)
    count = len(design.entities)
    inside = [
        np.bincount(design.entity[moved.in_span(span)], minlength=count) > 0 for span in (before, after)
    ]
    alone = np.flatnonzero(~(inside[0] & inside[1]))
    return take_rows(
        replace(moved, alone=tuple(design.entities[place] for place in alone)),
        moved.in_span(before) | moved.in_span(after),
    )


def take_rows(design: AttributionDesign, rows: NDArray[np.bool_]) -> AttributionDesign:
    """Some of the rows; codes of entities and clusters stay as they are."""
    return replace(
        design,
        entity=design.entity[rows],
        cluster=design.cluster[rows],
        year=design.year[rows],
        outcome=design.outcome[rows],
        values=design.values[rows],
        variance=design.variance[rows],
        factor=design.factor[rows],
    )


def dealt(
    design: AttributionDesign, variables: Collection[int], generator: np.random.Generator
) -> AttributionDesign:
    """The design with some variables' whole histories dealt to other entities at random, year by year the same deal.

    Each year keeps its values, so that nothing changes but whose they are; a history keeps its persistence. Histories of a
    cluster go together, to one other cluster where that has as many entities, as what moves in common within clusters would
    otherwise seem to be more than chance. Rows whose new owner has no value in that year are left out.
    """
    import numpy as np

    chosen = sorted(variables)
    dealer = _dealer(design, generator)
    position = {
        key: row for row, key in enumerate(zip(design.entity.tolist(), design.year.tolist(), strict=True))
    }
    given = np.array(
        [
            position.get((int(dealer[entity]), year), -1)
            for entity, year in zip(design.entity.tolist(), design.year.tolist(), strict=True)
        ]
    )
    correlation = design.error_correlation
    if correlation is not None:  # what was dealt and what was not are no longer of one cell
        moved = np.isin(np.arange(len(correlation)), chosen)
        correlation = np.where(np.equal.outer(moved, moved), correlation, 0.0)
    blocks = {}
    for name in ("values", "variance", "factor"):
        block = getattr(design, name).copy()
        block[:, chosen] = block[given][:, chosen]
        blocks[name] = block
    return take_rows(replace(design, **blocks, error_correlation=correlation), given >= 0)


def _dealer(design: AttributionDesign, generator: np.random.Generator) -> NDArray[np.int64]:
    """Whose history each entity is dealt: the entities in order of their clusters take those of clusters in random order."""
    import numpy as np

    home = np.zeros(len(design.entities), dtype=np.int64)
    home[design.entity] = design.cluster
    rank = np.empty(design.clusters, dtype=np.int64)
    rank[generator.permutation(design.clusters)] = np.arange(design.clusters)
    found = np.empty(len(home), dtype=np.int64)
    found[np.argsort(home, kind="stable")] = np.argsort(rank[home], kind="stable")
    return found

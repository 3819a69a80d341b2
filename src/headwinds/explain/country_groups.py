"""Groups of countries by ISO 3166-1 alpha-3 code."""

from __future__ import annotations

OECD_38 = (
    *(
        "AUS",
        "AUT",
        "BEL",
        "CAN",
        "CHE",
        "CHL",
        "COL",
        "CRI",
        "CZE",
        "DEU",
        "DNK",
        "ESP",
        "EST",
        "FIN",
        "FRA",
        "GBR",
        "GRC",
    ),
    *(
        "HUN",
        "IRL",
        "ISL",
        "ISR",
        "ITA",
        "JPN",
        "KOR",
        "LTU",
        "LUX",
        "LVA",
        "MEX",
        "NLD",
        "NOR",
        "NZL",
        "POL",
        "PRT",
        "SVK",
    ),
    *("SVN", "SWE", "TUR", "USA"),
)
"""Members of the Organisation for Economic Co-operation and Development as of 2021."""

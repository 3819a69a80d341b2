"""Labels by people: a queue, a page to read on, a database that keeps every change, agreement, import and export.

`headwinds.open_annotation` opens a project; `headwinds.doors.annotating` has what is done with one. The order of the files:
`scheme` and `events` say what an answer is and what stands, `reliability` and `agreement` how far readers agree; none of
them knows a database. `schema`, `database`, `project`, `rounds`, `store` and `chances` keep it; `gold_file`, `label_studio`,
`event_file` and `incoming` take it in and out; `web` shows it.
"""

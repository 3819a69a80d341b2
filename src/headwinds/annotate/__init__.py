"""Labels by people: a queue, a page to read on, a database that keeps every change, agreement, import and export."""

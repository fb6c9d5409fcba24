"""The report: one case for an event, one claim for each plan that answers it."""

"""For Schemathesis: a valid request is answered, or refused for a reason that no JSON schema can say."""

import re

import schemathesis

REASONS = re.compile(
    "yields no token"
    "|tokens, and the checkpoint reads at most"
    "|does not occur in training"
    "|reads one message, of the user"
    "|The last of the messages is the assistant's"
    "|names a label twice"
    "|texts are written for a request"
    "|fit beside a second one"
    "|no word to explain"
    "|has the id of row"
    '|"error": "(panel|graph|index|hidden)[:, ]'  # what the columns, the nodes or the index hold
)


@schemathesis.check
def valid_requests_are_answered(ctx, response, case):
    """In the place of positive_data_acceptance, which knows no reasons."""
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if positive and response.status_code in (400, 406, 413, 415, 422) and not REASONS.search(response.text):
        raise AssertionError(f"{response.status_code}: {response.text[:300]}")

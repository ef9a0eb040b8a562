"""What schemathesis does not know by itself: how a query stands in a body."""

import schemathesis


@schemathesis.serializer("application/sql")
def sql(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode()

"""What tests of tickets share."""


class Nobody:
    """No customers and no calls; tickets that name some are refused."""

    async def customer_exists(self, customer_id: str) -> bool:
        return False

    async def call_exists(self, call_id: str) -> bool:
        return False

"""What tests of tickets share."""

from sqlalchemy.ext.asyncio import AsyncConnection


class Nobody:
    """No customers and no calls; tickets that name some are refused."""

    async def customer_exists(self, customer_id: str) -> bool:
        return False

    async def customer_is_vip(self, tx: AsyncConnection, customer_id: str) -> bool:
        return False

    async def call_exists(self, call_id: str) -> bool:
        return False

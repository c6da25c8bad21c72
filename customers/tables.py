"""Tables of the customers room. Times are epoch seconds, enums their values."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import metadata

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("grade", sa.String(1), nullable=False, server_default="C"),
    sa.Column("vip", sa.Boolean, nullable=False, server_default=sa.false()),
    # NULL where there is none, so that it can be unique.
    sa.Column("account", sa.String(64)),
    sa.Column("language", sa.String(16), nullable=False, server_default=""),
    sa.Column("address", sa.String(500)),
    sa.Column("meter", sa.String(64), nullable=False, server_default=""),
    sa.Column("district", sa.String(128), nullable=False, server_default=""),
    sa.Column("email", sa.String(254), nullable=False, server_default=""),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    # The name as lists sort it, and everything that a search looks through: both folded to one width and case.
    sa.Column("name_key", sa.String(200), nullable=False),
    sa.Column("search_key", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("updated_at", sa.Double, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("account"),
    sa.Index("ix_customers_name_key", "name_key", "id"),
)

customer_phones = sa.Table(
    "customer_phones",
    metadata,
    sa.Column(
        "customer_id", sa.String(40), sa.ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("e164", sa.String(24), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("label", sa.String(64), nullable=False, server_default=""),
    sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.false()),
    # Digits without the country code.
    sa.Column("national", sa.String(24), nullable=False),
    # The last eight digits, last one first, so that the last seven are a prefix of it.
    sa.Column("tail", sa.String(8), nullable=False),
    sa.Index("ix_customer_phones_e164", "e164", "customer_id"),
    sa.Index("ix_customer_phones_national", "national", "customer_id"),
    sa.Index("ix_customer_phones_tail", "tail", "customer_id"),
)

customer_notes = sa.Table(
    "customer_notes",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column(
        "customer_id", sa.String(40), sa.ForeignKey("customers.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Index("ix_customer_notes_customer_id", "customer_id", "at"),
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("account", sa.String(64), primary_key=True),
    # NULL where billing knows an account of which we know no customer.
    sa.Column("customer_id", sa.String(40), sa.ForeignKey("customers.id", ondelete="SET NULL")),
    # Hundredths of the currency; below zero it is owed.
    sa.Column("balance", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("bill", sa.BigInteger),
    sa.Column("due", sa.String(10), nullable=False, server_default=""),
    sa.Column("period", sa.String(7), nullable=False, server_default=""),
    sa.Column("updated_at", sa.Double, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_accounts_customer_id", "customer_id"),
)

account_pins = sa.Table(
    "account_pins",
    metadata,
    # No foreign key: an account may be a customer's or billing's, and a PIN outlives an import of either.
    sa.Column("account", sa.String(64), primary_key=True),
    sa.Column("pin_hash", sa.String(200), nullable=False),
    sa.Column("set_at", sa.Double, nullable=False),
    sa.Column("set_by", sa.String(64), nullable=False),
)

pin_tries = sa.Table(
    "pin_tries",
    metadata,
    # source:NUMBER, call:SESSION or account:ACCOUNT
    sa.Column("key", sa.String(120), primary_key=True),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("last_at", sa.Double, nullable=False),
    sa.Index("ix_pin_tries_last_at", "last_at"),
)

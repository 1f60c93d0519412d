"""What the handler of `quote` does. This file is yours: it is never written again."""

from decimal import Decimal

import pytest

from ..handlers.handler_quote import HandlerQuote
from ..models.model_quote_input import ModelQuoteInput


@pytest.mark.parametrize(
    ("quantity", "discount", "total"),
    [(9, "0.00", "89.91"), (10, "0.00", "99.90"), (11, "5.49", "104.40")],
)
def test_an_order_of_100_or_more_gets_five_per_cent_off(
    quantity: int, discount: str, total: str
) -> None:
    line = {"sku": "tea", "quantity": quantity, "unit_price": "9.99"}
    request = ModelQuoteInput.model_validate({"lines": [line]})

    quote = HandlerQuote().handle(request)

    assert (quote.discount, quote.total) == (Decimal(discount), Decimal(total))

"""What PayPal is sent."""

from payments.gateways.base import Order
from payments.gateways.money import to_text


def order_request(order: Order, return_url: str, cancel_url: str) -> dict[str, object]:
    return {
        "intent": "CAPTURE",
        "purchase_units": [
            {
                "reference_id": order.our_id,
                "custom_id": order.our_id,
                "invoice_id": f"{order.invoice_number or 'INV'}-{order.our_id}"[:127],
                "description": (order.description or "Payment")[:127],
                "amount": _amount(order.amount, order.currency),
            }
        ],
        "payment_source": {
            "paypal": {
                "experience_context": {
                    **({"brand_name": order.merchant[:127]} if order.merchant else {}),
                    "user_action": "PAY_NOW",
                    "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
                    "shipping_preference": "NO_SHIPPING",
                    "landing_page": "NO_PREFERENCE",
                    "return_url": return_url,
                    "cancel_url": cancel_url,
                }
            }
        },
    }


def refund_request(amount: int, currency: str, request_id: str) -> dict[str, object]:
    """Always with its amount: without one PayPal gives back all that is left."""
    return {"amount": _amount(amount, currency), "invoice_id": request_id, "custom_id": request_id}


def _amount(amount: int, currency: str) -> dict[str, str]:
    return {"currency_code": currency, "value": to_text(amount, currency)}

"""Exports of shops' systems, made after their documented headers; names and addresses are invented."""

SHOPIFY_HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,"
    "Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,"
    "Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,Billing Name,"
    "Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City,Billing Zip,"
    "Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,Shipping Address1,"
    "Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,Shipping Country,"
    "Shipping Phone,Notes,Note Attributes,Cancelled at,Payment Method,Payment Reference,"
    "Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source,"
    "Lineitem discount,Tax 1 Name,Tax 1 Value,Phone,Receipt Number,Duties"
)
SHOPIFY = [
    {
        "Name": "#1001",
        "Email": "ada@example.com",
        "Financial Status": "paid",
        "Currency": "USD",
        "Subtotal": "47.00",
        "Discount Code": "FALL5",
        "Discount Amount": "5.00",
        "Source": "web",
        "Created at": "2024-09-03 10:14:00 -0400",
        "Shipping Country": "US",
        "Billing Country": "US",
        "Lineitem quantity": "2",
        "Lineitem name": "Fern Print",
        "Lineitem price": "16.00",
        "Lineitem sku": "FERN-1",
        "Notes": '"leave at the\ndoor, please"',
    },
    {
        "Name": "#1001",
        "Email": "ada@example.com",
        "Created at": "2024-09-03 10:14:00 -0400",
        "Lineitem quantity": "1",
        "Lineitem name": "Tote Bag",
        "Lineitem price": "20.00",
    },
    {
        "Name": "#1002",
        "Email": "bo@example.com",
        "Financial Status": "refunded",
        "Currency": "USD",
        "Subtotal": "25.00",
        "Discount Amount": "0.00",
        "Source": "pos",
        "Shipping Country": "NA",
        "Created at": "2024-09-10 09:00:00 -0400",
        "Lineitem quantity": "1",
        "Lineitem name": "Mug",
        "Lineitem price": "25.00",
        "Lineitem sku": "MUG-1",
    },
    {
        "Name": "#1003",
        "Financial Status": "pending",
        "Currency": "USD",
        "Subtotal": "9.99",
        "Source": "580111",
        "Created at": "2024-09-11 23:30:00 -0400",
        "Cancelled at": "2024-09-12 08:00:00 -0400",
        "Lineitem quantity": "3",
        "Lineitem name": "Card",
        "Lineitem price": "3.33",
        "Lineitem sku": "CARD",
    },
]
SHOPIFY_SUBTOTALS = "81.99"  # 47.00 + 25.00 + 9.99

WOOCOMMERCE_HEADER = (
    "order_id,order_number,order_date,status,shipping_total,shipping_tax_total,fee_total,fee_tax_total,"
    "tax_total,cart_discount,order_discount,discount_total,order_total,refunded_total,order_currency,"
    "payment_method,shipping_method,customer_id,billing_first_name,billing_last_name,billing_company,"
    "billing_email,billing_phone,billing_address_1,billing_address_2,billing_postcode,billing_city,"
    "billing_state,billing_country,shipping_first_name,shipping_last_name,shipping_address_1,"
    "shipping_address_2,shipping_postcode,shipping_city,shipping_state,shipping_country,"
    "shipping_company,customer_note,item_id,item_product_id,item_name,item_sku,item_quantity,"
    "item_subtotal,item_subtotal_tax,item_total,item_total_tax,item_refunded,item_refunded_qty,"
    "item_meta,shipping_items,fee_items,tax_items,coupon_items,order_notes,download_permissions_granted"
)
WOOCOMMERCE = [
    {
        "order_id": "501",
        "order_number": "501",
        "order_date": "2024-04-02 09:15:00",
        "status": "completed",
        "order_currency": "EUR",
        "customer_id": "12",
        "billing_country": "DE",
        "shipping_country": "AT",
        "item_product_id": "77",
        "item_name": "Tea",
        "item_sku": "TEA",
        "item_quantity": "3",
        "item_subtotal": "12.00",
        "item_total": "10.00",
        "coupon_items": "code:SPRING|amount:2.00",
    },
    {
        "order_id": "501",
        "order_number": "501",
        "order_date": "2024-04-02 09:15:00",
        "status": "completed",
        "order_currency": "EUR",
        "customer_id": "12",
        "billing_country": "DE",
        "shipping_country": "AT",
        "item_product_id": "78",
        "item_name": "Cup",
        "item_quantity": "1",
        "item_total": "7.5",
    },
    {
        "order_id": "502",
        "order_number": "502",
        "order_date": "2024-04-03 20:00:00",
        "status": "on-hold",
        "order_currency": "EUR",
        "customer_id": "0",
        "billing_email": "bo@example.com",
        "billing_country": "NA",
        "item_product_id": "77",
        "item_name": "Tea",
        "item_sku": "TEA",
        "item_quantity": "2",
        "item_total": "8.00",
    },
]
WOOCOMMERCE_TOTALS = "25.5"

KAGGLE = """\
ORDERNUMBER,QUANTITYORDERED,PRICEEACH,ORDERLINENUMBER,SALES,ORDERDATE,STATUS,QTR_ID,MONTH_ID,YEAR_ID,PRODUCTLINE,MSRP,\
PRODUCTCODE,CUSTOMERNAME,PHONE,ADDRESSLINE1,ADDRESSLINE2,CITY,STATE,POSTALCODE,COUNTRY,TERRITORY,CONTACTLASTNAME,\
CONTACTFIRSTNAME,DEALSIZE
20107,30,95.7,2,2871,2/24/2013 0:00,Shipped,1,2,2013,Toys,95,X10,Toy Island Inc.,5,1 Road,,,NY,1,USA,NA,A,B,S
20121,34,81.35,5,2765.9,5/7/2013 0:00,Cancelled,2,5,2013,Toys,95,X10,Caf\u00e9,5,2 rue,,,,2,France,EMEA,C,D,S
20159,49,100,14,5205.27,10/10/2013 0:00,In Process,4,10,2013,Toys,95,X10,Mini,5,3 St,,,,3,USA,NA,E,F,M
20159,49,100,14,5205.27,10/10/2013 0:00,In Process,4,10,2013,Toys,95,X10,Mini,5,3 St,,,,3,USA,NA,E,F,M
"""
KAGGLE_SALES = "16047.44"

RETAIL_II = """\
Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country
489434,85048,"15CM CHRISTMAS GLASS BALL 20 LIGHTS",12,2010-12-01 07:45:00,6.95,13085.0,United Kingdom
489434,79323P,"PINK CHERRY LIGHTS",12,2010-12-01 07:45:00,6.75,13085.0,United Kingdom
C489449,22087,PAPER BUNTING WHITE LACE,-12,2010-12-01 10:33:00,2.95,16321.0,Australia
489521,21646,,-50,2010-12-01 11:44:00,0.0,,United Kingdom
"""
RETAIL_II_AMOUNT = "129"

OWN = """\
order_id;order_ts;product_id;quantity;unit_price;country;currency;status;customer_id
A-1;2024-03-05T10:00:00Z;TEA;2;3,50;France;EUR;SHIPPED;7
A-2;2024-03-05T11:00:00Z;CUP;1;12,00;Spain;EUR;RETURNED;
"""
OWN_AMOUNT = "19"


def table(header: str, rows: list[dict[str, str]]) -> str:
    """A CSV with that header; fields that a row does not have are blank."""
    names = header.split(",")
    assert all(name in names for row in rows for name in row)
    return "\n".join([header, *(",".join(row.get(name, "") for name in names) for row in rows)]) + "\n"


EXPORTS = {
    "shopify": (table(SHOPIFY_HEADER, SHOPIFY), SHOPIFY_SUBTOTALS),
    "woocommerce": (table(WOOCOMMERCE_HEADER, WOOCOMMERCE), WOOCOMMERCE_TOTALS),
    "kaggle-sales": (KAGGLE, KAGGLE_SALES),
    "online-retail": (RETAIL_II, RETAIL_II_AMOUNT),
    "own-columns": (OWN, OWN_AMOUNT),
}
"""Files by the profile that reads them, each with the sum of its amounts as the file itself has it."""

"""What a stack costs: list prices, a month's figures, the bill; and which quota binds at which rate."""

"""What stands on a page: kinds of sheets, fields with value, confidence and box. Reading machines and hands fill the same fields."""

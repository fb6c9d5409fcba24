"""What a computation says: worksheet for the reviewer, sentences for the member, reasons why not."""

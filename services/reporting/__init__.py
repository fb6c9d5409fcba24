"""What is read: answers, views of claims, public progress. Queries only; nothing here changes a row."""

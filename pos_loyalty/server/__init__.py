"""The central server: takes what tills send, keeps the books, gives out what changed."""

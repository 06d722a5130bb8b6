"""Messages shared by till and server: values and bytes, no sockets."""

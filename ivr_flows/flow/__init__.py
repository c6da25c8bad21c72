"""What a flow file says, whether it makes sense, and how it is drawn. Pure."""

"""How well Loa understands: labelled questions in, measures with goals out. Pure scoring apart from reading and writing files."""

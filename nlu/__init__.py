"""Rasa's side of Loa: understanding what a resident wants and keeping the dialogue. Runs on Python 3.10."""

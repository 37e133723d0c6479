"""Grading: a submission's answers are replayed in a lab of their own, and what they changed is judged in the teacher's."""

__all__: list[str] = []

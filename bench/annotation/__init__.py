"""Joints that a trained model marks on a data set whose annotators do not."""
